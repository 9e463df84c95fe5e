"""What an administrator asks of a server: its logs and API keys, as the JSON objects that INTERFACES defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from indelible.client.exchange import Exchange, SyncTransport
from indelible.client.plans import decode
from indelible.client.problem import error_of
from indelible.config import check_log_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from indelible.client.exchange import Answer

__all__ = ["Administration"]


class _Logs(msgspec.Struct):
    logs: list[dict[str, Any]]


class _ApiKeys(msgspec.Struct):
    api_keys: list[dict[str, Any]]


class _Grants(msgspec.Struct):
    grants: list[dict[str, Any]]


class Administration:
    """A server, to be administered. Every act is recorded there. Raises as :mod:`indelible.client.problem` says."""

    def __init__(self, url: str, *, api_key: str | None) -> None:
        self._transport = SyncTransport(url, api_key=api_key)

    def logs(self) -> list[dict[str, Any]]:
        """The description of every log that the key may see."""
        return decode(self._ask("GET", "/v1/logs"), _Logs).logs

    def log(self, name: str) -> dict[str, Any]:
        """One log's description: ``GET /v1/logs/{log}``."""
        check_log_name(name, system=True)
        return decode(self._ask("GET", f"/v1/logs/{name}"), dict[str, Any])

    def create_log(self, name: str, *, origin: str | None, public: bool) -> dict[str, Any]:
        """Create a log, and give its description."""
        check_log_name(name)
        wanted: dict[str, Any] = {"log": name, "public": public}
        if origin is not None:
            wanted["origin"] = origin
        return decode(self._ask("POST", "/v1/logs", wanted), dict[str, Any])

    def api_keys(self) -> list[dict[str, Any]]:
        """Every API key, without its secret."""
        return decode(self._ask("GET", "/v1/api-keys"), _ApiKeys).api_keys

    def api_key(self, key_id: str) -> dict[str, Any]:
        """One API key, without its secret."""
        return decode(self._ask("GET", _key_path(key_id)), dict[str, Any])

    def create_api_key(
        self,
        *,
        name: str,
        grants: list[dict[str, str]],
        expires_at: str | None = None,
        limit: Mapping[str, int | None] | None = None,
    ) -> dict[str, Any]:
        """Make an API key; the answer holds its secret, for the only time."""
        wanted: dict[str, Any] = {"name": name, "grants": grants, "limit": dict(limit or {})}
        if expires_at is not None:
            wanted["expires_at"] = expires_at
        return decode(self._ask("POST", "/v1/api-keys", wanted), dict[str, Any])

    def rotate_api_key(self, key_id: str, *, overlap: int, expires_at: str | None = None) -> dict[str, Any]:
        """Replace a key, which works on for ``overlap`` seconds; the answer holds the new one's secret."""
        wanted: dict[str, Any] = {"overlap": overlap}
        if expires_at is not None:
            wanted["expires_at"] = expires_at
        return decode(self._ask("POST", f"{_key_path(key_id)}/rotate", wanted), dict[str, Any])

    def revoke_api_key(self, key_id: str) -> None:
        """Make a key worthless, at once."""
        self._ask("DELETE", _key_path(key_id))

    def grants(self, principal: str | None = None) -> list[dict[str, Any]]:
        """Every grant, or those of one principal."""
        query = "" if principal is None else f"?principal={quote(principal, safe='')}"
        return decode(self._ask("GET", f"/v1/grants{query}"), _Grants).grants

    def create_grant(self, *, principal: str, role: str, log: str, query: str | None) -> dict[str, Any]:
        """Grant a role, and give the grant."""
        wanted = {"principal": principal, "role": role, "log": log, "query": query}
        return decode(self._ask("POST", "/v1/grants", wanted), dict[str, Any])

    def delete_grant(self, grant_id: int) -> None:
        """Take a role back, at once."""
        self._ask("DELETE", f"/v1/grants/{grant_id}")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self._transport.exchange(Exchange(method=method, path=path, content=content, headers=headers))
        if answer.status not in (200, 201, 204):
            raise error_of(answer)
        return answer


def _key_path(key_id: str) -> str:
    return f"/v1/api-keys/{quote(key_id, safe='')}"
