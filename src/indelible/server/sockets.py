"""The listening socket, and handing it to granian."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from granian import net
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from indelible.server.asgi import App
    from indelible.server.tls import TlsFiles

__all__ = ["BACKLOG", "MAX_CONNECTIONS", "GranianServer", "listen"]

BACKLOG = 1_024
"""Connections that wait to be accepted."""

MAX_CONNECTIONS = 2_048
"""Connections that are served at once; those beyond it wait to be accepted."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 picks a free one.

    Raises:
        ConfigurationError: there is no such address here, or something else listens on it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            # Lets a restart listen at once. Not SO_REUSEPORT: two servers on one port must not go unnoticed.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
            # Copies of it share this: one that blocked would make whoever accepts on another one block, too.
            bound.setblocking(False)  # noqa: FBT003 - its name says what
        except BaseException:
            bound.close()
            raise
    except OSError as error:
        remedy = "choose another with --listen HOST:PORT or INDELIBLE_LISTEN"
        detail = f"cannot listen on {host}:{port}: {error.strerror or error}; {remedy}"
        raise ConfigurationError(detail) from error
    return bound


class GranianServer(Server):
    """Granian in this process and on this event loop, on a socket that is open already: of TCP, or a Unix socket."""

    def __init__(self, app: App, listening: socket.socket, tls: TlsFiles | None) -> None:
        self._unix = listening.family == socket.AF_UNIX
        host, port = ("localhost", 1) if self._unix else listening.getsockname()[:2]  # granian only repeats them
        super().__init__(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=MAX_CONNECTIONS,
            # Sets a level and touches no handler: logging is the command line's to configure.
            log_level=LogLevels.error,  # what it tells otherwise, the server tells in its own words
            log_dictconfig=_levels_only(),
            **({} if tls is None else _tls_options(tls)),
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:  # type: ignore[explicit-override]  # typing.override is of 3.12
        """Granian's hook for making the socket: give it ours, to own from now on."""
        holder: Any = net.SocketHolder  # type: ignore[attr-defined]  # typed without its arguments
        self._shd = holder(self._listening.detach(), self._unix, BACKLOG)
        self._ssp = None


def _tls_options(tls: TlsFiles) -> dict[str, Any]:
    return {
        "ssl_cert": tls.certificate,
        "ssl_key": tls.key,
        "ssl_protocol_min": tls.minimum_version,
        "ssl_ca": tls.client_ca,
        "ssl_client_verify": tls.client_ca is not None,
    }


def _levels_only() -> dict[str, Any]:
    return {"version": 1, "incremental": True, "formatters": {}, "handlers": {}, "loggers": {"_granian": {}}}
