"""The bare ASGI application beside which single requests are measured: it reads a body and answers with it.

It runs on the very set-up of the real server (``run_server``), so that what differs is Indelible's own work.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from indelible.server import ServerSettings, run_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from indelible.server import Application

__all__ = ["Echo", "main"]


class Echo:
    """An ASGI application; what ``run_server`` asks of one besides is answered with the defaults."""

    settings = ServerSettings()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer with the request's body, status 200."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        """There is nothing to close."""


def _announce(host: str, port: int) -> None:
    sys.stderr.write(f"listening on http://{host}:{port}\n")
    sys.stderr.flush()


def main() -> None:
    """Serve on a free port of the loopback interface until told to stop."""
    run_server(cast("Application", Echo()), host="127.0.0.1", port=0, on_listening=_announce)


if __name__ == "__main__":
    main()
