"""The store's paths are those of the C2SP formats: one spelling each, and the same in both places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import FormatError
from indelible.formats.entry_bundle import bundle_path, parse_bundle_path
from indelible.formats.tile import Tile
from indelible.storage.paths import check_path, check_tile_path, is_object, is_partial

# Numbers of bundles and tiles in any tree that a log can have: 2^63 entries are 2^55 bundles, 17 digits.
NUMBERS = st.integers(min_value=0, max_value=2**55 - 1)
WIDTHS = st.integers(min_value=1, max_value=256)


def parses(path: str) -> bool:
    """Whether the format's own parser takes it."""
    try:
        if path.startswith("tile/entries/"):
            parse_bundle_path(path)
        else:
            Tile.parse(path)
    except FormatError:
        return False
    return True


@given(NUMBERS, WIDTHS)
def test_paths_of_bundles_are_objects(number: int, width: int) -> None:
    """Every path that the log writes, up to the largest tree."""
    path = bundle_path(number, width)
    check_tile_path(path)
    check_path(path)
    assert is_object(path)
    assert is_partial(path) == (width < 256)


@given(st.integers(min_value=0, max_value=7), NUMBERS, WIDTHS)
def test_paths_of_tiles_are_objects(level: int, number: int, width: int) -> None:
    """Every path that the log writes, up to the largest tree."""
    path = Tile(level, number >> 8 * level, width).path
    check_tile_path(path)
    assert is_partial(path) == (width < 256)


@given(
    st.one_of(
        st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{2,4}(\.p/[0-9]{1,3})?", fullmatch=True),
        st.text(alphabet="tile/0123456789x.p-entris\n", max_size=40),
    )
)
def test_paths_are_no_looser_than_their_formats(path: str) -> None:
    """What the store takes, the parsers of the formats take, too, as far as trees reach."""
    if is_object(path) and path != "checkpoint":
        level = path.split("/")[1]
        if level == "entries" or int(level) < 8:
            assert parses(path)
    elif parses(path):
        pytest.fail(f"the store refuses {path!r}, which the formats allow")


def test_checkpoint_is_the_one_object_that_is_no_tile() -> None:
    """It is read like any other object and written in its own way."""
    check_path("checkpoint")
    assert is_object("checkpoint")
    assert not is_partial("checkpoint")
    with pytest.raises(FormatError):
        check_tile_path("checkpoint")
