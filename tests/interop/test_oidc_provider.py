"""A certified OpenID provider's tokens let in: a job that holds no stored secret writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.cli.command import Command
from tests.e2e.http.test_sign_in import cookie_of
from tests.interop.oidc_provider import AUDIENCE, running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.cli.command import Serving
    from tests.interop.oidc_provider import RunningProvider

pytestmark = pytest.mark.xdist_group("oidc-provider")


CALLBACK = "https://audit.example.com/auth/ci/callback"
"""Where the provider sends people back to. No such host: the tests take the way from there on their own."""


CONFIGURATION = """
[identity_providers.ci]
issuer = "{issuer}"
audience = "{audience}"
client_id = "console"
client_secret_file = "client-secret"
redirect_uri = "{callback}"

[[identity_providers.ci.rules]]
claims = {{ repository = "acme/app", ref = "refs/heads/*" }}
grants = ["writer:main"]

[[identity_providers.ci.rules]]
claims = {{ sub = "ada" }}
grants = ["auditor:*"]
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider(CALLBACK) as provider:
        yield provider


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider) -> Command:
    """A data directory whose configuration lets in the jobs of one repository's main branch."""
    folder: Path = tmp_path_factory.mktemp("oidc")
    command = Command(folder)
    command("init", "--json").expect(0)
    (folder / "data" / "client-secret").write_text("console-secret\n")
    (folder / "data" / "client-secret").chmod(0o600)
    with (folder / "data" / "indelible.toml").open("a") as file:
        file.write(CONFIGURATION.format(issuer=provider.issuer, audience=AUDIENCE, callback=CALLBACK))
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


@pytest.fixture
def browser(server: Serving) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


def begin(browser: httpx.Client, provider: RunningProvider, person: str) -> str:
    """Begin to sign in, go through the provider's own pages; gives the query with which it sends the browser back."""
    begun = browser.get("/auth/ci/start")
    assert begun.status_code == 303
    assert begun.headers["location"].startswith(f"{provider.issuer}/")
    browser.headers["Cookie"] = begun.headers["set-cookie"].partition(";")[0]
    back, _, query = provider.sign_in(begun.headers["location"], person).partition("?")
    assert back == CALLBACK
    return query


def test_person_signs_in_at_the_provider(browser: httpx.Client, provider: RunningProvider) -> None:
    """Authorization code flow with PKCE, end to end; the session is the subject's, and what its claims give."""
    answer = browser.get(f"/auth/ci/callback?{begin(browser, provider, 'ada')}")
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/"
    browser.headers.update({"Cookie": cookie_of(answer), "Sec-Fetch-Site": "same-origin"})
    session = browser.get("/auth/session").json()
    assert (session["principal"], session["grants"]) == ("oidc:ci:ada", [{"role": "auditor", "log": "*"}])
    size = browser.get("/v1/logs/_system").json()["journaled"]
    records = [browser.get(f"/v1/logs/_system/events/{index}").json() for index in range(size)]
    login = next(record for record in reversed(records) if record["action"] == "indelible.login")
    assert (login["actor"]["id"], login["metadata"]) == ("ci:ada", {"method": "oidc"})


def test_person_without_a_role_is_told_so(browser: httpx.Client, provider: RunningProvider) -> None:
    """Known to the provider and granted nothing: 403, with the name that an administrator can grant something."""
    answer = browser.get(f"/auth/ci/callback?{begin(browser, provider, 'eve')}")
    assert answer.status_code == 403
    assert "oidc:ci:eve" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


def test_attempt_is_finished_by_the_browser_that_began_it(
    browser: httpx.Client, server: Serving, provider: RunningProvider
) -> None:
    """A code that somebody else got hold of, or planted, signs nobody in; and an attempt is used up by the first."""
    query = begin(browser, provider, "ada")
    assert httpx.get(f"{server.url}/auth/ci/callback?{query}").status_code == 401
    assert browser.get(f"/auth/ci/callback?{query}").status_code == 401
    for wrong in ("state=x&code=y", "code=y", "state=x", "error=access_denied&state=x"):
        assert browser.get(f"/auth/ci/callback?{wrong}").status_code == 401


def test_code_is_good_once(browser: httpx.Client, provider: RunningProvider) -> None:
    """The same answer again, from the same browser, is no second session."""
    query = begin(browser, provider, "ada")
    assert browser.get(f"/auth/ci/callback?{query}").status_code == 200
    assert browser.get(f"/auth/ci/callback?{query}").status_code == 401


@pytest.mark.parametrize("spoil", [("iss=http", "iss=https"), ("code=", "code=x")], ids=["issuer", "code"])
def test_answer_of_another_is_refused(browser: httpx.Client, provider: RunningProvider, spoil: tuple[str, str]) -> None:
    """RFC 9207: whoever mixes up two providers is not believed; nor is a code that the provider does not know."""
    query = begin(browser, provider, "ada").replace(*spoil)
    assert browser.get(f"/auth/ci/callback?{query}").status_code == 401
