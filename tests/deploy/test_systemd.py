"""The systemd units: what they run exists, they are hardened, and systemd has nothing to say against them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.known import DEPLOY, check_command, check_setting

if TYPE_CHECKING:
    from pathlib import Path

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


def settings(path: Path) -> list[tuple[str, str, str]]:
    """``(section, key, value)`` of a unit file, lines continued."""
    found, section = [], ""
    for line in re.sub(r"\\\n\s*", " ", path.read_text("utf-8")).splitlines():
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            found.append((section, key, value))
    return found


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_service_runs_what_there_is(path: Path) -> None:
    """Each call of ``indelible`` can be parsed by it, each variable is one that it reads."""
    commands = 0
    for _, key, value in settings(path):
        if key == "Environment":
            check_setting(*value.split("=", 1))
        if key == "ExecStart":
            program, *arguments = shlex.split(value)
            assert program == "/opt/indelible/bin/indelible"
            check_command(arguments)
            commands += 1
    assert commands == 1


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_service_is_confined(path: Path) -> None:
    """It is nobody special, and may write only where it has to."""
    found = {key: value for _, key, value in settings(path)}
    assert found["User"] == "indelible"
    assert found["ProtectSystem"] == "strict"
    assert found["ProtectHome"] == "yes"
    assert found["NoNewPrivileges"] == "yes"
    assert found["CapabilityBoundingSet"] == ""
    assert found["UMask"] == "0077"


def tool() -> str:
    """``systemd-analyze``, or a skip that names it as missing; in CI a skip is a failure."""
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed (scripts/install-test-tools installs it)")
    return found


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """Every unit, with programs that exist here in place of those that will."""
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/indelible/bin/indelible", sys.executable)
        (tmp_path / path.name).write_text(text.replace("User=indelible\nGroup=indelible\n", ""))
    done = subprocess.run(
        [tool(), "verify", "--man=no", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    own = [line for line in done.stderr.splitlines() if "indelible" in line]
    assert (done.returncode, own) == (0, [])


def test_server_is_hardly_exposed(tmp_path: Path) -> None:
    """By systemd's own measure, from 0 to 10: under 2."""
    (tmp_path / "indelible.service").write_bytes((DEPLOY / "systemd" / "indelible.service").read_bytes())
    command = [tool(), "security", "--offline=yes", "--threshold=20", str(tmp_path / "indelible.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
