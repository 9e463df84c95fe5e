"""Five ways to falsify a log, as somebody would who has the disk, and in the last one the log's own keys.

Each attack changes the files of one data directory and says what it did. None of this is reachable from the rest of
Indelible, which has no way to change an entry; that is why the attacks go to the bytes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indelible.cli.demo.forgery import rewrite_history
from indelible.embedded.birth import MAIN_LOG
from indelible.events import canonical_json, decode_record
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indelible.embedded import DataDirectory

__all__ = ["ATTACKS", "Attack", "Scene"]

_SCAPEGOAT = "somebody-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an attack takes place.

    Attributes:
        data: The directory to falsify; a copy, thrown away afterwards.
        old_copy: The same directory as it was some time ago.
        target: The index of the entry that the attacker wants to be rid of, or otherwise.
    """

    data: DataDirectory
    old_copy: Path
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack.

    Attributes:
        name: A word for programs.
        title: What is done, for people.
        commit: Does it, and says in a sentence what was done.
        caught_by_memory: Whether only a checkpoint remembered outside the directory shows it.
    """

    name: str
    title: str
    commit: Callable[[Scene], str]
    caught_by_memory: bool = False


def edit(scene: Scene) -> str:
    """Change one letter of a record, in place: nothing moves, no length changes."""

    def change(entries: list[bytes], place: int) -> None:
        record = decode_record(entries[place])
        identity = record["actor"]["id"]
        other = identity[:-1] + ("x" if identity[-1] != "x" else "y")
        entries[place] = entries[place].replace(identity.encode(), other.encode(), 1)

    record = _record(scene)
    path = _change_bundle(scene, change)
    return f"in {path}: the actor of {record['action']}, {record['actor']['id']}, has another last letter now"


def delete(scene: Scene) -> str:
    """Take a record out, and close the gap with its neighbours."""

    def change(entries: list[bytes], place: int) -> None:
        del entries[place]

    record = _record(scene)
    path = _change_bundle(scene, change)
    return f"in {path}: entry {scene.target}, {record['action']}, is gone, and those after it have moved up"


def swap(scene: Scene) -> str:
    """Exchange two records, so that the one seems to have come before the other."""

    def change(entries: list[bytes], place: int) -> None:
        other = place + 1 if place + 1 < len(entries) else place - 1
        entries[place], entries[other] = entries[other], entries[place]

    path = _change_bundle(scene, change)
    return f"in {path}: entry {scene.target} and its neighbour have changed places"


def put_back(scene: Scene) -> str:
    """Replace the whole directory by a copy of it made earlier: every file of it is genuine."""
    _replace_directory(scene.data.path, scene.old_copy)
    return "the whole directory, keys and state included, is again what it was before the last events came"


def rewrite(scene: Scene) -> str:
    """Write the whole history anew, with the blame on somebody else, and sign it with the log's own keys."""
    record = _record(scene)
    blamed = {**record, "actor": {"type": "user", "id": _SCAPEGOAT}}
    size = rewrite_history(scene.data, MAIN_LOG, index=scene.target, entry=canonical_json(blamed))
    return (
        f"{size:,} entries were written anew, with {_SCAPEGOAT} in place of {record['actor']['id']} in the one of "
        f"{record['action']}: a new tree and a new checkpoint, signed with the log's own Ed25519 and ML-DSA-44 keys"
    )


ATTACKS = (
    Attack(name="edit", title="Edit a byte", commit=edit),
    Attack(name="delete", title="Delete an entry", commit=delete),
    Attack(name="swap", title="Swap two entries", commit=swap),
    Attack(name="old_copy", title="Put back an old copy of everything", commit=put_back, caught_by_memory=True),
    Attack(
        name="rewrite",
        title="Rewrite history and sign it again with the stolen keys",
        commit=rewrite,
        caught_by_memory=True,
    ),
)
"""In the order in which the demo shows them."""


def _record(scene: Scene) -> dict[str, Any]:
    return decode_record(scene.data.open_reader(MAIN_LOG).get(scene.target).entry)


def _change_bundle(scene: Scene, change: Callable[[list[bytes], int], None]) -> str:
    """Change the entries of the bundle that holds the target; returns its path below the log's folder."""
    size = scene.data.open_reader(MAIN_LOG).size
    number, place = divmod(scene.target, TILE_WIDTH)
    width = min(size - number * TILE_WIDTH, TILE_WIDTH)
    path = entry_bundle.bundle_path(number, width)
    file = scene.data.paths(MAIN_LOG).objects / path
    entries = entry_bundle.decode(file.read_bytes(), width)
    change(entries, place)
    file.chmod(0o600)  # objects are written 0444; whoever owns the disk does not mind
    file.write_bytes(entry_bundle.encode(entries))
    return path


def _replace_directory(path: Path, replacement: Path) -> None:
    shutil.rmtree(path)
    shutil.copytree(replacement, path, symlinks=True)
