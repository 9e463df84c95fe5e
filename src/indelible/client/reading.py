"""One question to a server, and its answer in the form that was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from indelible.client.exchange import Answer, Effect, Exchange
from indelible.client.problem import error_of
from indelible.errors import PeerError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["ask_server", "decode"]

_T = TypeVar("_T")


def ask_server(path: str) -> Generator[Effect, Answer, Answer]:
    """``GET`` a path, once; whatever is not a 200 is raised as the error that it stands for."""
    answer = yield Exchange(method="GET", path=path)
    if answer.status != 200:
        raise error_of(answer)
    return answer


def decode(answer: Answer, form: type[_T]) -> _T:
    """The answer's JSON body in the form that was promised.

    Raises:
        PeerError: it is not of that form.
    """
    try:
        return msgspec.json.decode(answer.body, type=form)
    except msgspec.MsgspecError as error:
        raise PeerError(f"the server's answer cannot be read: {error}") from error
