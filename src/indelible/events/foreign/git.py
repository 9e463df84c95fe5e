"""Git history: commits and annotated tags, read from the objects themselves.

Input is what ``git cat-file --batch`` prints for object names on its standard input: for each object a line
``<name> <type> <size>``, the object's bytes, a line feed. Sizes delimit, so nothing in a message or name can break the
frame; and what is hashed is the object itself, from which anyone can compute its name again.

===============  ======================================================================================
field            from
===============  ======================================================================================
id               the object's name
``occurred_at``  the author's (tagger's) time
``action``       ``git.commit``, ``git.tag``
``actor``        the author (tagger); a committer who is another becomes ``on_behalf_of``
``targets``      the repository, the branch, the commit or tag
``message``      the message, its first 4,096 characters
===============  ======================================================================================

Trees and blobs are passed over. Names and times in a commit are what its author wrote: signatures are not checked here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from indelible.errors import MalformedInput
from indelible.events.foreign.dig import bounded, present, target, time
from indelible.events.foreign.document import ForeignEvent, Original, Rejected, UnmappableError
from indelible.events.timestamps import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.events.json_values import Json

__all__ = ["FORMAT", "read"]

FORMAT = "git"

_FRAME = re.compile(rb"(?P<name>[0-9a-f]{40}|[0-9a-f]{64}) (?P<type>[a-z]+) (?P<size>0|[1-9][0-9]{0,11})")
_MISSING = re.compile(rb"(?P<name>.{1,4096}) (?:missing|ambiguous|submodule.*)")
_PERSON = re.compile(r"(?P<name>[^<]*?) ?<(?P<email>[^>]*)> (?P<time>-?[0-9]{1,12}) [+-][0-9]{4}")
_ENCODING = re.compile(
    r"utf-?8|iso-?8859-?[0-9]{1,2}|latin-?1|windows-?125[0-9]|cp125[0-9]|koi8-?[ru]|euc-?(?:jp|kr)|shift[-_]?jis|big5"
    r"|gb(?:k|2312|18030)",
    re.IGNORECASE,
)


def read(objects: bytes, *, repository: str, branch: str | None = None) -> Iterator[ForeignEvent | Rejected]:
    """The events of commits and annotated tags in the output of ``git cat-file --batch``.

    ``repository`` names the repository in targets and in ids: the same commit in two repositories is two events.

    Raises:
        MalformedInput: while reading on, when ``objects`` is not such output.
    """
    start = 0
    while start < len(objects):
        end = objects.find(b"\n", start)
        header = objects[start : end if end >= 0 else len(objects)]
        frame = _FRAME.fullmatch(header)
        if frame is None:
            missing = _MISSING.fullmatch(header)
            if missing is None or end < 0:
                raise MalformedInput(f"not the output of git cat-file --batch, at byte {start}")
            yield Rejected(record=missing["name"].decode(errors="replace"), detail="no such object in this repository")
            start = end + 1
            continue
        name, kind, size = frame["name"].decode(), frame["type"], int(frame["size"])
        content = objects[end + 1 : end + 1 + size]
        if len(content) < size or objects[end + 1 + size : end + 2 + size] != b"\n":
            raise MalformedInput(f"the output of git cat-file --batch ends within object {name}")
        start = end + 2 + size
        if kind in {b"commit", b"tag"}:
            try:
                yield _read_object(name, kind.decode(), content, repository, branch)
            except UnmappableError as error:
                yield Rejected(record=name, detail=str(error))


def _read_object(name: str, kind: str, content: bytes, repository: str, branch: str | None) -> ForeignEvent:
    head, _, body = content.partition(b"\n\n")
    headers = _headers(head)
    encoding = _header(headers, "encoding") or "utf-8"
    author = _person(headers, "author" if kind == "commit" else "tagger", encoding)
    if kind == "commit" and author is None:
        raise UnmappableError("a commit without an author")
    committer = _person(headers, "committer", encoding)
    actor: dict[str, Json] = {"type": "anonymous", "id": "-"} if author is None else {**author[0]}
    if author is not None and committer is not None and committer[0]["id"] != author[0]["id"]:
        actor["on_behalf_of"] = present(**{key: committer[0].get(key) for key in ("type", "id", "name")})
    tag = _header(headers, "tag")
    return ForeignEvent(
        record=name,
        format=FORMAT,
        source=repository,
        id=name,
        original=Original(content=content, raw=_kept(content)),
        fields=present(
            occurred_at=author[1] if author is not None else None,
            action=f"git.{kind}",
            operation="create",
            actor=actor,
            targets=[
                *target("repository", repository),
                *(target("branch", branch) if kind == "commit" else target("tag", tag)),
                *target("commit", name if kind == "commit" else _header(headers, "object")),
            ],
            message=bounded(_decode(body, encoding).strip("\n").replace("\0", "")) or None,
        ),
    )


def _headers(head: bytes) -> dict[str, bytes]:
    """The first of each header; a line that begins with a space goes on with the one before (signatures do)."""
    headers: dict[str, bytes] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key:
            headers.setdefault(key.decode(errors="replace"), value)
    return headers


def _header(headers: dict[str, bytes], key: str) -> str | None:
    return _decode(headers[key], "utf-8") or None if key in headers else None


def _decode(text: bytes, encoding: str) -> str:
    if _ENCODING.fullmatch(encoding):
        try:
            return text.decode(encoding)
        except (UnicodeError, LookupError):
            pass
    return text.decode(errors="backslashreplace")


def _person(headers: dict[str, bytes], key: str, encoding: str) -> tuple[dict[str, Json], str | None] | None:
    """Who, and when by their own clock."""
    match = _PERSON.fullmatch(_decode(headers.get(key, b""), encoding))
    if match is None:
        return None
    name, email = match["name"].strip(), match["email"].strip()
    who = (email or name)[:256]
    when = int(match["time"])
    moment = time(from_microseconds(when * 1_000_000)) if 0 <= when < 253_402_300_800 else None
    person = present(type="user", id=who or "-", name=name or None, email=email or None)
    return person, moment


def _kept(content: bytes) -> Json:
    """The object as text, from which its bytes can be made again, or else in base64."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return b64encode(content).decode()
    return b64encode(content).decode() if "\0" in text else {"text": text}
