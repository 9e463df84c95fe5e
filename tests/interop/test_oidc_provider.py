"""A certified OpenID provider's tokens let in: a job that holds no stored secret writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.cli.command import Command
from tests.interop.oidc_provider import AUDIENCE, running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.cli.command import Serving
    from tests.interop.oidc_provider import RunningProvider

pytestmark = pytest.mark.xdist_group("oidc-provider")


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider("http://127.0.0.1:9/unused") as provider:
        yield provider


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider) -> Command:
    """A data directory whose configuration lets in the jobs of one repository's main branch."""
    folder: Path = tmp_path_factory.mktemp("oidc")
    command = Command(folder)
    command("init", "--json").expect(0)
    with (folder / "data" / "indelible.toml").open("a") as file:
        file.write(
            f'[identity_providers.ci]\nissuer = "{provider.issuer}"\naudience = "{AUDIENCE}"\n'
            "[[identity_providers.ci.rules]]\n"
            'claims = { repository = "acme/app", ref = "refs/heads/*" }\ngrants = ["writer:main"]\n'
        )
    command("config", "check").expect(0)
    return command


@pytest.fixture(scope="module")
def server(command: Command) -> Iterator[Serving]:
    with command.serving() as server:
        yield server


def test_job_writes_with_the_token_of_its_provider(
    command: Command, server: Serving, provider: RunningProvider
) -> None:
    """Over HTTP and with the command line, as the subject that the provider names; and it reads nothing."""
    token = provider.job_token()
    recorded = command(
        "record", "deploy.done", "--actor", "job:42", "--url", server.url, "--json", INDELIBLE_API_KEY=token
    ).expect(0)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/v1/logs/main/events/0", headers=headers).status_code == 403
    shown = command("show", recorded.json["id"], "--json").expect(0).json
    assert shown["principal"] == "oidc:ci:ci"


def test_token_that_was_changed_is_refused(server: Serving, provider: RunningProvider) -> None:
    """One character of the signature of a good token."""
    token = provider.job_token()
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    headers = {"Authorization": f"Bearer {changed}"}
    assert httpx.get(f"{server.url}/v1/logs", headers=headers).status_code == 401
