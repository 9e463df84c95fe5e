"""Indelible: an immutable, verifiable audit log."""

from __future__ import annotations

__version__ = "0.1.0"
