"""A helper process computes what it is told, passes errors on, and may end at any time."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from indelible import helper_process
from indelible.errors import Damaged, HelperEnded, InternalError, StorageFull
from indelible.helper_process import HelperProcess


def damage() -> None:
    """Raise an error with everything that rides on it."""
    raise Damaged("it holds other bytes", path=Path("a/b"), offset=7, remedy="restore it")


def fill() -> None:
    """Raise an error with a default."""
    raise StorageFull("no space", retry_after=3.0)


def end() -> None:
    """End as a process that ran out of memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def helper() -> HelperProcess:
    return HelperProcess()


def test_a_helper_computes_in_another_process(helper: HelperProcess) -> None:
    """One process for all calls, with arguments and results of any size."""
    with helper:
        pid = helper.call(os.getpid)
        assert pid != os.getpid()
        assert helper.call(os.getpid) == pid
        assert helper.call(bytes.upper, b"a" * 3_000_000) == b"A" * 3_000_000


def test_errors_arrive_as_they_were_raised(helper: HelperProcess) -> None:
    """Kind, text and attributes; what is no error of ours is an internal one; the helper goes on."""
    with helper:
        with pytest.raises(Damaged) as damaged:
            helper.call(damage)
        assert (damaged.value.path, damaged.value.offset, damaged.value.remedy) == ("a/b", 7, "restore it")
        with pytest.raises(StorageFull, match="no space") as full:
            helper.call(fill)
        assert full.value.retry_after == 3.0
        with pytest.raises(InternalError, match="ValueError"):
            helper.call(int, "x")
        assert helper.call(abs, -1) == 1


def test_an_argument_that_cannot_be_pickled_leaves_the_helper_running(helper: HelperProcess) -> None:
    """Neither positional nor named: it is the caller's error, and the helper was asked nothing."""
    with helper:
        pid = helper.call(os.getpid)
        with pytest.raises(TypeError, match="pickle"):
            helper.call(id, threading.Lock())
        with pytest.raises(TypeError, match="pickle"):
            helper.call(dict, lock=threading.Lock())
        assert helper.call(os.getpid) == pid


def test_a_helper_that_ended_is_said_and_started_again(helper: HelperProcess) -> None:
    """The call that it did not answer fails; the next one gets a new process."""
    with helper:
        first = helper.call(os.getpid)
        with pytest.raises(HelperEnded):
            helper.call(end)
        assert helper.call(os.getpid) != first


def test_an_answer_that_was_not_taken_is_nobody_elses(helper: HelperProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong while an answer is read: the next call gets its own, from a new process."""
    with helper:
        first = helper.call(os.getpid)

        def load(_: object) -> None:
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr("indelible.helper_process.pickle.load", load)
            with pytest.raises(MemoryError):
                helper.call(bytes.upper, b"a" * 1_000_000)
        assert helper.call(os.getpid) != first


def test_an_answer_to_another_call_is_none(helper: HelperProcess) -> None:
    """Answers bear the numbers of their calls."""
    with helper:
        helper.call(abs, -1)
        helper._numbers = iter((7,))  # type: ignore[assignment]
        assert helper.call(abs, -2) == 2
        helper._numbers = iter((8, 9))  # type: ignore[assignment]
        assert helper._process is not None
        assert helper._process.stdin is not None
        helper._process.stdin.write(pickle.dumps((1_000, abs, (-3,), {})))
        with pytest.raises(HelperEnded, match="call 1000"):
            helper.call(abs, -4)
        assert helper.call(abs, -5) == 5


def test_a_helper_that_ended_idle_is_replaced(helper: HelperProcess) -> None:
    """The next call does not notice."""
    with helper:
        pid = helper.call(os.getpid)
        os.kill(pid, signal.SIGKILL)
        assert helper._process is not None
        helper._process.wait(30)
        assert helper.call(os.getpid) != pid


def test_a_helper_runs_nothing_of_the_working_folder(tmp_path: Path) -> None:
    """An auditor may stand in a folder that somebody else has filled."""
    for name in ("json", "pickle", "indelible"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the working folder')")
    script = "import os; from indelible.helper_process import HelperProcess; print(HelperProcess().call(abs, -1))"
    source = str(Path(helper_process.__file__).parent.parent)
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {source!r}; {script}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_closed_helper_refuses(helper: HelperProcess) -> None:
    """Also one that was never started; closing twice does no harm."""
    helper.close()
    helper.close()
    with pytest.raises(HelperEnded, match="closed"):
        helper.call(abs, -1)


def test_a_helper_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """However that ends; signals to the whole group do not end it before."""
    script = (
        "import os, time; from indelible.helper_process import HelperProcess\n"
        "helper = HelperProcess()\n"
        "print(helper.call(os.getpid), flush=True)\n"
        "time.sleep(60)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, number)
        assert Path(f"/proc/{pid}").exists() or sys.platform != "linux"
        process.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("the helper outlived its process")
