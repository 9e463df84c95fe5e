"""Roles, grants, and the whole authorization matrix."""

from __future__ import annotations

import pytest

from indelible.access import Grant, Permission, Principal, Role
from indelible.errors import Forbidden, UsageError

MATRIX = {
    Role.WRITER: {Permission.DESCRIBE, Permission.APPEND},
    Role.READER: {Permission.DESCRIBE, Permission.READ},
    Role.AUDITOR: {Permission.DESCRIBE, Permission.READ, Permission.PROVE},
    Role.ADMIN: set(Permission),
}


def principal(*grants: str) -> Principal:
    return Principal(id="api-key:x", name="x", grants=tuple(Grant.parse(grant) for grant in grants))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
def test_role_allows_exactly_its_row(role: Role, permission: Permission) -> None:
    """Every cell of the matrix: above all, a writer cannot read and a reader cannot write."""
    allowed = permission in MATRIX[role]
    assert Grant(role, "main").allows(permission, "main") is allowed
    assert not Grant(role, "main").allows(permission, "other")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
def test_role_on_a_system_log(role: Role, permission: Permission) -> None:
    """The system's logs are for auditors and admins to read, however wide the grant, and for nobody to append to."""
    expected = role in {Role.AUDITOR, Role.ADMIN} and permission is not Permission.APPEND
    expected = expected and permission in MATRIX[role]
    for pattern in ("*", "_system", "_*"):
        assert Grant(role, pattern).allows(permission, "_system") is expected


@pytest.mark.parametrize(
    ("pattern", "log", "covered"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("main", "mai", False),
        ("team-a-*", "team-a-orders", True),
        ("team-a-*", "team-a-", True),
        ("team-a-*", "team-b-orders", False),
        ("*", "anything", True),
        ("a.c", "abc", False),
        ("team-*", "team-a-*", True),
        ("team-a-*", "team-*", False),
        ("*", "*", True),
        ("main", "main*", False),
    ],
)
def test_grant_covers(pattern: str, log: str, covered: bool) -> None:
    """A star stands for any ending, and only there; no other character is special."""
    assert Grant(Role.ADMIN, pattern).covers(log) is covered


@pytest.mark.parametrize("pattern", ["", "**", "*a", "a*b", "A", "a b", "a/b", "../a", "a\n", "-a", ".a", "a" * 64])
def test_grant_refuses_what_cannot_name_a_log(pattern: str) -> None:
    """A grant on something that can never exist is a mistake, and said at once."""
    with pytest.raises(UsageError, match="team-a"):
        Grant(Role.READER, pattern)


@pytest.mark.parametrize("text", ["", "writer", "main:writer", "owner:main", "writer:", "Writer:main", "writer:main:x"])
def test_grant_parse_refuses_with_the_form(text: str) -> None:
    """The error shows what to write instead."""
    with pytest.raises(UsageError, match="main"):
        Grant.parse(text)


def test_grant_text_is_what_parse_reads() -> None:
    """The two are inverse."""
    assert Grant.parse("writer:team-a-*") == Grant(Role.WRITER, "team-a-*")
    assert Grant.parse("writer:team-a-*").text == "writer:team-a-*"


def test_principal_require_says_what_is_missing() -> None:
    """The refusal names the role and the log, and is the same whether or not that log exists."""
    with pytest.raises(Forbidden, match=r"role reader, auditor or admin on the log 'other'"):
        principal("writer:main").require(Permission.READ, "other")
    principal("writer:main", "reader:other").require(Permission.READ, "other")


def test_principal_cannot_append_to_a_system_log() -> None:
    """Not even an admin: the text says why."""
    with pytest.raises(Forbidden, match="the server alone writes"):
        principal("admin:*").require(Permission.APPEND, "_system")


def test_principal_administers_what_its_patterns_cover() -> None:
    """An admin of one team may give roles within it, and none beyond it."""
    team = principal("admin:team-a-*", "writer:*")
    team.require_administration(["team-a-x", "team-a-*"])
    for beyond in ("team-*", "*", "main"):
        with pytest.raises(Forbidden, match="role admin"):
            team.require_administration(["team-a-x", beyond])
