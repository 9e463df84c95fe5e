"""What somebody can do who reaches a log's files and not its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.formats import entry_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["NO_RECORDS", "alter"]


def alter(files: Path, size: int, index: int, change: Callable[[bytes], bytes]) -> None:
    """Change one entry of a log of fewer than 256, whose C2SP files lie in a folder, in its bundle."""
    path = files / entry_bundle.bundle_path(0, size)
    entries = entry_bundle.decode(path.read_bytes(), size)
    entries[index] = change(entries[index])
    path.unlink()  # it is read-only, and so is what the writer has open
    path.write_bytes(entry_bundle.encode(entries))


NO_RECORDS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no JSON": lambda entry: b"x" + entry[1:],
    "cut off": lambda entry: entry[:-1],
    "two of them": lambda entry: entry + entry,
    "no UTF-8": lambda entry: entry.replace(b"ada", b"\xff\xfe\xfd"),
    "a list": lambda entry: b"[" + entry + b"]",
    "another object": lambda _: b'{"a":1}',
    "without an actor": lambda entry: entry.replace(b'"actor"', b'"actr"'),
    "an actor that is a text": lambda entry: entry.replace(b'{"id":"ada","type":"user"}', b'"user:ada"'),
    "a time that is none": lambda entry: entry.replace(b'"received_at":"20', b'"received_at":"xx'),
    "on two lines": lambda entry: entry.replace(b",", b",\n\n", 1),
    "an event of its own in a stream": lambda entry: entry[:-1] + b"\n\nid: 99\ndata: {}\n\n}",
    "with white space behind it": lambda entry: entry + b"\n",
    "with another index": lambda entry: b'{"index":1,' + entry[1:],
    "nested too deep": lambda entry: entry[:-1] + b',"z":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
}
"""Changes to an entry by the actor ``user:ada`` after which it is no record any more."""
