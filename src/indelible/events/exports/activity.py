"""What a record's action says beyond its text: the call that was made, and the account or the like that it manages.

OCSF and ECS both ask. Nothing here guesses from a target alone: ``iam.CreateAccessKey`` names a user as its target and
creates no user, so an entity counts as managed only when the action's own noun names its kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from indelible.events.foreign import cloudtrail, github, kubernetes
from indelible.events.foreign.dig import dig_list, dig_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.events.json_values import Json

__all__ = ["Call", "EntityKind", "ManagedEntity", "called", "managed_entity", "source_format"]


class EntityKind(Enum):
    """What identity management manages."""

    DEVICE = "Device"
    USER = "User"
    GROUP = "Group"
    ORGANIZATION = "Organization"
    POLICY = "Policy"
    OTHER = "Other"
    """Roles, bindings, keys, tokens."""


_NOUNS = {
    EntityKind.DEVICE: "device devices",
    EntityKind.USER: "account accounts serviceaccount serviceaccounts service_account user users",
    EntityKind.GROUP: "group groups team teams",
    EntityKind.ORGANIZATION: "organization organizations",
    EntityKind.POLICY: "policy policies",
    EntityKind.OTHER: "accesskey access_key api_key apikey clusterrole clusterroles clusterrolebinding "
    "clusterrolebindings credential credentials deploy_key gpg_key grant key permission role roles rolebinding "
    "rolebindings ssh_key token",
}
_KIND_OF: Mapping[str, EntityKind] = {noun: kind for kind, nouns in _NOUNS.items() for noun in nouns.split()}
_MANAGING = frozenset({"create", "read", "update", "delete"})
_VERB = re.compile(r"[A-Z][a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call in its system's own words: ``CreateUser`` of ``iam.amazonaws.com``.

    ``group`` is the API group that Kubernetes sorts its resources into; ``noun`` is what is called upon, in lower case.
    """

    service: str | None
    operation: str
    noun: str
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedEntity:
    """An account, group, policy or the like; ``place`` is its target's place among the record's targets."""

    kind: EntityKind
    target: dict[str, Json]
    place: int


def source_format(record: dict[str, Json]) -> str | None:
    """The format that an imported record came in, such as ``aws.cloudtrail``."""
    return dig_text(record, "upstream", "format")


def called(record: dict[str, Json]) -> Call:
    """The call that a record's ``action`` stands for, taken apart where the importer has put it together."""
    action = dig_text(record, "action") or ""
    head, _, verb = action.rpartition(".")
    noun = head.rpartition(".")[2].lower()
    match source_format(record):
        case cloudtrail.FORMAT:
            service = dig_text(record, "raw", "eventSource") or head.removeprefix("aws.") or None
            return Call(service=service, operation=verb, noun=_VERB.sub("", verb, count=1).lower())
        case kubernetes.FORMAT:
            group = next((dig_text(each, "attributes", "api_group") for each in dig_list(record, "targets")), None)
            return Call(service="kubernetes", operation=verb, noun=noun, group=group)
        case github.FORMAT:
            return Call(service="github", operation=action.removeprefix("github."), noun=noun)
        case _:
            return Call(service=dig_text(record, "context", "service"), operation=action, noun=noun)


def managed_entity(record: dict[str, Json], call: Call) -> ManagedEntity | None:
    """The first target that is an entity of the kind that the call's noun names, and is made, read, changed, deleted.

    ``user.create`` on ``user:9`` is one, ``k8s.core.serviceaccounts.delete``, ``aws.iam.DeleteRole`` too;
    ``aws.iam.DeleteRolePolicy`` is not, of whatever kind its targets are.
    """
    kind = _KIND_OF.get(call.noun)
    if kind is None or dig_text(record, "operation") not in _MANAGING:
        return None
    for place, target in enumerate(dig_list(record, "targets")):
        if isinstance(target, dict) and (dig_text(target, "type") or "").rpartition(".")[2].lower() == call.noun:
            return ManagedEntity(kind=kind, target=target, place=place)
    return None
