"""The page about limits against the settings and the problem types that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indelible.config.sections import sections
from indelible.server.problem import PROBLEM_KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "limits.md"
ROWS = [line for line in PAGE.read_text("utf-8").splitlines() if re.search(r"\| [0-9]{3} `", line)]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def values(cell: str) -> list[float]:
    """The numbers of a cell: ``100,000, 64 MiB`` is two of them."""
    found = re.findall(r"([0-9][0-9,]*[0-9]|[0-9])(?: (KiB|MiB|GiB))?", cell)
    return [float(number.replace(",", "")) * UNITS.get(unit, 1) for number, unit in found]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_limits_page_names_settings_with_their_defaults(row: str) -> None:
    """Each setting exists, and its default is what the page says."""
    _, _, setting, default, *_ = (cell.strip() for cell in row.split("|"))
    known = {(each.section, each.key): each.default for section in sections() for each in section.settings}
    named = re.findall(r"`\[(\w+)\] (\w+)`", setting)
    if default == "none":
        assert [known[name] for name in named] == [0]
    elif named:
        assert [float(known[name]) for name in named] == values(default)  # type: ignore[arg-type]
    else:
        assert setting.startswith("fixed")


def test_limits_page_names_every_problem_that_a_limit_has() -> None:
    """No limit answers with a type that the page does not explain, and none is explained that there is not."""
    shown = {(int(status), kind) for row in ROWS for status, kind in re.findall(r"([0-9]{3}) `([a-z-]+)`", row)}
    assert {kind for _, kind in shown} <= PROBLEM_KINDS
    limits = {kind for kind in PROBLEM_KINDS if kind.startswith(("too-many-", "query-")) or kind.endswith("-too-large")}
    assert limits | {"overloaded", "rate-limited"} <= {kind for _, kind in shown}
