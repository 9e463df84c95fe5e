"""A reader gives what is there, says what is not yet, and refuses what cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, DamagedObject, NotFound, NotYetPublished, UsageError
from indelible.formats import entry_bundle
from indelible.log import Reader
from indelible.log.tail import Tail
from indelible.merkle import leaf_hashes
from indelible.storage.memory import MemoryObjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stepped_log import SteppedLog

A = "017f22e2-79b0-7cc3-98c4-dc0c0c07398a"


def test_reader_get_covers_journaled_and_published_entries(stepped: SteppedLog) -> None:
    """An acknowledged entry can be read at once; whether a checkpoint covers it is said."""
    stepped.append(2)
    stepped.publish()
    stepped.append(1)
    assert [stepped.log.reader.get(index).published for index in range(3)] == [True, True, False]
    for index in (-1, 3, 1 << 70):
        with pytest.raises(NotFound):
            stepped.log.reader.get(index)


def test_reader_find_knows_ids_as_soon_as_they_are_journaled(stepped: SteppedLog) -> None:
    """An id leads to its index in either case of its letters; what is no id is said to be none."""
    stepped.sequence(stepped.prepare("a", ids=[A]))
    assert stepped.log.reader.find(A.upper()) == 0
    assert stepped.log.reader.find("017f22e2-79b0-7cc3-98c4-dc0c0c07398b") is None
    with pytest.raises(UsageError, match="not an event id"):
        stepped.log.reader.find("ada")


def test_reader_prove_says_that_an_entry_is_not_yet_published(stepped: SteppedLog) -> None:
    """An entry that is durable but not covered is another thing than one that does not exist."""
    stepped.append(1)
    with pytest.raises(NotYetPublished):
        stepped.log.reader.prove(0)
    with pytest.raises(NotFound) as missing:
        stepped.log.reader.prove(1)
    assert not isinstance(missing.value, NotYetPublished)


@pytest.mark.parametrize(("old", "new", "error"), [(2, 1, UsageError), (-1, 1, UsageError), (0, 9, NotYetPublished)])
def test_reader_consistency_refuses_what_has_no_proof(
    stepped: SteppedLog, old: int, new: int, error: type[Exception]
) -> None:
    """From larger to smaller, or beyond what is published."""
    stepped.append(3)
    stepped.publish()
    with pytest.raises(error):
        stepped.log.reader.consistency(old, new)


def test_reader_entries_yields_any_range_across_bundles(stepped: SteppedLog) -> None:
    """Half-open ranges, cut at the published size."""
    stepped.append(600)
    stepped.publish()
    reader = stepped.log.reader
    for start, end in ((0, 600), (250, 260), (255, 256), (256, 512), (511, 600), (590, 1_000), (600, 700), (5, 5)):
        got = list(reader.entries(start, end))
        assert [index for index, _ in got] == list(range(start, min(end, 600)))
        assert all(entry == reader.get(index).entry for index, entry in got)


def test_reader_pick_gives_what_get_gives(stepped: SteppedLog) -> None:
    """In whatever order, published or not, also while the log is published further; what is not there is said."""
    stepped.append(600)
    stepped.publish()
    stepped.append(5)
    reader = stepped.log.reader
    wanted = [604, 3, 599, 0, 255, 256, 255, 600, 598]
    runs = reader.pick(wanted)
    first = next(runs)
    stepped.publish()
    picked = [first, *runs]
    assert [indices for indices, _, _ in picked] == [[604], [3], [599], [0, 255], [256], [255], [600], [598]]
    expected = [reader.get(index).entry for index in wanted]
    assert [entry for _, entries, _ in picked for entry in entries] == expected
    assert [published for _, _, published in picked] == [False, True, True, True, True, True, True, True]
    assert not list(reader.pick([]))
    for nowhere in (605, -1):
        with pytest.raises(NotFound):
            list(reader.pick([0, nowhere]))


def test_reader_of_stored_objects_sees_what_the_log_published(stepped: SteppedLog) -> None:
    """Another process, with nothing but the objects, reads the same; it moves on when it is told to."""
    stepped.append(10)
    stepped.publish()
    reader = Reader.open(stepped.stores.objects)
    stepped.append(300)
    stepped.publish()
    assert reader.size == 10
    assert reader.get(9) == stepped.log.reader.get(9)
    assert reader.prove(3)  # the partial tile of size 10 is gone; the full one begins with it
    reader.refresh()
    assert reader.size == 310
    with pytest.raises(UsageError, match="without its id index"):
        reader.find(A)


def test_reader_object_gives_the_tlog_tiles_resources(stepped: SteppedLog) -> None:
    """Checkpoint, tiles and bundles under their own paths."""
    stepped.append(3)
    stepped.publish()
    assert stepped.log.reader.object("checkpoint") == stepped.log.reader.checkpoint()
    assert len(stepped.log.reader.object("tile/0/000.p/3")) == 96
    with pytest.raises(NotFound):
        stepped.log.reader.object("tile/0/000")


@pytest.fixture
def broken(stepped: SteppedLog) -> Callable[[dict[str, bytes | None]], Reader]:
    """The reader of a log of 600 entries, 1 of them journaled only, whose objects are as the test says."""
    stepped.append(599)
    stepped.publish()
    tail = Tail(599)
    tail.extend([b"{}"], leaf_hashes([b"{}"]))

    def read(changes: dict[str, bytes | None]) -> Reader:
        objects = MemoryObjects()
        for path in stepped.stores.objects.list(""):
            data = changes.get(path, stepped.stores.objects.get(path))
            if data is not None:
                objects._objects[path] = data
        return Reader(objects, stepped.log.reader.published, tail=tail)

    return read


@pytest.mark.parametrize("left", [None, b"", b"\0\5{}"])
def test_reader_names_a_bundle_that_it_cannot_read(
    broken: Callable[[dict[str, bytes | None]], Reader], left: bytes | None
) -> None:
    """A published entry that cannot be read is damage, with log, file and remedy; what lies elsewhere is read."""
    reader = broken({"tile/entries/001": left})
    for read in (
        lambda: reader.get(300),
        lambda: list(reader.entries(0, 300)),
        lambda: list(reader.read(300, 301)),
    ):
        with pytest.raises(DamagedObject, match=r"^tile/entries/001 of log.example/main: .* entries 256 to 511; run"):
            read()
    assert reader.get(0).published
    assert not reader.get(599).published
    assert reader.prove(300)


def test_reader_bundle_tells_one_that_is_missing_from_one_that_is_not_full(
    broken: Callable[[dict[str, bytes | None]], Reader],
) -> None:
    """The first is damage, the second is as it should be."""
    reader = broken({"tile/entries/001": None, "tile/entries/002.p/87": None})
    with pytest.raises(DamagedObject, match="is missing"):
        reader.bundle(1)
    with pytest.raises(NotFound, match="not full yet"):
        reader.bundle(2)
    with pytest.raises(DamagedObject, match=r"^tile/entries/002.p/87 of .* entries 512 to 598"):
        reader.get(598)


@pytest.mark.parametrize(
    ("tile", "said"), [("tile/0/001", "entries 256 to 511"), ("tile/1/000.p/2", "entries 0 to 511")]
)
@pytest.mark.parametrize("left", [None, bytes(31)])
def test_reader_names_a_tile_that_a_proof_lacks(
    broken: Callable[[dict[str, bytes | None]], Reader], tile: str, said: str, left: bytes | None
) -> None:
    """A proof that cannot be made for that is damage; an entry that is not published yet is not."""
    reader = broken({tile: left})
    for prove in (lambda: reader.prove(300), lambda: reader.consistency(300, 599)):
        with pytest.raises(DamagedObject, match=rf"^{tile} of .* with it what proves {said}; run"):
            prove()
    assert reader.get(300).published
    with pytest.raises(NotYetPublished):
        reader.prove(599)
    with pytest.raises(NotFound, match="no object"):
        reader.object("tile/0/003")


def test_reader_of_a_log_without_a_checkpoint_names_that(stepped: SteppedLog) -> None:
    """It is damage, too: every log has one."""
    reader = Reader.open(stepped.stores.objects)
    for read in (lambda: Reader.open(MemoryObjects()), Reader(MemoryObjects(), reader.published).refresh):
        with pytest.raises(Damaged, match=r"^checkpoint: it is missing; restore the file"):
            read()


def test_reader_look_gives_what_is_damaged_and_says_so(broken: Callable[[dict[str, bytes | None]], Reader]) -> None:
    """Where `get` gives whatever bytes are there, or raises; what is sound is given alike."""
    whole = broken({})
    altered = entry_bundle.encode([b"{}", *(entry for _, entry in whole.entries(257, 512))])
    reader = broken({"tile/entries/001": altered, "tile/entries/000": None})
    for index in (257, 598, 599):
        assert reader.look(index) == reader.get(index) == reader.look(index).checked()
    one, gone = reader.look(256), reader.look(0)
    assert (one.index, one.entry, one.published) == (256, b"{}", True)
    assert str(one.damage).startswith("tile/entries/001 of log.example/main: entry 256 is no record any more; run")
    assert (gone.index, gone.entry, gone.published) == (0, b"", True)
    assert "it is missing" in str(gone.damage)
    for each in (one, gone):
        with pytest.raises(DamagedObject):
            each.checked()
    with pytest.raises(NotFound):
        reader.look(600)
    assert list(reader.pick([0, 1, 256, 257])) == [
        ([0, 1], [b"", b""], True),
        ([256, 257], [b"{}", whole.get(257).entry], True),
    ]


def test_reader_keeps_the_bundles_that_were_read_last(stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit into some bytes, however large bundles are, but always the last one."""
    stepped.append(4 * 256)
    stepped.publish()
    size = max(len(stepped.log.reader.bundle(number)) for number in range(4))
    read: list[str] = []
    get = MemoryObjects.get

    def watched(self: MemoryObjects, path: str) -> bytes:
        read.append(path)
        return get(self, path)

    monkeypatch.setattr(MemoryObjects, "get", watched)
    for room, expected in ((2 * size, [2, 1, 0, 1]), (1, [4, 1, 2, 1])):
        monkeypatch.setattr("indelible.log.published_objects._CACHED_BYTES", room)
        reader = Reader.open(stepped.stores.objects)
        counts = []
        for numbers in ([0, 1, 0, 1], [2], [1, 2], [0, 0]):
            read.clear()
            assert [indices for indices, _, _ in reader.pick([256 * number for number in numbers])]
            counts.append(len(read))
        assert counts == expected
