"""Builds and runs the Go program of ``tests/interop/go``: golang.org/x/mod/sumdb, which knows nothing of Indelible."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "go"


def find_go() -> str:
    """The Go toolchain, or a skip that names it as missing; in CI a skip is a failure."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        pytest.skip("Go is not installed (scripts/install-test-tools installs it)")
    return go


@dataclass(frozen=True)
class GoProgram:
    """The built program. Values go in and out as JSON; ``bytes`` are base64 in it."""

    binary: Path

    @classmethod
    def build(cls, folder: Path) -> GoProgram:
        binary = folder / "interop"
        # No toolchain but the one at hand, no module but those that go.sum pins.
        environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}
        subprocess.run([find_go(), "build", "-o", str(binary), "."], cwd=SOURCE, env=environment, check=True)
        return cls(binary)

    def run(self, command: str, **task: Any) -> Any:
        """The program's answer.

        Raises:
            Refused: what was handed in does not verify; says why.
        """
        done = subprocess.run(
            [str(self.binary), command],
            input=json.dumps(task, default=lambda value: base64.b64encode(value).decode()),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        return json.loads(done.stdout)


class Refused(Exception):  # noqa: N818  # it is the answer, not a failure of the test
    """The Go program does not accept what it was given."""
