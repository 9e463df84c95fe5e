"""Indelible: an immutable, verifiable audit log.

::

    import indelible

    with indelible.open("./audit", create=True) as log:          # a directory, one writer, no server
        receipt = log.record("invoice.approve", actor="user:ada", targets=["invoice:9"])

    log = indelible.connect("https://audit.example.com", api_key=..., log="main")   # a server

``indelible.aio`` has the same names for ``await``; ``indelible.errors`` every error; ``indelible.verify`` the verifier.
What is named here is loaded when it is first used, so that ``import indelible`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indelible import aio, errors, verify
    from indelible.client import connect
    from indelible.embedded import open  # noqa: A004 - the name that INTERFACES gives it
    from indelible.sdk.answers import Entry, Proof, SignedCheckpoint
    from indelible.sdk.audit_log import AuditLog, Receipt
    from indelible.sdk.feed import Flow, Results
    from indelible.sdk.found import Bucket, Coverage, Facets, FoundEntry, Histogram

__all__ = [
    "AuditLog",
    "Bucket",
    "Coverage",
    "Entry",
    "Facets",
    "Flow",
    "FoundEntry",
    "Histogram",
    "Proof",
    "Receipt",
    "Results",
    "SignedCheckpoint",
    "__version__",
    "aio",
    "connect",
    "errors",
    "open",
    "verify",
]

__version__ = "0.1.0"

_HOMES = {
    "AuditLog": "indelible.sdk.audit_log",
    "Bucket": "indelible.sdk.found",
    "Coverage": "indelible.sdk.found",
    "Entry": "indelible.sdk.answers",
    "Facets": "indelible.sdk.found",
    "Flow": "indelible.sdk.feed",
    "FoundEntry": "indelible.sdk.found",
    "Histogram": "indelible.sdk.found",
    "Proof": "indelible.sdk.answers",
    "Receipt": "indelible.sdk.audit_log",
    "Results": "indelible.sdk.feed",
    "SignedCheckpoint": "indelible.sdk.answers",
    "connect": "indelible.client",
    "open": "indelible.embedded",
}
_MODULES = ("aio", "errors", "verify")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"indelible.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'indelible' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
