"""The pages that people see: made from files of this package, without a script, loading nothing from elsewhere."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from indelible import __version__

__all__ = ["asset", "page", "start_page"]


def asset(name: str) -> bytes:
    """A file of ``assets``; the name must be one of ours, never one that a client sent."""
    return (files("indelible.server") / "assets" / name).read_bytes()


def page(title: str, content: str) -> bytes:
    """A whole page around ``content``, which is HTML; ``title`` is text."""
    frame = Template(asset("page.html").decode())
    return frame.substitute(title=escape(title), content=content, version=escape(__version__)).encode()


def start_page(base: str) -> bytes:
    """The first page; ``base`` is the address under which this server was asked."""
    content = Template(asset("start.html").decode()).substitute(base=escape(base))
    return page("Indelible", content)
