"""Exit statuses and one-line errors."""

from __future__ import annotations

import pytest

from indelible import errors
from indelible.cli.failure import FOUND, UNFINISHED, WRONG_USE, explain, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("x"), WRONG_USE),
        (errors.InvalidEvent([errors.Place("/a", "x")]), WRONG_USE),
        (errors.Forbidden("x"), WRONG_USE),
        (errors.ConfigurationError("x"), WRONG_USE),
        (errors.Locked("x", holder="y"), WRONG_USE),
        (errors.Unavailable("x"), UNFINISHED),
        (errors.StorageFull("x"), UNFINISHED),
        (errors.PeerError("x"), UNFINISHED),
        (errors.InternalError("x"), UNFINISHED),
        (OSError(13, "Permission denied", "file"), UNFINISHED),
        (ValueError("x"), UNFINISHED),
        (errors.Damaged("x", path="p", remedy="r"), FOUND),
        (errors.ProofError("x"), FOUND),
        (errors.SignatureError("x"), FOUND),
        (errors.RolledBack("x"), FOUND),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_status_of_tells_use_damage_and_trouble_apart(error: Exception, status: int) -> None:
    """1 is kept for tampering and failed checks, 2 for what will fail again, 3 for what may pass."""
    assert status_of(error) == status


def test_every_error_has_a_status() -> None:
    """No branch of the error tree is forgotten: each ends in 1, 2 or 3."""
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert status_of(kind.__new__(kind)) in (FOUND, WRONG_USE, UNFINISHED)


def test_explain_lists_every_place() -> None:
    """One thing that is wrong is a sentence; several are a list."""
    one = errors.InvalidEvent([errors.Place("/actor", "is missing")])
    assert "\n" not in explain(one)
    many = errors.InvalidEvent([errors.Place(f"/{number}", "wrong") for number in range(5)])
    assert explain(many).splitlines()[1:] == [f"  /{number}: wrong" for number in range(5)]


def test_explain_names_the_file_of_a_system_error() -> None:
    """The system's words, with the file that they are about."""
    assert explain(OSError(13, "Permission denied", "secret.key")) == "secret.key: Permission denied"
    assert "report it" in explain(ZeroDivisionError("x"))


def test_explain_says_how_a_command_is_given_its_key() -> None:
    """A server speaks of headers, which nobody types here."""
    assert explain(errors.Unauthenticated("a key is needed")).endswith("--api-key-file FILE or in INDELIBLE_API_KEY")
