"""A git repository's history: the commits that its current branch reaches, oldest first, and its annotated tags.

git itself reads the repository, run with arguments of ours only; the objects that it prints are parsed by
:mod:`indelible.events.foreign.git`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from indelible.errors import MalformedInput, UsageError
from indelible.events.foreign import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.cli.intake.documents import Translator
    from indelible.cli.intake.items import Item

__all__ = ["read_history"]

_OBJECTS_AT_ONCE = 500


def read_history(repository: Path, translator: Translator, *, advance: Callable[[int, int], None]) -> Iterator[Item]:
    """Yield the events of a repository; ``advance`` is told how many objects of how many have been read.

    Raises:
        UsageError: it is no repository, or git is not installed.
    """
    name = _name(repository)
    branch = _git(repository, "symbolic-ref", "--quiet", "--short", "HEAD", may_fail=True).strip() or None
    commits = _git(repository, "rev-list", "--reverse", "HEAD").split()
    tags = _git(repository, "for-each-ref", "--format=%(objectname)", "refs/tags").split()
    objects = commits + tags
    for start in range(0, len(objects), _OBJECTS_AT_ONCE):
        some = objects[start : start + _OBJECTS_AT_ONCE]
        printed = _run(repository, ("cat-file", "--batch"), "".join(f"{each}\n" for each in some).encode())
        yield from translator.items(str(repository), list(git.read(printed, repository=name, branch=branch)))
        advance(start + len(some), len(objects))


def _name(repository: Path) -> str:
    """What names the repository wherever it lies: its origin's address without credentials, else its folder's name."""
    remote = _git(repository, "config", "--get", "remote.origin.url", may_fail=True).strip()
    if not remote:
        return Path(_git(repository, "rev-parse", "--absolute-git-dir").strip().removesuffix("/.git")).name
    if "://" not in remote:
        return remote.rpartition("@")[2]  # user@host:path, as ssh takes it
    parts = urlsplit(remote)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _git(repository: Path, *arguments: str, may_fail: bool = False) -> str:
    try:
        return _run(repository, arguments).decode("utf-8", "replace")
    except UsageError:
        if may_fail:
            return ""
        raise


def _run(repository: Path, arguments: tuple[str, ...], given: bytes = b"") -> bytes:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - every argument is ours, but for the path, which stands after -C
            ["git", "-C", str(repository), *arguments],  # noqa: S607 - the user's own git
            input=given,
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise UsageError("git is not installed; importing a history needs it") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"{repository}: {said[0] if said else f'git {arguments[0]} failed'}")
    if len(done.stdout) > 1 << 30:
        raise MalformedInput(f"{repository}: the objects are too large to be commits")
    return done.stdout
