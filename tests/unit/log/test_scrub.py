"""A scrub reads everything again, names what has rotted, and lets a closing log go."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from indelible.log.scrub import Scrubber

if TYPE_CHECKING:
    from tests.stepped_log import SteppedLog


@pytest.fixture
def scrubbed(stepped: SteppedLog) -> SteppedLog:
    for count in (300, 300, 1):
        stepped.append(count)
        stepped.publish()
    return stepped


def test_scrub_finds_nothing_wrong_with_a_sound_log(scrubbed: SteppedLog) -> None:
    """Entries, tiles, root and signatures are looked at, and the status says that it has been done."""
    assert scrubbed.log.status.scrub_findings is None
    report = scrubbed.log.scrubber.run(threading.Event())
    assert report is not None
    assert (report.size, list(report.findings)) == (601, [])
    assert scrubbed.log.status.scrub_findings == 0


@pytest.mark.parametrize(("path", "kind"), [("tile/entries/001", "entry_altered"), ("tile/0/000", "tile_altered")])
def test_scrub_names_what_has_rotted(
    scrubbed: SteppedLog, path: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One flipped bit in old data: the place is logged, the log goes on."""
    data = bytearray(scrubbed.stores.objects.get(path))
    data[200] ^= 1
    scrubbed.stores.objects.put([(path, bytes(data))], replace=True)
    with caplog.at_level(logging.ERROR):
        scrubbed.log.scrubber.run(threading.Event())
    assert scrubbed.log.status.scrub_findings
    assert (kind, path) in {
        (record.__dict__["kind"], record.__dict__["path"])
        for record in caplog.records
        if record.message == "scrub_finding"
    }
    scrubbed.append(1)


def test_scrub_stops_when_the_log_closes(scrubbed: SteppedLog) -> None:
    """A scrub of a large log takes hours; closing does not."""
    stopping = threading.Event()
    stopping.set()
    assert scrubbed.log.scrubber.run(stopping) is None
    assert scrubbed.log.status.scrub_findings is None


def test_scrub_keeps_its_pace(scrubbed: SteppedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each bundle it waits until the time that its rate allows has passed."""
    waits: list[float] = []
    stopping = threading.Event()

    def wait(timeout: float) -> bool:
        waits.append(timeout)
        return False

    monkeypatch.setattr(stopping, "wait", wait)
    slow = Scrubber(name="main", objects=scrubbed.stores.objects, vkeys=scrubbed.signer.vkeys, rate=1)
    slow.run(stopping)
    assert len(waits) >= 3
    assert 550 < waits[-1] <= 601
