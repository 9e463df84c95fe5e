"""Roles, grants, and the whole authorization matrix."""

from __future__ import annotations

import pytest

from indelible.access import Grant, Permission, Principal, Role
from indelible.access.restriction import check_restriction, parse_restriction
from indelible.errors import Forbidden, QueryError, UsageError
from indelible.query.ast import Everything, Not
from indelible.query.formula import any_of

MATRIX = {
    Role.WRITER: {Permission.DESCRIBE, Permission.APPEND},
    Role.READER: {Permission.DESCRIBE, Permission.READ, Permission.READ_ALL},
    Role.AUDITOR: {Permission.DESCRIBE, Permission.READ, Permission.READ_ALL, Permission.PROVE, Permission.EXPORT},
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
    assert Grant.parse("reader:main  tenant:a -tag:b ") == Grant(Role.READER, "main", "tenant:a -tag:b")
    assert Grant.parse("reader:main tenant:a").text == "reader:main tenant:a"
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


@pytest.mark.parametrize("permission", list(Permission))
def test_restricted_reader_may_read_and_nothing_that_shows_the_rest(permission: Permission) -> None:
    """Single records and what the log is; no tiles, no proofs; nothing of the system's logs."""
    allowed = permission in {Permission.DESCRIBE, Permission.READ}
    assert Grant.parse("reader:* tenant:acme").allows(permission, "main") is allowed
    assert not Grant.parse("reader:* tenant:acme").allows(permission, "_system")


def test_visible_is_what_any_grant_shows() -> None:
    """One unrestricted grant shows everything; several restrictions add up; a grant on another log shows nothing."""
    acme, evil = parse_restriction("tenant:acme"), parse_restriction("tenant:evil")
    assert principal("reader:main tenant:acme").visible("main") == acme
    assert principal("reader:main tenant:acme", "reader:* tenant:evil").visible("main") == any_of([acme, evil])
    for wide in ("reader:main", "auditor:*", "admin:*"):
        assert principal("reader:main tenant:acme", wide).visible("main") == Everything()
    for none in (principal("writer:main"), principal("reader:other"), principal()):
        assert none.visible("main") == Not(Everything())


def test_visible_refuses_what_it_cannot_read() -> None:
    """A restriction that is no query shows nothing at all, rather than everything."""
    with pytest.raises(QueryError):
        principal("reader:main tenant:(").visible("main")


@pytest.mark.parametrize("grant", ["writer:main tenant:acme", "auditor:main tenant:acme", "admin:* tenant:acme"])
def test_grant_restricts_readers_only(grant: str) -> None:
    """An auditor who sees a part could prove nothing."""
    with pytest.raises(UsageError, match="readers only"):
        Grant.parse(grant)


@pytest.mark.parametrize("text", ["", "  ", "occurred:>24h", "since:today", "tenant:a until:1h"])
def test_check_restriction_refuses_nothing_and_moving_targets(text: str) -> None:
    """What a reader may see must not depend on when it is asked."""
    with pytest.raises(UsageError):
        check_restriction(text)


@pytest.mark.parametrize("text", ["tenant:acme", "since:2026-01-31 tenant:acme", "(tenant:a OR tenant:b) -tag:secret"])
def test_check_restriction_takes_what_means_the_same_tomorrow(text: str) -> None:
    """Dates are as good as names."""
    check_restriction(text)
