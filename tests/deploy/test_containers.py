"""Dockerfile and compose file: what they copy exists, nobody is root, and every setting is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.deploy.known import DEPLOY, check_command, check_setting, load_yaml

ROOT = DEPLOY.parent
INSTRUCTIONS = {
    *("FROM", "ENV", "WORKDIR", "RUN", "COPY", "LABEL", "USER", "VOLUME", "EXPOSE"),
    *("STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
}


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^\s*#.*\n", "", (DEPLOY / "docker" / "Dockerfile").read_text("utf-8"))
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for instruction, value in instructions():
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, value))
    return found


def test_dockerfile_copies_what_there_is() -> None:
    """From the repository, and what .dockerignore lets through: no data and no key gets into an image."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    for instruction, value in instructions():
        assert instruction in INSTRUCTIONS
        if instruction == "COPY" and "--from=" not in value:
            *sources, _ = value.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source in allowed


def test_dockerfile_installs_by_hash_and_pins_its_base() -> None:
    """Whoever controls a mirror does not control the image's packages."""
    for instruction, value in instructions():
        if instruction == "FROM":
            assert re.fullmatch(r"python:3\.\d+-slim-\w+( AS build)?", value)
        if instruction == "RUN" and "pip install" in value:
            assert "--no-deps" in value
            assert "--require-hashes" in value or value.endswith("--no-build-isolation .")
        assert not re.search(r"\b(curl|wget|ADD)\b", value)


def test_image_runs_as_nobody_special() -> None:
    """The last stage ends with a user that is not root, and its command is one."""
    last = stages()[-1]
    assert [value for instruction, value in last if instruction == "USER"] == ["10001:10001"]
    assert ("ENTRYPOINT", '["indelible"]') in last
    (command,) = [load_yaml(value) for instruction, value in last if instruction == "CMD"]
    check_command(command)
    for instruction, value in last:
        if instruction == "ENV":
            for pair in shlex.split(value):
                check_setting(*pair.split("=", 1))


def test_compose_file_runs_the_image_confined() -> None:
    """Only this machine reaches it, it writes only to its volume, and gains nothing."""
    file = DEPLOY / "docker" / "compose.yaml"
    document = load_yaml(file.read_text("utf-8"))
    assert set(document) == {"name", "services", "volumes"}
    (service,) = document["services"].values()
    assert set(service) <= {
        *("image", "build", "command", "ports", "volumes", "environment", "restart", "stop_grace_period"),
        *("read_only", "tmpfs", "cap_drop", "security_opt", "ulimits"),
    }
    context = (file.parent / service["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / service["build"]["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    (volume,) = service["volumes"]
    assert volume.split(":")[0] in document["volumes"]
    check_command(service["command"])
    for name, value in service["environment"].items():
        check_setting(name, value)


def test_compose_file_outlasts_a_drain() -> None:
    """A container is not killed while the server still answers what it has taken."""
    from indelible.config import ServerSettings  # noqa: PLC0415 - beside its only use

    document = load_yaml((DEPLOY / "docker" / "compose.yaml").read_text("utf-8"))
    grace = int(document["services"]["indelible"]["stop_grace_period"].removesuffix("s"))
    assert grace > ServerSettings().drain_timeout
    assert Path("/var/lib/indelible") == Path(document["services"]["indelible"]["volumes"][0].split(":")[1])
