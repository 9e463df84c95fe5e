"""What an action says: the call in its system's own words, and whether it manages an identity."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.events.exports.activity import Call, EntityKind, called, managed_entity


def record(action: str, *, format: str | None = None, **fields: Any) -> dict[str, Any]:  # noqa: A002  its name
    return {"action": action, **({"upstream": {"format": format}} if format else {}), **fields}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            record("aws.iam.CreateUser", format="aws.cloudtrail", raw={"eventSource": "iam.amazonaws.com"}),
            Call(service="iam.amazonaws.com", operation="CreateUser", noun="user"),
        ),
        # An import that was too large lost its original, and with it the service's full name.
        (
            record("aws.iam.CreateUser", format="aws.cloudtrail"),
            Call(service="iam", operation="CreateUser", noun="user"),
        ),
        (
            record(
                "k8s.rbac.authorization.k8s.io.roles.create",
                format="k8s.audit",
                targets=[{"type": "roles", "attributes": {"api_group": "rbac.authorization.k8s.io"}}],
            ),
            Call(service="kubernetes", operation="create", noun="roles", group="rbac.authorization.k8s.io"),
        ),
        (
            record("k8s.nonresource.get", format="k8s.audit"),
            Call(service="kubernetes", operation="get", noun="nonresource"),
        ),
        (
            record("github.deploy_key.created", format="github.webhook"),
            Call(service="github", operation="deploy_key.created", noun="deploy_key"),
        ),
        (
            record("admin.User.delete", context={"service": "billing"}),
            Call(service="billing", operation="admin.User.delete", noun="user"),
        ),
        (record("login"), Call(service=None, operation="login", noun="")),
    ],
)
def test_called_takes_an_action_apart(given: dict[str, Any], expected: Call) -> None:
    """Imported actions become what the system calls them; others stay whole."""
    assert called(given) == expected


@pytest.mark.parametrize(
    ("action", "operation", "targets", "expected"),
    [
        ("user.create", "create", ["user"], (EntityKind.USER, 0)),
        ("user.create", "create", ["org", "app.user"], (EntityKind.USER, 1)),
        ("team.update", "update", ["team"], (EntityKind.GROUP, 0)),
        ("organization.read", "read", ["organization"], (EntityKind.ORGANIZATION, 0)),
        ("policy.delete", "delete", ["policy"], (EntityKind.POLICY, 0)),
        ("device.create", "create", ["device"], (EntityKind.DEVICE, 0)),
        ("api_key.create", "create", ["api_key"], (EntityKind.OTHER, 0)),
        ("user.create", "approve", ["user"], None),
        ("user.create", None, ["user"], None),
        ("user.create", "create", [], None),
        ("user.create", "create", ["group"], None),
        ("user.password.create", "create", ["user"], None),
        ("invoice.create", "create", ["invoice"], None),
    ],
)
def test_managed_entity_is_what_the_noun_names(
    action: str, operation: str | None, targets: list[str], expected: tuple[EntityKind, int] | None
) -> None:
    """Action, operation and target must all say so."""
    given = record(action, operation=operation, targets=[{"type": kind, "id": "1"} for kind in targets])
    found = managed_entity(given, called(given))
    assert (None if found is None else (found.kind, found.place)) == expected


@pytest.mark.parametrize(
    ("name", "kinds", "managed"),
    [
        ("DeleteUser", ["iam.user"], True),
        ("DeleteRole", ["iam.role"], True),
        ("DeleteAccessKey", ["iam.user", "iam.accesskey"], True),
        ("CreateAccessKey", ["iam.user"], False),
        ("DeleteRolePolicy", ["iam.role", "iam.policy"], False),
        ("RemoveRoleFromInstanceProfile", ["iam.role", "iam.instanceprofile"], False),
        ("DeleteLoginProfile", ["iam.user"], False),
    ],
)
def test_managed_entity_of_aws_is_the_noun_after_the_verb(name: str, kinds: list[str], *, managed: bool) -> None:
    """A false alarm about a deleted role would be worse than a plain API call."""
    given = record(
        f"aws.iam.{name}",
        format="aws.cloudtrail",
        operation="create" if name.startswith("Create") else "delete",
        targets=[{"type": kind, "id": "1"} for kind in kinds],
    )
    assert (managed_entity(given, called(given)) is not None) == managed
