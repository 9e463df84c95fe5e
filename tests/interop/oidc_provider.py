"""Runs the certified provider of ``tests/interop/oidc``, which knows nothing of Indelible."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parent / "oidc"
AUDIENCE = "https://audit.example.com"


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """The provider, while it runs."""

    issuer: str

    def job_token(self) -> str:
        """What a CI job gets: an access token (RFC 9068) for our audience, by client credentials."""
        answer = httpx.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials", "scope": "write"},
            auth=("ci", "ci-secret"),
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def sign_in(self, address: str, person: str) -> str:
        """Sign in and consent on the provider's own pages; gives where it sends the browser back to."""
        with httpx.Client() as browser:
            answer = browser.get(address)
            for _ in range(20):
                if answer.is_redirect:
                    location = urljoin(str(answer.url), answer.headers["location"])
                    if not location.startswith(self.issuer):
                        return location
                    answer = browser.get(location)
                else:
                    form = dict(re.findall(r'name="(\w+)" value="(\w+)"', answer.text))
                    action = re.search(r'action="([^"]+)"', answer.text)
                    assert action is not None, answer.text
                    named = {**form, "login": person, "password": "x"} if form["prompt"] == "login" else form
                    answer = browser.post(urljoin(str(answer.url), action[1]), data=named)
        raise AssertionError(address)


@contextmanager
def running_provider(callback: str) -> Iterator[RunningProvider]:
    """The provider, which sends people back to ``callback``; a skip where it is not installed, a failure in CI."""
    node = shutil.which("node")
    if node is None or not (SOURCE / "node_modules").is_dir():
        pytest.skip("oidc-provider is not installed (scripts/install-test-tools installs it)")
    process = subprocess.Popen(
        [node, "provider.mjs", callback],
        cwd=SOURCE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield RunningProvider(process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
