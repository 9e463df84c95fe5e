"""What a directory may hold after the power has failed.

:class:`RecordingCalls` does everything but syncs to a real directory and keeps a record. :func:`after_power_loss`
makes, from the record up to a moment, one of the directories that a file system may come back with:

- what was written to a file since its last sync is there or not, each 512-byte sector for itself; a file that has grown
  ends anywhere between its old end and its new one, and holds zeros where a sector is missing;
- what happened to a name since the last sync of its directory has happened or not, up to any point, each name for
  itself.

File systems keep more order than that; whoever survives this survives them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from typing_extensions import override

from indelible.storage.system_calls import SystemCalls, system_calls

if TYPE_CHECKING:
    from random import Random

__all__ = ["RecordingCalls", "after_power_loss"]

SECTOR = 512


@dataclass(eq=False, slots=True)
class File:
    """One file, whatever its names are: what is durable, and what has been done to it since."""

    durable: bytes = b""
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)
    """Writes as ``(offset, data)``, truncations as a size."""


@dataclass(eq=False, slots=True)
class Folder:
    """One directory: its durable names, and for each name what has happened to it since (``None``: removed)."""

    durable: dict[str, Node] = field(default_factory=dict)
    pending: dict[str, list[Node | None]] = field(default_factory=dict)

    def now(self, name: str) -> Node | None:
        changes = self.pending.get(name)
        return changes[-1] if changes else self.durable.get(name)

    def change(self, name: str, node: Node | None) -> None:
        self.pending.setdefault(name, []).append(node)

    def settle(self, kept: dict[str, int] | None = None) -> dict[str, Node]:
        """The names when of each name's changes ``kept`` have happened; all of them by default."""
        names = dict(self.durable)
        for name, changes in self.pending.items():
            count = len(changes) if kept is None else kept[name]
            node = changes[count - 1] if count else self.durable.get(name)
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
        return names


Node: TypeAlias = File | Folder
Operation: TypeAlias = tuple[object, ...]


class RecordingCalls(SystemCalls):
    """Calls, of the system unless others are given, recorded if they succeed.

    What is in ``root`` at the beginning is taken to be durable.
    """

    def __init__(self, root: Path, real: SystemCalls | None = None) -> None:
        self._real = real or system_calls(sys.platform)
        super().__init__(datasync=self._real.datasync, sync=self._real.sync, sync_file_system=self._sync_all)
        self.root = root
        self.operations: list[Operation] = []
        self.before = {
            str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
            for path in sorted(root.rglob("*"))
        }
        self._names: dict[int, int] = {}  # descriptor → number of the file
        self._opened = 0

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _sync_all(self, descriptor: int) -> None:
        self.operations.append(("sync all", self._names[descriptor]))

    @override
    def create(self, path: Path, mode: int) -> int:
        descriptor = self._real.create(path, mode)
        self._names[descriptor] = self._opened
        self.operations.append(("create", self._name(path), self._opened))
        self._opened += 1
        return descriptor

    @override
    def open(self, path: Path) -> int:
        descriptor = self._real.open(path)
        self._names[descriptor] = self._opened
        self.operations.append(("open", self._name(path), self._opened))
        self._opened += 1
        return descriptor

    @override
    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        count = self._real.write(descriptor, data, offset)
        self.operations.append(("write", self._names[descriptor], offset, bytes(data[:count])))
        return count

    @override
    def truncate(self, descriptor: int, size: int) -> None:
        self._real.truncate(descriptor, size)
        self.operations.append(("truncate", self._names[descriptor], size))

    @override
    def datasync(self, descriptor: int) -> None:
        self.sync(descriptor)

    @override
    def sync(self, descriptor: int) -> None:
        self.operations.append(("sync", self._names[descriptor]))

    @override
    def sync_directory(self, path: Path) -> None:
        self.operations.append(("sync directory", self._name(path)))

    @override
    def link(self, source: Path, target: Path) -> None:
        self._real.link(source, target)
        self.operations.append(("link", self._name(source), self._name(target)))

    @override
    def replace(self, source: Path, target: Path) -> None:
        self._real.replace(source, target)
        self.operations.append(("replace", self._name(source), self._name(target)))

    @override
    def unlink(self, path: Path) -> None:
        self._real.unlink(path)
        self.operations.append(("unlink", self._name(path)))

    @override
    def make_directory(self, path: Path) -> None:
        self._real.make_directory(path)
        self.operations.append(("make directory", self._name(path)))

    @override
    def remove_directory(self, path: Path) -> None:
        self._real.remove_directory(path)
        self.operations.append(("unlink", self._name(path)))


class _Model:
    """The file system as far as it is known to be durable, and what is pending."""

    def __init__(self, before: dict[str, bytes | None]) -> None:
        self.root = Folder()
        self.open: dict[int, File] = {}
        self.files: list[File] = []
        for path, content in before.items():
            folder, name = self.locate(path)
            folder.durable[name] = Folder() if content is None else self.new_file(content)

    def new_file(self, durable: bytes = b"") -> File:
        self.files.append(File(durable))
        return self.files[-1]

    def folder(self, path: str) -> Folder:
        node: Node | None = self.root
        for part in Path(path).parts:
            assert isinstance(node, Folder)
            node = node.now(part)
        assert isinstance(node, Folder)
        return node

    def locate(self, path: str) -> tuple[Folder, str]:
        return self.folder(str(Path(path).parent)), Path(path).name

    def apply(self, operation: Operation) -> None:
        match operation:
            case ("write", int(number), int(offset), bytes(data)):
                self.open[number].pending.append((offset, data))
            case ("truncate", int(number), int(size)):
                self.open[number].pending.append(size)
            case ("sync", int(number)):
                _settle(self.open[number])
            case ("sync all", int()):
                self.sync_all()
            case ("sync directory", str(path)):
                folder = self.folder(path)
                folder.durable, folder.pending = folder.settle(), {}
            case (str(kind), str(path), *rest):
                folder, name = self.locate(path)
                self.name(kind, folder, name, rest)
            case _:
                raise AssertionError(operation)

    def name(self, kind: str, folder: Folder, name: str, rest: list[object]) -> None:
        node = folder.now(name)
        match kind, rest:
            case "create", [int(number)]:
                self.open[number] = self.new_file()
                folder.change(name, self.open[number])
            case "open", [int(number)]:
                assert isinstance(node, File)
                self.open[number] = node
            case (("link" | "replace"), [str(target)]):
                there, new_name = self.locate(target)
                there.change(new_name, node)
                if kind == "replace":
                    folder.change(name, None)
            case "unlink", []:
                folder.change(name, None)
            case "make directory", []:
                folder.change(name, Folder())
            case _:
                raise AssertionError(kind)

    def sync_all(self) -> None:
        for file in self.files:
            _settle(file)
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Folder):
                node.durable, node.pending = node.settle(), {}
                waiting += node.durable.values()


def _settle(file: File) -> None:
    content = bytearray(file.durable)
    for change in file.pending:
        _change(content, change)
    file.durable, file.pending = bytes(content), []


def _change(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    offset, data = change
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data


def _survivor(file: File, random: Random) -> bytes:
    """The file as it may come back: some sectors of what is pending, and some of its growth."""
    content = bytearray(file.durable)
    share = random.choice((0.0, 0.5, 0.9, 1.0))
    smallest = len(content)
    for change in file.pending:
        if isinstance(change, int):
            if random.random() < share:
                _change(content, change)
                smallest = min(smallest, change)
            continue
        offset, data = change
        end = offset + len(data)
        content.extend(bytes(max(0, end - len(content))))  # the size may come back without the data
        start = offset
        while start < end:
            stop = min((start // SECTOR + 1) * SECTOR, end)
            if random.random() < share:
                content[start:stop] = data[start - offset : stop - offset]
            start = stop
    if len(content) > smallest:
        del content[random.choice((smallest, len(content), random.randint(smallest, len(content)))) :]
    return bytes(content)


def after_power_loss(recorded: RecordingCalls, moment: int, random: Random, target: Path) -> None:
    """Fill the empty directory ``target`` with what may be left after the first ``moment`` operations."""
    model = _Model(recorded.before)
    for operation in recorded.operations[:moment]:
        model.apply(operation)
    survivors = {id(file): _survivor(file, random) for file in model.files}
    placed: dict[int, Path] = {}
    waiting = [(model.root, target)]
    while waiting:
        folder, path = waiting.pop()
        kept = {name: random.randint(0, len(changes)) for name, changes in folder.pending.items()}
        for name, node in folder.settle(kept).items():
            place = path / name
            if isinstance(node, Folder):
                place.mkdir()
                waiting.append((node, place))
            elif id(node) in placed:
                place.hardlink_to(placed[id(node)])
            else:
                place.write_bytes(survivors[id(node)])
                placed[id(node)] = place
