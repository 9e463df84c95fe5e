"""A context manager that is no generator, for what every question does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Bracket"]

T = TypeVar("T")


class Bracket(Generic[T]):
    """What begins and ends with a block."""

    __slots__ = ("_begin", "_end", "_value")

    def __init__(self, begin: Callable[[], T], end: Callable[[T, BaseException | None], None]) -> None:
        """What ``begin`` gives is for the block and for ``end``, which also gets the error, and may raise another."""
        self._begin = begin
        self._end = end

    def __enter__(self) -> T:
        self._value = self._begin()
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(self._value, error)
