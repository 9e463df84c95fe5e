"""The page about security names tests; each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


def test_security_page_goes_through_the_whole_list() -> None:
    """All ten lines, each with at least one test."""
    sections = re.split(r"^## API(\d+):", PAGE, flags=re.MULTILINE)
    assert sections[1::2] == [str(number) for number in range(1, 11)]
    assert all("`tests/" in text for text in sections[2::2])


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda value: value.rpartition("/")[2] or "whole file")
def test_security_page_names_tests_that_exist(file: str, name: str) -> None:
    """A claim without its test is no claim."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    assert tests
    assert not name or name in tests
