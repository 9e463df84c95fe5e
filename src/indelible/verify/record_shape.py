"""The shape of a record, for reading a great many of them.

These structs are the record of :mod:`indelible.events.record` without its limits, and with their fields in alphabetical
order, which lets msgspec print them as canonical JSON without sorting. They decide nothing: a record that they do not
fit is read by other means. A test holds the two declarations together.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

__all__ = ["ActorShape", "ContextShape", "OnBehalfOfShape", "ProducerShape", "RecordShape", "SmallShape", "TargetShape"]

_Text = str | UnsetType


class _Shape(Struct, gc=False):
    """Fields in alphabetical order; what is absent is not printed either."""


class OnBehalfOfShape(_Shape, kw_only=True):
    """``actor.on_behalf_of``."""

    id: _Text = UNSET
    name: _Text = UNSET
    type: _Text = UNSET


class ActorShape(_Shape, kw_only=True):
    """``actor``."""

    attributes: Any = UNSET
    auth_method: _Text = UNSET
    email: _Text = UNSET
    id: _Text = UNSET
    name: _Text = UNSET
    on_behalf_of: OnBehalfOfShape | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET
    session_id: _Text = UNSET
    type: _Text = UNSET


class TargetShape(_Shape, kw_only=True):
    """One of ``targets``."""

    attributes: Any = UNSET
    href: _Text = UNSET
    id: _Text = UNSET
    name: _Text = UNSET
    type: _Text = UNSET


class ContextShape(_Shape, kw_only=True):
    """``context``."""

    environment: _Text = UNSET
    http: Any = UNSET
    ip: _Text = UNSET
    location: _Text = UNSET
    request_id: _Text = UNSET
    service: _Text = UNSET
    service_version: _Text = UNSET
    span_id: _Text = UNSET
    trace_id: _Text = UNSET
    user_agent: _Text = UNSET


class ProducerShape(_Shape, kw_only=True):
    """``producer``."""

    id: str
    prev: _Text = UNSET
    seq: int


class RecordShape(_Shape, kw_only=True):
    """A record."""

    action: _Text = UNSET
    actor: ActorShape | UnsetType = UNSET
    attachments: Any = UNSET
    changes: Any = UNSET
    context: ContextShape | UnsetType = UNSET
    id: str
    log: str
    message: _Text = UNSET
    metadata: Any = UNSET
    occurred_at: _Text = UNSET
    operation: _Text = UNSET
    outcome: _Text = UNSET
    principal: _Text = UNSET
    producer: ProducerShape | UnsetType = UNSET
    raw: Any = UNSET
    reason: _Text = UNSET
    received_at: str
    sealed: Any = UNSET
    severity: _Text = UNSET
    signature: Any = UNSET
    tags: list[str] | UnsetType = UNSET
    targets: list[TargetShape] | UnsetType = UNSET
    tenant: _Text = UNSET
    upstream: Any = UNSET
    v: int


class SmallShape(_Shape, kw_only=True):
    """The few fields of a record that its verification needs."""

    id: str
    log: str
    producer: ProducerShape | UnsetType = UNSET
    received_at: str
    signature: Any = UNSET
    v: int
