"""What every test shares: Hypothesis profiles, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

# Deadlines measure the machine's other load, not the code.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", parent=settings.get_profile("default"), max_examples=20_000)
settings.load_profile("default")


_LONGEST_ID = 40


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case with a long or unprintable text by its parameter, numbered by pytest.

    Such values are unreadable as names, and may be made afresh in each process (keys, gzip with its time), while
    pytest-xdist demands that all processes find tests of the same names.
    """
    if not isinstance(val, str | bytes):
        return None
    text = val if isinstance(val, str) else val.decode("ascii", "replace")
    return None if len(text) <= _LONGEST_ID and text.isascii() and text.isprintable() else argname


def _in_ci() -> bool:
    return os.environ.get("CI", "") not in {"", "0", "false"}


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure: in CI every service is there, so a skip would hide that one no longer is."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI, but this was: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _in_ci():
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _in_ci():
        _refuse_skip(report)
    return report
