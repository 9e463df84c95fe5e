"""What a run was made on: a figure without its machine says nothing. No host name, no user, nothing that identifies."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from indelible.bench.search.cluster import find_binaries

__all__ = ["describe_machine"]

_PACKAGES = ("indelible", "cryptography", "duckdb", "granian", "litestar", "msgspec", "numpy", "pymerkle")


def describe_machine(directory: Path) -> dict[str, str]:
    """Processor, memory, file system of ``directory``, operating system, interpreter and libraries."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "file system": _file_system(directory),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}, {ssl.OPENSSL_VERSION}",
        "databases": ", ".join(_databases()),
        "packages": ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name))),
    }


def _databases() -> list[str]:
    """Those that searches are compared with."""
    binaries = find_binaries()
    asked = [f"{binaries}/postgres", "--version"]
    installed = [] if binaries is None else [subprocess.run(asked, check=True, capture_output=True, text=True).stdout]  # noqa: S603
    return [f"SQLite {sqlite3.sqlite_version}", *(text.strip() for text in installed)]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    if platform.system() == "Linux":
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    elif platform.system() == "Darwin":
        asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    return platform.machine()


def _file_system(directory: Path) -> str:
    """The type of the file system that holds ``directory``: that of the longest mount point above it."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return "unknown"
    path = str(directory.resolve())
    best, kind = "", "unknown"
    for line in mounts.read_text("utf-8").splitlines():
        _, point, found, *_ = line.split(" ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
