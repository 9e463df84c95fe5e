"""Reads the vectors of this folder; its README says where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def vectors(name: str) -> dict[str, Any]:
    """The content of ``<name>.json``."""
    content: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
    return content
