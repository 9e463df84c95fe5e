"""A context manager of one object, for what every question does: a generator takes several times as long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Bracket"]

T = TypeVar("T")


class Bracket(Generic[T]):
    """What has begun, and must end with the block."""

    __slots__ = ("_end", "_value")

    def __init__(self, value: T, end: Callable[[BaseException | None], None]) -> None:
        """``value`` is what the block gets; ``end`` is called with the error that ends it, and may raise another."""
        self._value = value
        self._end = end

    def __enter__(self) -> T:
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(error)
