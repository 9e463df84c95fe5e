"""Signing in to the console with an API key, and what a session's cookie is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.access import Grant
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.http.serving import Served

PAGE = {"Sec-Fetch-Site": "same-origin", "X-Indelible-Console": "1"}
"""What a page of the server sends with its requests."""


def cookie_of(answer: httpx.Response, name: str = "__Host-indelible") -> str:
    """The cookie that an answer sets, as the browser sends it back; its attributes are checked."""
    for header in answer.headers.get_list("set-cookie"):
        pair, *attributes = [part.strip() for part in header.split(";")]
        if pair.startswith(f"{name}="):
            assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
            assert not any(attribute.lower().startswith("domain") for attribute in attributes)
            return pair
    raise AssertionError(answer.headers)


@pytest.fixture
def browser(served: Served) -> Iterator[httpx.Client]:
    """A page of the server, with the session of an administrator."""
    with httpx.Client(base_url=served.url, headers=PAGE, timeout=30) as client:
        answer = client.post("/auth/login", json={"api_key": served.secrets["admin"]})
        client.headers["Cookie"] = cookie_of(answer)
        yield client


def test_sign_in_gives_a_session(served: Served, browser: httpx.Client, log: str) -> None:
    """The cookie stands for the key with whatever it may do: reading, and changing."""
    session = browser.get("/auth/session").json()
    assert (session["name"], session["grants"]) == ("admin", [{"role": "admin", "log": "*"}])
    assert session["expires_at"]
    assert browser.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201
    assert browser.get(f"/v1/logs/{log}/events/0").json()["principal"] == session["principal"]
    assert served.secrets["admin"] not in browser.get("/auth/session").text


def test_sign_in_is_recorded_and_so_is_signing_out(served: Served, browser: httpx.Client) -> None:
    """Who, how, from where; and after it the cookie is nobody's."""
    answer = browser.post("/auth/logout")
    assert answer.status_code == 204
    assert cookie_of(answer) == '__Host-indelible=""'
    check_problem(browser.get("/auth/session"), 401)
    assert browser.post("/auth/logout").status_code == 204
    reader = served.logs.get("_system").log.reader
    texts = [reader.get(index).entry for index in range(served.journaled("_system"))]
    actions = [text for text in texts if b"indelible.login" in text or b"indelible.logout" in text]
    assert b"indelible.logout" in actions[-1]
    assert any(b'"method":"api-key"' in text for text in actions)


def test_cookie_of_another_site_s_request_is_refused(browser: httpx.Client, served: Served, log: str) -> None:
    """403 whatever is asked, before it is done; the same with a key in a header is nobody else's to send."""
    before = served.journaled(log)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Indelible-Console": ""},
    ):
        check_problem(browser.post(f"/v1/logs/{log}/events", json=EVENT, headers=headers), 403)
        check_problem(browser.post("/v1/logs", json={"log": "forged"}, headers=headers), 403)
        check_problem(browser.post("/auth/login", json={"api_key": served.secrets["admin"]}, headers=headers), 403)
    check_problem(browser.get(f"/v1/logs/{log}/events", headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert served.journaled(log) == before


def test_session_ends_with_its_key(served: Served) -> None:
    """Revoking the key ends the session at once."""
    key = served.api_keys.create(name="brief", grants=[Grant.parse("reader:main")], by=TEST)
    with httpx.Client(base_url=served.url, headers=PAGE) as client:
        client.headers["Cookie"] = cookie_of(client.post("/auth/login", json={"api_key": key.secret}))
        assert client.get("/v1/logs").status_code == 200
        served.api_keys.revoke(key.id, by=TEST)
        check_problem(client.get("/v1/logs"), 401)


def test_wrong_keys_do_not_sign_in(served: Served) -> None:
    """401, like anywhere else, and no cookie."""
    wrong = ["", "nonsense", served.secrets["admin"] + "x", served.secrets["admin"][:-1] + "0", "é" * 50, "a.b.c"]
    with httpx.Client(base_url=served.url, headers=PAGE) as client:
        for key in wrong:
            answer = client.post("/auth/login", json={"api_key": key})
            check_problem(answer, 401)
            assert "set-cookie" not in answer.headers
        for cookie in ("__Host-indelible=made-up", "__Host-indelible=", "__Host-indelible=a; __Host-indelible=b"):
            check_problem(client.get("/v1/logs", headers={"Cookie": cookie}), 401)


def test_key_in_a_header_goes_before_a_cookie(browser: httpx.Client, served: Served) -> None:
    """Whoever sends both means the header, and needs no page."""
    headers = {"Authorization": f"Bearer {served.secrets['reader']}", "Sec-Fetch-Site": "cross-site"}
    session = browser.get("/auth/session", headers=headers).json()
    assert (session["name"], session["expires_at"]) == ("reader", None)


def test_nobody_signs_in_where_no_provider_is(served: Served) -> None:
    """404; the list is empty."""
    with served.client(None) as client:
        assert client.get("/auth/providers").json() == {"providers": []}
        for path in ("start", "callback?state=x&code=y"):
            check_problem(client.get(f"/auth/corp/{path}"), 404)
