"""Names of logs, addresses to listen on, networks."""

from __future__ import annotations

import pytest

from indelible.config import check_log_name, parse_listen
from indelible.config.values import Rule, Unit, from_text
from indelible.errors import ConfigurationError, UsageError


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


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("8MiB", "bytes", 8 << 20),
        ("8 MiB", "bytes", 8 << 20),
        ("1.5 GiB", "bytes", 3 << 29),
        ("70", "bytes", 70),
        ("250ms", "seconds", 0.25),
        ("90 s", "seconds", 90.0),
        ("2h", "seconds", 7_200.0),
        ("7d", "seconds", 604_800.0),
    ],
)
def test_from_text_reads_quantities(text: str, unit: Unit, expected: float) -> None:
    """Sizes in powers of 1024, durations in the usual units, bare numbers in the setting's own."""
    default = 1 if unit == "bytes" else 1.0
    assert from_text(text, default, Rule(unit=unit, low=0, high=1e12)) == expected


@pytest.mark.parametrize("text", ["8 MB", "8mib", "MiB", "-1", "1e3", "8  MiB", "0.3", "٣"])
def test_from_text_refuses_what_could_be_misread(text: str) -> None:
    """No decimal units, no exponents, no fraction of a byte."""
    with pytest.raises(ConfigurationError):
        from_text(text, 1, Rule(unit="bytes", low=0, high=1e12))
