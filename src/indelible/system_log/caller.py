"""Who does something, and from where: what a record of the server's own events says about it."""

from __future__ import annotations

import ipaddress

from msgspec import Struct

__all__ = ["Caller"]

_MAX_ID = 256
_MAX_USER_AGENT = 512


class Caller(Struct, frozen=True, kw_only=True):
    """Whoever asks for an act.

    Attributes:
        id: The principal, as ``type:id``: ``api-key:7kq2m3xa90bd``, ``oidc:github:repo:acme/app``, ``local:ada``.
        name: The principal's name, for people.
        ip: The address that the request came from; empty when there was no request.
        user_agent: The program that it says it is.
        request_id: What names the request in the server's own log and in the answer.
    """

    id: str
    name: str = ""
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""

    @property
    def actor(self) -> dict[str, str]:
        """The record's ``actor``."""
        kind, _, name = self.id.partition(":")
        actor = {"type": kind, "id": name[:_MAX_ID] or "-"}
        if self.name:
            actor["name"] = self.name[:_MAX_ID]
        return actor

    @property
    def context(self) -> dict[str, str]:
        """The record's ``context``: what is known of where it came from. An address that is none is left out."""
        context = {"service": "indelible"}
        if _is_address(self.ip):
            context["ip"] = self.ip
        if self.user_agent:
            shown = self.user_agent[:_MAX_USER_AGENT].encode("ascii", "replace").decode()
            context["user_agent"] = "".join(each if each.isprintable() else "?" for each in shown)
        if self.request_id:
            context["request_id"] = self.request_id
        return context


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone means something on this machine only
