"""What is said about the machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from indelible.bench.machine import describe_machine

if TYPE_CHECKING:
    from pathlib import Path


def test_describe_machine_names_what_matters_and_nobody(tmp_path: Path) -> None:
    """Processor, memory, file system, system, interpreter, databases and packages; never the host's name."""
    machine = describe_machine(tmp_path)
    assert set(machine) == {"processor", "memory", "file system", "system", "python", "databases", "packages"}
    assert all(machine.values())
    assert "msgspec" in machine["packages"]
    words = " ".join(machine.values()).replace(",", " ").split()
    assert socket.gethostname() not in words
