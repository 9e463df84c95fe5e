"""Verifying a log over HTTP: its C2SP files, fetched one after another, under keys that the server does not choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.sdk.claimed import claimed_origin
from indelible.trust.pinned_verification import GivenKeys, trusted_keys, verify_with_pins
from indelible.verify.verification import LogTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.client.fetch import HttpFetcher
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import LogReport
    from indelible.verify.verification import VerifyOptions

__all__ = ["verify_served_log"]


def verify_served_log(
    fetcher: HttpFetcher,
    name: str,
    *,
    pins: Pins,
    origin: str | None = None,
    shown: Sequence[str] = (),
    given: GivenKeys | None = None,
    options: VerifyOptions | None = None,
) -> LogReport:
    """Verify a log's files, and remember what was verified.

    Args:
        fetcher: Gets them.
        name: What the report calls the log.
        pins: The keys and checkpoint remembered.
        origin: Which log it is said to be; what its checkpoint says by default. It selects keys, it proves nothing.
        shown: The keys that the server shows, which count at the first meeting only.
        given: Keys that the user gave.
        options: How to verify.

    Raises:
        Unavailable: something could not be had now.
        Forbidden: the credentials do not give the right to read the log's files.
        UsageError: the keys given are not those of this log.
    """
    origin = origin or claimed_origin(fetcher) or ""
    trusted = trusted_keys(origin, given=given or GivenKeys(), pins=pins, shown=shown)
    target = LogTarget(name=name, fetcher=fetcher, trusted=trusted)
    return verify_with_pins(target, pins=pins, options=options, place=fetcher.url)
