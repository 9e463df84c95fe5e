"""ASGI's parts, as types: what a request is, how its body comes in, how its answer goes out, who gives it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["App", "Receive", "Scope", "Send"]

Scope = Any  # a dictionary with text keys; every framework types its own
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
