"""What a reader whose grant is restricted by a query sees of single records: for the others it is as if they were not.

The searches ask for what matches the question and the restriction; this is for a record that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import NotFound
from indelible.events.record import decode_record
from indelible.query.ast import Everything
from indelible.query.evaluate import compile_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.access import Principal
    from indelible.log import StoredEntry

__all__ = ["read_visible"]


def read_visible(principal: Principal, log: str, event: str, read: Callable[[], StoredEntry]) -> StoredEntry:
    """The entry that ``read`` gives, if the principal may see it. Blocks. ``event`` is how it was asked for.

    Raises:
        NotFound: there is none, or none that this principal may see; one whose view is restricted is told the same.
    """
    visible = principal.visible(log)
    if isinstance(visible, Everything):
        return read()
    matches = compile_query(visible)
    try:
        stored = read()
    except NotFound:
        stored = None
    if stored is None or not matches(decode_record(stored.entry), stored.index):
        detail = f"there is no event {event!r} among those that {principal.name!r} may see"
        raise NotFound(detail)
    return stored
