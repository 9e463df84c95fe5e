"""At most one writer: across processes, within one, and free again however the holder ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from indelible.errors import ConfigurationError, Locked
from indelible.storage.posix.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from indelible.storage.posix.lock import WriterLock
with WriterLock.acquire(Path(sys.argv[1]), address="127.0.0.1:8420"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_lock_refuses_a_second_process_and_names_the_first(tmp_path: Path) -> None:
    """The message says which process, where it listens, and what to do."""
    with holder(tmp_path / "lock") as process:
        with pytest.raises(Locked) as caught:
            WriterLock.acquire(tmp_path / "lock")
        assert f"process {process.pid} on " in caught.value.holder
        assert "127.0.0.1:8420" in caught.value.holder
        assert str(tmp_path) in str(caught.value)
        assert caught.value.holder in str(caught.value)
    WriterLock.acquire(tmp_path / "lock").release()


def test_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    """Nothing has to be cleaned up after SIGKILL."""
    with holder(tmp_path / "lock") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with WriterLock.acquire(tmp_path / "lock"), pytest.raises(Locked, match=f"process {os.getpid()} "):
            WriterLock.acquire(tmp_path / "lock")


def test_lock_refuses_a_second_writer_in_the_same_process(tmp_path: Path) -> None:
    """Two logs opened by accident are two writers."""
    first = WriterLock.acquire(tmp_path / "lock")
    with pytest.raises(Locked, match=f"process {os.getpid()} "):
        WriterLock.acquire(tmp_path / "lock")
    first.release()
    first.release()
    with WriterLock.acquire(tmp_path / "lock") as second:
        first.announce("a released lock says nothing")
        second.announce("[::1]:80")
        with pytest.raises(Locked, match=r"\[::1\]:80"):
            WriterLock.acquire(tmp_path / "lock")


def test_lock_is_not_passed_on_to_programs(tmp_path: Path) -> None:
    """A program that the holder started does not hold the lock when the holder has let go."""
    lock = WriterLock.acquire(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, close_fds=False
    ):
        lock.release()
        WriterLock.acquire(tmp_path / "lock").release()


FORKED = """
import os, sys
from pathlib import Path
from indelible.errors import Locked
from indelible.storage.posix.lock import WriterLock
lock = WriterLock.acquire(Path(sys.argv[1]))
child = os.fork()
lock.release()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
WriterLock.acquire(Path(sys.argv[1])).release()
lock = WriterLock.acquire(Path(sys.argv[1]))
if os.fork() == 0:
    lock.release()
    os._exit(0)
os.wait()
try:
    WriterLock.acquire(Path(sys.argv[1]))
except Locked:
    print("still held")
"""


def test_lock_is_released_by_its_holder_alone(tmp_path: Path) -> None:
    """A forked child can neither keep the lock when the holder lets go, nor take it away."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(tmp_path / "lock")], check=True, capture_output=True, text=True
    )
    assert done.stdout == "still held\n"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid":1}', b"\xff", b"null", b"x" * 10_000])
def test_lock_refuses_whatever_stands_in_the_file(tmp_path: Path, content: bytes) -> None:
    """The kernel's lock counts; the file's content is only for the message."""
    path = tmp_path / "lock"
    with WriterLock.acquire(path):
        path.write_bytes(content)
        with pytest.raises(Locked, match="another process"):
            WriterLock.acquire(path)


def test_lock_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """No folder, or a link in the place of the file: a setting that cannot work."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "nowhere" / "lock", tmp_path / "link"):
        with pytest.raises(ConfigurationError):
            WriterLock.acquire(path)
    assert not (tmp_path / "elsewhere").exists()
