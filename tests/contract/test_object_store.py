"""What every object store does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, FormatError, InternalError, NotFound
from tests.contract.states import state

if TYPE_CHECKING:
    from tests.contract.backends import AnyStores, Backend

OBJECTS = [
    ("tile/0/000", b"full" * 2_048),
    ("tile/0/001.p/5", b"partial"),
    ("tile/1/000.p/1", b""),
    ("tile/63/000", b"top"),
    ("tile/entries/000", b"\x00\x01a"),
    ("tile/entries/x001/x234/067", b"deep"),
    ("tile/entries/x001/x234/067.p/255", b"deep and partial"),
]


def test_object_store_gives_back_what_was_put(stores: AnyStores) -> None:
    """Every object comes back under its path, byte for byte, and is listed once."""
    stores.objects.put(OBJECTS)
    for path, data in OBJECTS:
        assert stores.objects.get(path) == data
    assert sorted(stores.objects.list("")) == sorted(path for path, _ in OBJECTS)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("tile/0/", ["tile/0/000", "tile/0/001.p/5"]),
        ("tile/0/001.p/", ["tile/0/001.p/5"]),
        ("tile/0/00", ["tile/0/000", "tile/0/001.p/5"]),
        ("tile/entries/x001/x234/067.p/", ["tile/entries/x001/x234/067.p/255"]),
        ("tile/e", ["tile/entries/000", "tile/entries/x001/x234/067", "tile/entries/x001/x234/067.p/255"]),
        ("tile/2/", []),
        ("checkpoint", ["checkpoint"]),
        ("../", []),
        ("/", []),
    ],
)
def test_object_store_lists_by_prefix(stores: AnyStores, prefix: str, expected: list[str]) -> None:
    """A prefix is text, not a folder; it never leads out."""
    stores.objects.put(OBJECTS)
    stores.objects.publish(b"checkpoint")
    assert sorted(stores.objects.list(prefix)) == expected


def test_object_store_says_what_is_not_there(stores: AnyStores) -> None:
    """An object that was never put is not found, beside one that was, too."""
    stores.objects.put([("tile/0/000", b"here")])
    for path in ("checkpoint", "tile/0/001", "tile/0/000.p/1", "tile/entries/000"):
        with pytest.raises(NotFound):
            stores.objects.get(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "..",
        "tile/../checkpoint",
        "/etc/passwd",
        "checkpoint/",
        "checkpoint\n",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x1/000",
        "tile/0/000.p",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000\x00",
        "tile/0/\u0660\u0660\u0660",
        "tile/Entries/000",
        "TILE/0/000",
    ],
)
def test_object_store_refuses_other_paths(stores: AnyStores, path: str) -> None:
    """One spelling a path, and none that leads elsewhere."""
    with pytest.raises(FormatError):
        stores.objects.get(path)
    with pytest.raises(FormatError):
        stores.objects.put([("tile/0/000", b"good"), (path, b"bad")])
    assert list(stores.objects.list("")) == []


def test_object_store_puts_no_checkpoint(stores: AnyStores) -> None:
    """The one mutable object has its own way in."""
    with pytest.raises(FormatError):
        stores.objects.put([("checkpoint", b"forged")])


def test_object_store_leaves_equal_bytes_alone(stores: AnyStores) -> None:
    """Putting the same again, alone or among others, is no error."""
    stores.objects.put(OBJECTS[:3])
    stores.objects.put(OBJECTS)
    stores.objects.put(OBJECTS, replace=True)
    for path, data in OBJECTS:
        assert stores.objects.get(path) == data


def test_object_store_never_overwrites_other_bytes(stores: AnyStores) -> None:
    """Other bytes under a path are damage, and what is there stays."""
    stores.objects.put(OBJECTS)
    for path, data in OBJECTS:
        with pytest.raises(Damaged) as caught:
            stores.objects.put([(path, data + b"x")])
        assert path in str(caught.value)
        assert stores.objects.get(path) == data


def test_object_store_replaces_when_recovery_asks(stores: AnyStores) -> None:
    """Only with ``replace``, which is for what lies above the last checkpoint state."""
    stores.objects.put(OBJECTS)
    stores.objects.put([(path, data + b"x") for path, data in OBJECTS], replace=True)
    for path, data in OBJECTS:
        assert stores.objects.get(path) == data + b"x"


def test_object_store_deletes_partial_objects_only(stores: AnyStores) -> None:
    """A partial object may go, whether it is there or not; a full one and the checkpoint may not."""
    stores.objects.put(OBJECTS)
    stores.objects.publish(b"checkpoint")
    partial = [path for path, _ in OBJECTS if ".p/" in path]
    stores.objects.delete([*partial, "tile/0/200.p/3"])
    full = [path for path, _ in OBJECTS if ".p/" not in path]
    assert sorted(stores.objects.list("")) == sorted([*full, "checkpoint"])
    for path in ("tile/0/000", "checkpoint", "../x.p/1"):
        with pytest.raises(InternalError):
            stores.objects.delete([path])
    stores.objects.put(OBJECTS)
    assert stores.objects.get(partial[0]) == dict(OBJECTS)[partial[0]]


def test_object_store_publishes_the_newest_checkpoint(stores: AnyStores) -> None:
    """The checkpoint is replaced as a whole."""
    for checkpoint in (b"first and long", b"second", b""):
        stores.objects.publish(checkpoint)
        assert stores.objects.get("checkpoint") == checkpoint


def test_object_store_is_the_same_after_closing(backend: Backend, stores: AnyStores) -> None:
    """Closing loses nothing."""
    stores.objects.put(OBJECTS)
    stores.objects.publish(b"checkpoint")
    stores.checkpoints.swap(None, state(0))
    stores.close()
    again = backend.reopen()
    for path, data in OBJECTS:
        assert again.objects.get(path) == data
    assert again.objects.get("checkpoint") == b"checkpoint"
    again.close()
