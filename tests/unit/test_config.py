"""The configuration file: what is written is read back, what is not understood is refused with the remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.config import (
    Configuration,
    LogConfiguration,
    check_log_name,
    encode_configuration,
    parse_configuration,
    parse_listen,
)
from indelible.errors import ConfigurationError, UsageError

_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
_NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
_LOGS = st.builds(
    LogConfiguration, name=_NAMES, origin=_TEXTS, vkeys=st.lists(_TEXTS, max_size=3).map(tuple), public=st.booleans()
)


@given(st.lists(_LOGS, max_size=4), st.booleans(), st.floats(0.01, 60))
def test_encode_configuration_is_read_back_equal(
    logs: list[LogConfiguration], metrics_public: bool, interval: float
) -> None:
    """Whatever can be configured survives the file."""
    configuration = Configuration(metrics_public=metrics_public, publish_interval=interval)
    for log in logs:
        configuration = configuration.with_log(log)
    assert parse_configuration(encode_configuration(configuration)) == configuration


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nlisten = ", "not TOML"),
        ("[sever]\n", "did you mean 'server'"),
        ("[server]\nlisten_on = 'x'\n", "unknown key 'listen_on'"),
        ("[server]\nlisten = 8420\n", "listen must be a text"),
        ("[server]\nlisten = 'localhost'\n", "write HOST:PORT"),
        ("[server]\nmetrics_public = 'yes'\n", "true or false"),
        ("[publish]\ninterval = 0\n", "between 0.01 and 60"),
        ("[publish]\ninterval = true\n", "between 0.01 and 60"),
        ("[publish]\ninterval = nan\n", "between 0.01 and 60"),
        ("logs = 3\n", "logs must be a table"),
        ("[logs.main]\npublic = true\n", "origin must be a text"),
        ("[logs.main]\nvkeys = [1]\norigin = 'a'\n", "vkeys must be a list"),
        ("[logs.UPPER]\nvkeys = []\norigin = 'a'\n", "cannot name a log"),
    ],
)
def test_parse_configuration_names_what_cannot_work(text: str, said: str) -> None:
    """A setting that cannot work is an error that names it; nothing is silently ignored."""
    with pytest.raises(ConfigurationError, match=said.replace("(", r"\(")) as raised:
        parse_configuration(text, source="here.toml")
    assert "here.toml" in str(raised.value) or "HOST:PORT" in str(raised.value)


@pytest.mark.parametrize("name", ["main", "a", "0", "team-a", "a.b_c", "a" * 63])
def test_check_log_name_takes_the_documented_names(name: str) -> None:
    """1 to 63 of the documented characters."""
    check_log_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "-a", "A", "a/b", "a" * 64, "ä", "a\n", "_system", "_"])
def test_check_log_name_refuses_all_others(name: str) -> None:
    """Anything that could leave its folder, or belongs to the system, is refused."""
    with pytest.raises(UsageError):
        check_log_name(name)


def test_check_log_name_leaves_the_underscore_to_the_system() -> None:
    """The system's own logs begin with an underscore, and only they do."""
    check_log_name("_system", system=True)
    for name in ("_", "__a", "_A", "_/x"):
        with pytest.raises(UsageError):
            check_log_name(name, system=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:8420", ("127.0.0.1", 8420)), ("[::1]:0", ("::1", 0)), ("localhost:65535", ("localhost", 65535))],
)
def test_parse_listen_splits_host_and_port(text: str, expected: tuple[str, int]) -> None:
    """HOST:PORT, with brackets around IPv6."""
    assert parse_listen(text) == expected


@pytest.mark.parametrize("text", ["", ":1", "host", "host:", "host:65536", "host:-1", "host:08", "::1:80", "host:8a"])
def test_parse_listen_refuses_what_is_no_address(text: str) -> None:
    """Ambiguous or impossible addresses are refused."""
    with pytest.raises(ConfigurationError):
        parse_listen(text)
