"""ASGI's three parts, as types: what a request is, how its body comes in, how its answer goes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["Receive", "Scope", "Send"]

Scope = Any  # a dictionary with text keys; every framework types its own
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
