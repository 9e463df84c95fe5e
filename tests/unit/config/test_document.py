"""The configuration: what is written is read back, what is not understood is refused with its place and the remedy."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.config import Configuration, LogConfiguration, append_log, initial_document, load_configuration
from indelible.config.sections import Setting, sections
from indelible.errors import ConfigurationError

_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
_NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
_LOGS = st.builds(
    LogConfiguration,
    name=_NAMES,
    origin=_TEXTS,
    vkeys=st.lists(_TEXTS, max_size=3).map(tuple),
    public=st.booleans(),
    read_only=st.booleans(),
)
SETTINGS = [setting for section in sections() for setting in section.settings]


def load(text: str = "", **environment: str) -> Configuration:
    return load_configuration(text, source="here.toml", environment=environment).configuration


@given(st.lists(_LOGS, max_size=4, unique_by=lambda log: log.name))
def test_append_log_is_read_back_equal(logs: list[LogConfiguration]) -> None:
    """Whatever log can be made survives the file, and so do those before it."""
    text = initial_document()
    for log in logs:
        text = append_log(text, log)
    assert dict(load(text).logs) == {log.name: log for log in logs}


def test_append_log_leaves_what_a_person_wrote() -> None:
    """Settings and comments stay as they are."""
    text = "# mine\n[server]\nlisten = '[::1]:80' # why\n\n\n"
    more = append_log(text, LogConfiguration(name="a", origin="o", vkeys=()))
    assert more.startswith(text.rstrip())
    assert load(more).server.listen == "[::1]:80"


def test_initial_document_sets_nothing() -> None:
    """A new directory follows the defaults, and those of later versions."""
    assert load(initial_document()) == Configuration()


def test_load_configuration_reads_the_first_release_s_file() -> None:
    """Its spelling of the publish interval still counts, and beside the present one it is a contradiction."""
    text = "[server]\nlisten = '127.0.0.1:1'\nmetrics_public = true\n[publish]\ninterval = 2\n"
    configuration = load(text)
    assert (configuration.log.publish_interval, configuration.server.metrics_public) == (2.0, True)
    with pytest.raises(ConfigurationError, match="former name of"):
        load(text + "[log]\npublish_interval = 3\n")


PROVIDER = "[identity_providers.ci]\nissuer = 'https://idp.example.com'\naudience = 'a'\n"


def test_load_configuration_reads_identity_providers() -> None:
    """Whose tokens let in, which claims give which roles; what is not said has its default."""
    rules = "rules = [{ claims = { repository = 'acme/*' }, grants = ['writer:ci', 'reader:ci tenant:a'] }]\n"
    provider = load(PROVIDER + rules).identity_providers["ci"]
    assert (provider.name, provider.issuer, provider.audience) == ("ci", "https://idp.example.com", "a")
    assert provider.rules == (({"repository": "acme/*"}, ("writer:ci", "reader:ci tenant:a")),)
    assert (provider.algorithms, provider.leeway) == (("RS256", "ES256", "EdDSA"), 60.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nlisten = ", "here.toml is not TOML"),
        ("[sever]\n", "here.toml: unknown key 'sever'; did you mean 'server'"),
        ("[server]\nlisten_on = 'x'\n", r"here.toml: \[server\]: unknown key 'listen_on'; did you mean 'listen'"),
        ("[server]\nlisten = 8420\n", r"here.toml: \[server\] listen: must be a text"),
        ("[server]\nlisten = 'localhost'\n", r"\[server\] listen: .* write HOST:PORT"),
        ("[server]\nmetrics_public = 'yes'\n", "true or false"),
        ("[server]\nmax_body = '8 MB'\n", r"max_body: must be bytes between 1,024 and"),
        ("[server]\nmax_body = 1.5\n", "must be bytes"),
        ("[server]\nmax_body = true\n", "must be bytes"),
        ("[server]\nthreads = inf\n", "must be threads"),
        ("[log]\npublish_interval = 0\n", "seconds between 0.01 and"),
        ("[log]\npublish_interval = true\n", "seconds between"),
        ("[log]\npublish_interval = nan\n", "seconds between"),
        ("[log]\npublish_interval = '1 minute'\n", "seconds between"),
        ("[index]\nsegment_entries = 1000\n", "multiple of 256 entries between 256 and"),
        ("[tls]\nminimum_version = '1.1'\n", "one of 1.2, 1.3"),
        ("[tls]\ncertificate = 'a.pem'\n", "belong together"),
        ("[tls]\nclient_ca = 'a.pem'\n", "needs a certificate"),
        ("[proxy]\ntrusted = '10.0.0.0/8'\n", "list of texts"),
        ("[proxy]\ntrusted = ['10.0.0.1/8']\n", "not a network"),
        ("[proxy]\nclient_certificate = true\n", "needs the proxies"),
        ("[certificates.'dns:a']\ngrants = []\n", "nobody vouches for"),
        ("[certificates.'a']\ngrants = []\n", "begin it with uri:"),
        ("[server]\nmax_in_flight = '1 MiB'\n", "less than one body"),
        ("[identity_providers.Big]\n", "call it 1 to 32"),
        ("[identity_providers.ci]\naudience = 'a'\n", r"\[identity_providers.ci\]: issuer is missing"),
        (PROVIDER + "secret = 'x'\n", "unknown key 'secret'"),
        (PROVIDER + "leeway = 3600\n", "seconds between 0 and 300"),
        (PROVIDER + "algorithms = 'RS256'\n", "algorithms must be a list"),
        (PROVIDER + "client_id = 'x'\n", "redirect_uri belong together"),
        (PROVIDER + "rules = [{ claims = {}, grants = ['writer:main'] }]\n", "at least one claim"),
        (PROVIDER + "rules = [{ claims = { a = 1 }, grants = ['writer:main'] }]\n", "at least one claim"),
        (PROVIDER + "rules = [{ claims = { a = 'b' } }]\n", r"rules\[0\]: grants must be a list"),
        ("logs = 3\n", "here.toml: logs must be a table"),
        ("[logs.main]\npublic = true\n", r"here.toml: \[logs.main\]: origin must be a text"),
        ("[logs.main]\nvkeys = [1]\norigin = 'a'\n", "vkeys must be a list"),
        ("[logs.main]\nread_only = 1\norigin = 'a'\n", "read_only must be true or false"),
        ("[logs.UPPER]\nvkeys = []\norigin = 'a'\n", "cannot name a log"),
    ],
)
def test_load_configuration_names_what_cannot_work(text: str, said: str) -> None:
    """A setting that cannot work is an error that names its place; nothing is silently ignored."""
    with pytest.raises(ConfigurationError, match=said):
        load(text)


@pytest.mark.parametrize(
    "vouching",
    [
        "[tls]\ncertificate = 'a.pem'\nkey = 'a.key'\nclient_ca = 'ca.pem'\n",
        "[proxy]\ntrusted = ['127.0.0.1/32']\nclient_certificate = true\n",
    ],
)
def test_load_configuration_reads_identities_that_somebody_vouches_for(vouching: str) -> None:
    """The server's own TLS, or a proxy."""
    (identity,) = load(vouching + "[certificates.'dns:a']\ngrants = ['writer:main']\n").certificates.values()
    assert (identity.name, identity.grants) == ("dns:a", ("writer:main",))


def test_load_configuration_puts_the_environment_first() -> None:
    """The variable beats the file, the file beats the default; where each came from is known."""
    loaded = load_configuration(
        "[server]\nthreads = 2\nmax_body = '2MiB'\n",
        source="here.toml",
        environment={"INDELIBLE_SERVER_THREADS": "3", "INDELIBLE_PROXY_TRUSTED": "10.0.0.0/8, fd00::/8"},
    )
    server = loaded.configuration.server
    assert (server.threads, server.max_body, server.max_proofs) == (3, 2 << 20, 1_000)
    assert loaded.configuration.proxy.trusted == ("10.0.0.0/8", "fd00::/8")
    assert loaded.sources == {
        ("server", "threads"): "INDELIBLE_SERVER_THREADS",
        ("server", "max_body"): "here.toml: [server] max_body",
        ("proxy", "trusted"): "INDELIBLE_PROXY_TRUSTED",
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INDELIBLE_SERVER_MAX_BDY", "1", "did you mean 'INDELIBLE_SERVER_MAX_BODY'"),
        ("INDELIBLE_LOG_POOL_BYTES", "lots", "INDELIBLE_LOG_POOL_BYTES: must be bytes"),
        ("INDELIBLE_SERVER_READ_ONLY", "1", "INDELIBLE_SERVER_READ_ONLY: must be true or false"),
        ("INDELIBLE_LISTEN", "here", "INDELIBLE_LISTEN: .*write HOST:PORT"),
    ],
)
def test_load_configuration_refuses_variables_that_cannot_be_meant(name: str, value: str, said: str) -> None:
    """A misspelt variable is as bad as a misspelt key."""
    with pytest.raises(ConfigurationError, match=said):
        load(**{name: value})


def test_load_configuration_leaves_other_variables_alone() -> None:
    """Those of other commands, empty ones, and those that Kubernetes sets beside a Service of our name."""
    assert (
        load(
            INDELIBLE_DATA="x",
            INDELIBLE_SERVER_THREADS="",
            INDELIBLE_SERVER_PORT="tcp://10.0.0.1:80",
            INDELIBLE_SERVER_PORT_80_TCP_ADDR="10.0.0.1",
            INDELIBLE_SERVER_SERVICE_HOST="10.0.0.1",
            INDELIBLE_LOG_SERVICE_PORT_HTTP="80",
        )
        == Configuration()
    )


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.section}.{setting.key}")
def test_every_setting_is_whole(setting: Setting) -> None:
    """Each has a meaning, a default that is allowed, and numbers have a unit and bounds."""
    assert setting.meaning.endswith((".", ")")), setting.meaning
    if isinstance(setting.default, int | float) and not isinstance(setting.default, bool):
        assert setting.rule.unit
        assert -math.inf < setting.rule.low <= setting.default <= setting.rule.high < math.inf
    if setting.rule.choices:
        assert setting.default in setting.rule.choices


def test_every_setting_has_a_variable_of_its_own() -> None:
    """No two settings share one, and what is written there is read back."""
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)
    shown = {
        setting.variable: ",".join(setting.default)
        if isinstance(setting.default, tuple)
        else str(setting.default).lower()
        if isinstance(setting.default, bool)
        else str(setting.default)
        for setting in SETTINGS
    }
    assert asdict(load(**shown).server) == asdict(Configuration().server)
    assert load(**shown).log == Configuration().log
