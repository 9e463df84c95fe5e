"""Which requests with a cookie or a certificate are believed: those of our own pages, and of programs."""

from __future__ import annotations

import pytest

from indelible.errors import Forbidden
from indelible.server.same_origin import check_no_other_site, check_same_origin

HOST = ("host", "audit.example.com")
OURS = ("origin", "https://audit.example.com")
THEIRS = ("origin", "https://evil.example")
CONSOLE = ("x-indelible-console", "1")


def check(method: str, *headers: tuple[str, str]) -> bool:
    scope = {"method": method, "headers": [(name.encode(), value.encode()) for name, value in (HOST, *headers)]}
    try:
        check_same_origin(scope)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("method", "headers", "believed"),
    [
        ("GET", [("sec-fetch-site", "same-origin")], True),
        ("GET", [("sec-fetch-site", "none")], True),
        ("GET", [("sec-fetch-site", "same-site")], False),
        ("GET", [("sec-fetch-site", "cross-site")], False),
        ("GET", [], True),
        ("GET", [THEIRS], False),
        ("POST", [("sec-fetch-site", "same-origin"), CONSOLE], True),
        ("POST", [("sec-fetch-site", "same-origin")], False),
        ("POST", [("sec-fetch-site", "same-origin"), ("x-indelible-console", "0")], False),
        ("POST", [("sec-fetch-site", "none"), CONSOLE], False),
        ("POST", [("sec-fetch-site", "cross-site"), OURS, CONSOLE], False),
        ("DELETE", [OURS, CONSOLE], True),
        ("DELETE", [OURS], False),
        ("DELETE", [THEIRS, CONSOLE], False),
        ("DELETE", [("origin", "null"), CONSOLE], False),
        ("DELETE", [("origin", "https://audit.example.com.evil.example"), CONSOLE], False),
        ("DELETE", [("origin", "https://audit.example.com@evil.example"), CONSOLE], False),
        ("POST", [CONSOLE], False),
    ],
)
def test_check_same_origin(method: str, headers: list[tuple[str, str]], *, believed: bool) -> None:
    """What the browser says of the sender has to fit; what changes something bears a header of our pages."""
    assert check(method, *headers) is believed


@pytest.mark.parametrize(
    ("site", "believed"),
    [(None, True), ("none", True), ("same-origin", True), ("same-site", False), ("cross-site", False), ("x", False)],
)
def test_check_no_other_site(site: str | None, *, believed: bool) -> None:
    """Programs say nothing of sites; a browser does, and sends its certificate along with whatever a page asks for."""
    scope = {"headers": [] if site is None else [(b"sec-fetch-site", site.encode())]}
    if believed:
        check_no_other_site(scope)
    else:
        with pytest.raises(Forbidden):
            check_no_other_site(scope)
