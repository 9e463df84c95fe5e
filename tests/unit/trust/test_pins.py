"""What a user remembers about logs: kept apart by origin, replaced whole, never moved on silently."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indelible.errors import Damaged, FormatError, RolledBack, UsageError
from indelible.trust.pins import Pins, state_directory
from indelible.trust.signer import generate_log_keys

ORIGIN = "audit.example.com/main"
VKEYS = generate_log_keys(ORIGIN).vkeys
OTHERS = generate_log_keys(ORIGIN).vkeys


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    return Pins(tmp_path / "state")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"INDELIBLE_STATE": "/a", "XDG_STATE_HOME": "/b"}, Path("/a")),
        ({"XDG_STATE_HOME": "/b"}, Path("/b/indelible")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/indelible"),
        ({"INDELIBLE_STATE": ""}, Path.home() / ".local/state/indelible"),
    ],
)
def test_state_directory_is_where_the_user_says(environment: dict[str, str], expected: Path) -> None:
    """Our own variable, then that of XDG when it is absolute, then the default."""
    assert state_directory(environment) == expected
    assert Pins.load(environment).state == expected


def test_pins_know_nothing_of_a_log_never_met(pins: Pins) -> None:
    """Nothing is made up, and nothing is written by asking."""
    assert pins.find(ORIGIN) is None
    assert pins.recall(ORIGIN) is None
    assert not pins.state.exists()


def test_pins_remember_keys_by_origin(pins: Pins) -> None:
    """Keys are pinned for one origin, in private files."""
    pins.pin(ORIGIN, VKEYS)
    pin = pins.find(ORIGIN)
    assert pin is not None
    assert (pin.origin, pin.vkeys, pin.checkpoint) == (ORIGIN, VKEYS, None)
    assert pins.find("audit.example.com/other") is None
    folder = pins.folder(ORIGIN)
    assert folder.name == hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_pins_do_not_replace_keys_silently(pins: Pins) -> None:
    """Other keys for a known origin are an alarm, unless the user says that they replace the old ones."""
    pins.pin(ORIGIN, VKEYS)
    pins.pin(ORIGIN, tuple(reversed(VKEYS)))
    with pytest.raises(UsageError, match="other keys are pinned"):
        pins.pin(ORIGIN, OTHERS)
    assert set(pins.find(ORIGIN).vkeys) == set(VKEYS)  # type: ignore[union-attr]
    pins.pin(ORIGIN, OTHERS, replace=True)
    assert pins.find(ORIGIN).vkeys == OTHERS  # type: ignore[union-attr]


def test_pins_take_only_keys(pins: Pins) -> None:
    """What is no verifier key is not pinned, and neither is nothing."""
    with pytest.raises(FormatError):
        pins.pin(ORIGIN, ["nonsense"])
    with pytest.raises(UsageError):
        pins.pin(ORIGIN, [])
    assert pins.find(ORIGIN) is None


@pytest.mark.parametrize("content", [b"nonsense\n", b"\xff\n", VKEYS[0].encode(), b"x" * 300_000])
def test_pins_that_are_damaged_are_said_to_be(pins: Pins, content: bytes) -> None:
    """Keys that cannot be read are an error, never a first meeting."""
    pins.pin(ORIGIN, VKEYS)
    (pins.folder(ORIGIN) / "vkeys").write_bytes(content)
    with pytest.raises(Damaged, match="vkeys"):
        pins.find(ORIGIN)


def test_pins_remember_the_last_checkpoint(pins: Pins) -> None:
    """A checkpoint follows the one that it was proven consistent with."""
    pins.pin(ORIGIN, VKEYS)
    pins.remember(ORIGIN, b"one", after=None)
    assert pins.recall(ORIGIN) == b"one"
    pins.remember(ORIGIN, b"two", after=b"one")
    pin = pins.find(ORIGIN)
    assert pin is not None
    assert pin.checkpoint == b"two"


def test_pins_do_not_forget_what_another_verifier_has_seen(pins: Pins) -> None:
    """A checkpoint proven against another one than is remembered by now is refused."""
    pins.remember(ORIGIN, b"one", after=None)
    for after in (None, b"zero"):
        with pytest.raises(RolledBack, match="verify again"):
            pins.remember(ORIGIN, b"two", after=after)
    assert pins.recall(ORIGIN) == b"one"


def test_pins_let_one_of_many_verifiers_move_on(pins: Pins) -> None:
    """Of several that come from the same checkpoint at once, exactly one succeeds."""
    pins.remember(ORIGIN, b"start", after=None)

    def move_on(number: int) -> bool:
        try:
            pins.remember(ORIGIN, str(number).encode(), after=b"start")
        except RolledBack:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(move_on, range(32))) == 1


def test_pins_keep_both_sides_of_a_contradiction(pins: Pins) -> None:
    """Evidence is numbered and never overwritten, and the same evidence is kept once."""
    first = pins.keep_evidence(ORIGIN, remembered=b"old", offered=b"new", reason="rolled back")
    second = pins.keep_evidence(ORIGIN, remembered=b"old", offered=b"other", reason="rewritten")
    assert first != second
    assert pins.keep_evidence(ORIGIN, remembered=b"old", offered=b"new", reason="again") == first
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        "remembered": b"old",
        "offered": b"new",
        "reason": b"rolled back\n",
    }
    assert (second / "offered").read_bytes() == b"other"
