"""`--metadata K=V`: texts by default, JSON when asked for."""

from __future__ import annotations

import pytest

from indelible.cli.record import metadata_of
from indelible.errors import UsageError


def test_metadata_of_takes_texts_and_json() -> None:
    """``K=V`` is always a text, ``K:=V`` is JSON; the first equals sign divides."""
    pairs = ["a=1", "b:=1", 'c:={"d":[null]}', "e=f=g", "url=https://x?y=:=z", "empty="]
    assert metadata_of(pairs) == {
        "a": "1", "b": 1, "c": {"d": [None]}, "e": "f=g", "url": "https://x?y=:=z", "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize("pair", ["a", "=1", "", "a:=", "a:=x", "a:={"])
def test_metadata_of_refuses_other_forms(pair: str) -> None:
    """What is neither form is refused with the form."""
    with pytest.raises(UsageError):
        metadata_of([pair])


def test_metadata_of_refuses_a_key_given_twice() -> None:
    """Nothing is silently overwritten."""
    with pytest.raises(UsageError, match="twice"):
        metadata_of(["a=1", "a=2"])
