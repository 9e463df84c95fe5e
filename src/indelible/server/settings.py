"""The server's limits: one frozen structure, every field with its unit and default."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServerSettings"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How much a request may bring, and how much may be in hand at once.

    Attributes:
        max_body: Bytes of a request's body as sent, compressed or not.
        max_decompressed: Bytes of a body once decompressed.
        max_admin_body: Bytes of a body that administers (a new log, a new key).
        max_in_flight: Bytes of all bodies in hand at once, decompressed ones too; beyond it requests get 429.
        inline_body: Bytes up to which a body is admitted on the event loop; larger ones are admitted in a thread.
        max_proofs: Events of one request that may be answered with a proof each.
        threads: Threads for work that blocks: large bodies, reading entries, proofs, control data.
        body_timeout: Seconds within which a body must have arrived.
        publish_timeout: Seconds that ``wait=published`` waits for a signed checkpoint before it answers 503.
        drain_timeout: Seconds that requests in hand get to finish once the server has been told to stop.
        requests_per_second: Requests a second of a principal without a limit of its own; ``None``: any number.
        events_per_second: Events a second of a principal without a limit of its own; ``None``: any number.
        metrics_public: Whether ``/metrics`` answers without credentials.
    """

    max_body: int = 8 * _MIB
    max_decompressed: int = 32 * _MIB
    max_admin_body: int = _MIB // 16
    max_in_flight: int = 256 * _MIB
    inline_body: int = _MIB // 16
    max_proofs: int = 1_000
    threads: int = 4
    body_timeout: float = 60.0
    publish_timeout: float = 30.0
    drain_timeout: float = 20.0
    requests_per_second: int | None = None
    events_per_second: int | None = None
    metrics_public: bool = False
