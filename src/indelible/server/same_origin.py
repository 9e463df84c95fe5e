"""Requests that bear a cookie or a client certificate: believed only when no page of another site had them sent.

A browser adds both to whatever any page makes it send. ``SameSite=Strict`` already keeps our cookie at home; beside
it, what the browser says about the request has to fit (Fetch Metadata), and what changes something must bear a header
that no other page can add without being asked by a preflight, which is never answered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from indelible.errors import Forbidden

if TYPE_CHECKING:
    from indelible.server.asgi import Scope

__all__ = ["CONSOLE_HEADER", "check_no_other_site", "check_same_origin"]

CONSOLE_HEADER = b"x-indelible-console"
_READING = {"GET", "HEAD"}


def check_same_origin(scope: Scope) -> None:
    """Do nothing for a request of our own page, or one that somebody typed.

    Raises:
        Forbidden: another site may have sent it.
    """
    headers = dict(scope["headers"])
    reading = scope["method"] in _READING
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        ours = site == b"same-origin" or (site == b"none" and reading)
    elif origin is not None:
        ours = urlsplit(origin).netloc == headers.get(b"host")
    else:
        ours = reading  # an old browser, which the cookie's SameSite keeps from being sent by others
    if not ours or (not reading and headers.get(CONSOLE_HEADER) != b"1"):
        raise Forbidden(
            f"a cookie lets in the pages of this server only, and they send {CONSOLE_HEADER.decode()}: 1 with what "
            "changes something; programs use a key: `Authorization: Bearer idl_…`"
        )


def check_no_other_site(scope: Scope) -> None:
    """Do nothing for a request of a program, of our own page, or one that somebody typed.

    Raises:
        Forbidden: a browser says that a page of another site had it sent, and its certificate with it.
    """
    if dict(scope["headers"]).get(b"sec-fetch-site", b"none") not in {b"none", b"same-origin"}:
        raise Forbidden("a client certificate does not let in what a page of another site has your browser send")
