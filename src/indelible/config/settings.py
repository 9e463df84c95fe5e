"""The one frozen structure: every setting with its meaning, unit, range and default.

Each dataclass is a section of ``indelible.toml``; its docstring's *Attributes* are the reference page's text. The
defaults suit one machine with an SSD. Holds no secret: keys and credentials lie in files of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from indelible.config.addresses import DEFAULT_LISTEN, parse_listen, parse_network
from indelible.config.values import Rule, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_ALGORITHMS",
    "CertificateIdentity",
    "Configuration",
    "IdentityProviderSettings",
    "IndexSettings",
    "LogConfiguration",
    "LogSettings",
    "LoggingSettings",
    "ProxySettings",
    "ReadinessSettings",
    "ServerSettings",
    "TelemetrySettings",
    "TlsSettings",
]

DEFAULT_ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""What tokens of identity providers may be signed with, unless configured otherwise."""

_KIB, _MIB, _GIB = 1 << 10, 1 << 20, 1 << 30
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens, how much a request may bring, and how much may be in hand at once.

    Attributes:
        listen: Where the server listens, ``HOST:PORT``; port 0 picks a free one.
        read_only: Take no appends and no administration: everything can be read and verified, nothing is written.
        metrics_public: Whether ``/metrics`` answers without credentials.
        max_body: A request's body as sent, compressed or not.
        max_decompressed: A body once decompressed.
        max_admin_body: A body that administers (a new log, a new key).
        max_in_flight: All bodies in hand at once, decompressed ones too; beyond it requests get 429.
        inline_body: Up to this size a body is admitted on the event loop; larger ones are admitted in a thread.
        max_proofs: Events of one request that may be answered with a proof each.
        threads: Threads for work that blocks: large bodies, reading entries, proofs, control data.
        body_timeout: Time within which a body must have arrived.
        publish_timeout: How long ``wait=published`` waits for a signed checkpoint before it answers 503.
        drain_timeout: How long requests in hand get to finish once the server has been told to stop.
        search_threads: Searches that run at once; each may use all of the index's threads.
        searches_waiting: Searches that may wait for one of those; beyond them requests get 429.
        search_timeout: How long a search may take, its wait included.
        max_streams: Live tails that may be open at once.
        max_streams_of_one: Live tails of one principal that may be open at once.
        heartbeat: A live tail says something at least once in so long, and its credentials are looked at again.
        stall_timeout: How long a client may take for a piece of a live tail or an export before it is shed.
        max_exports: Exports that run at once.
        session_idle: A session of the console ends after so long without a request.
        session_lifetime: A session of the console ends after so long at the latest.
        requests_per_second: Requests a second of a principal without a limit of its own; 0: any number.
        events_per_second: Events a second of a principal without a limit of its own; 0: any number.
    """

    listen: str = setting(DEFAULT_LISTEN, Rule(variable="INDELIBLE_LISTEN", check=parse_listen))
    read_only: bool = setting(default=False)
    metrics_public: bool = setting(default=False)
    max_body: int = setting(8 * _MIB, Rule(unit="bytes", low=_KIB, high=_GIB))
    max_decompressed: int = setting(32 * _MIB, Rule(unit="bytes", low=_KIB, high=4 * _GIB))
    max_admin_body: int = setting(64 * _KIB, Rule(unit="bytes", low=_KIB, high=_MIB))
    max_in_flight: int = setting(256 * _MIB, Rule(unit="bytes", low=64 * _KIB, high=64 * _GIB))
    inline_body: int = setting(64 * _KIB, Rule(unit="bytes", low=0, high=_MIB))
    max_proofs: int = setting(1_000, Rule(unit="proofs", low=1, high=100_000))
    threads: int = setting(4, Rule(unit="threads", low=1, high=256))
    body_timeout: float = setting(60.0, Rule(unit="seconds", low=0.01, high=3_600))
    publish_timeout: float = setting(30.0, Rule(unit="seconds", low=0.01, high=3_600))
    drain_timeout: float = setting(20.0, Rule(unit="seconds", low=0, high=3_600))
    search_threads: int = setting(2, Rule(unit="threads", low=1, high=256))
    searches_waiting: int = setting(32, Rule(unit="requests", low=0, high=100_000))
    search_timeout: float = setting(30.0, Rule(unit="seconds", low=0.01, high=3_600))
    max_streams: int = setting(256, Rule(unit="requests", low=1, high=1_000_000))
    max_streams_of_one: int = setting(32, Rule(unit="requests", low=1, high=1_000_000))
    heartbeat: float = setting(15.0, Rule(unit="seconds", low=0.05, high=3_600))
    stall_timeout: float = setting(30.0, Rule(unit="seconds", low=0.05, high=3_600))
    max_exports: int = setting(4, Rule(unit="requests", low=1, high=1_000))
    session_idle: float = setting(3_600.0, Rule(unit="seconds", low=60, high=_DAY))
    session_lifetime: float = setting(43_200.0, Rule(unit="seconds", low=60, high=30 * _DAY))
    requests_per_second: int = setting(0, Rule(unit="requests", low=0, high=1_000_000_000))
    events_per_second: int = setting(0, Rule(unit="entries", low=0, high=1_000_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How each log trades memory, latency and work.

    Attributes:
        publish_interval: Time between two checkpoints while entries arrive.
        publish_entries: Publish sooner than that once so many entries wait: it bounds the memory they take.
        resign_interval: An idle log signs its head again after so long, so that its timestamp stays recent.
        pool_entries: Entries that may wait to be sequenced before appends are refused with 429.
        pool_bytes: Their bytes, likewise.
        request_events: Events that one request may bring.
        group_entries: Entries that are sequenced and written together at most, unless one request holds more.
        unpublished_entries: Entries that may be journaled but unpublished before the sequencer waits for the publisher.
        recent_bytes: Of what was published last, so much stays in memory for the search index, which follows the log; 0
            for nothing.
        scrub_interval: Time between two scrubs of the stored log, each of which reads all of it.
        scrub_rate: How fast a scrub reads at most.
        clock_tolerance: By how much the clock may lag or leap between two groups before it is reported.
    """

    publish_interval: float = setting(0.2, Rule(unit="seconds", low=0.01, high=_DAY))
    publish_entries: int = setting(16_384, Rule(unit="entries", low=1, high=1_048_576))
    resign_interval: float = setting(3_600.0, Rule(unit="seconds", low=1, high=30 * _DAY))
    pool_entries: int = setting(100_000, Rule(unit="entries", low=1, high=10_000_000))
    pool_bytes: int = setting(64 * _MIB, Rule(unit="bytes", low=_MIB, high=16 * _GIB))
    request_events: int = setting(65_536, Rule(unit="entries", low=1, high=1_048_576))
    group_entries: int = setting(8_192, Rule(unit="entries", low=1, high=1_048_576))
    unpublished_entries: int = setting(65_536, Rule(unit="entries", low=1, high=10_000_000))
    recent_bytes: int = setting(32 * _MIB, Rule(unit="bytes", low=0, high=16 * _GIB))
    scrub_interval: float = setting(_DAY, Rule(unit="seconds", low=1, high=365 * _DAY))
    scrub_rate: int = setting(10_000, Rule(unit="entries/s", low=1, high=10_000_000))
    clock_tolerance: float = setting(1.0, Rule(unit="seconds", low=0, high=_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How each log's search index trades memory, latency and work.

    Attributes:
        enabled: Whether the server keeps indexes. Without them searches, histograms, facets and exports get 503.
        segment_entries: Entries of a segment, a multiple of 256. Segments of another size are built again.
        interval: How long the index lets entries gather, at least, before it takes them in together.
        retry_interval: After how long it tries again what failed, for want of space say.
        unsealed_segments: Full segments that may wait in memory until they are published, until there is space, or
            while many entries keep coming; beyond that the index lags behind instead.
        threads: Threads of the index's database; 0 for as many as there are processors.
        memory: What that database may use, what is not sealed yet and queries together. Once the records of full
            segments that wait have an eighth of it, they are sealed before others are begun.
        column_memory: What columns that questions name may take in memory, beside that, so that they are answered
            sooner. The newest segments come first.
    """

    enabled: bool = setting(default=True)
    segment_entries: int = setting(65_536, Rule(unit="entries", low=256, high=1_048_576, multiple=256))
    interval: float = setting(0.1, Rule(unit="seconds", low=0.001, high=60))
    retry_interval: float = setting(5.0, Rule(unit="seconds", low=0.001, high=3_600))
    unsealed_segments: int = setting(8, Rule(unit="segments", low=1, high=1_024))
    threads: int = setting(0, Rule(unit="threads", low=0, high=256))
    memory: int = setting(2 * _GIB, Rule(unit="bytes", low=64 * _MIB, high=1 << 50))
    column_memory: int = setting(256 * _MIB, Rule(unit="bytes", low=0, high=1 << 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS of the server's own. Relative paths start at the data directory. All files are read again on ``SIGHUP``.

    Attributes:
        certificate: PEM file with the server's certificate and those between it and its root. Empty: plain HTTP.
        key: PEM file with its private key, not encrypted, which others than its owner and group cannot reach.
        minimum_version: The oldest version of TLS that is spoken.
        client_ca: PEM file with the authorities whose client certificates are demanded of everyone; those that
            ``[certificates]`` names identify their bearers. Empty: of nobody.
    """

    certificate: str = setting("")
    key: str = setting("")
    minimum_version: str = setting("1.2", Rule(choices=("1.2", "1.3")))
    client_ca: str = setting("")

    @property
    def enabled(self) -> bool:
        """Whether the server speaks TLS itself."""
        return bool(self.certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """Which reverse proxies are believed, and what about. Nobody else's word counts, whatever its headers say.

    Attributes:
        trusted: Networks from which a proxy's headers are believed; removed from all other requests.
        forwarded: The one header that holds the client's address: the last address in it that is not trusted counts.
        client_certificate: Whether the header ``Client-Cert`` (RFC 9440, or nginx's escaped PEM) identifies the client.
    """

    trusted: tuple[str, ...] = setting((), Rule(check=parse_network))
    forwarded: str = setting("x-forwarded-for", Rule(choices=("x-forwarded-for", "forwarded")))
    client_certificate: bool = setting(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSettings:
    """The server's own log, on standard error. It holds neither secrets nor the contents of events.

    Attributes:
        level: The least severe messages that are written.
        format: ``json``, one object a line; ``text`` for people; ``auto``: text on a terminal, JSON elsewhere.
        requests: Whether each answered request is a line: its id, route, status, duration, the client's address.
    """

    level: str = setting("info", Rule(choices=("debug", "info", "warning", "error")))
    format: str = setting("auto", Rule(choices=("auto", "json", "text")))
    requests: bool = setting(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessSettings:
    """When ``/readyz`` says no, beyond logs that take no appends.

    Attributes:
        index_lag: Entries by which a search index may be behind its log.
        publish_lag: Acknowledged entries that no signed checkpoint covers yet.
        min_free_disk: Space that must be free on the data directory's file system.
    """

    index_lag: int = setting(1_000_000, Rule(unit="entries", low=1, high=1_000_000_000))
    publish_lag: int = setting(1_000_000, Rule(unit="entries", low=1, high=1_000_000_000))
    min_free_disk: int = setting(64 * _MIB, Rule(unit="bytes", low=0, high=1 << 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """OpenTelemetry. Only its API is used: what becomes of spans is the configured provider's affair.

    Attributes:
        traces: Whether requests and publications become spans of the globally configured tracer provider.
    """

    traces: bool = setting(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfiguration:
    """What is fixed or public about one log.

    Attributes:
        name: The log's name in this directory and in the server's addresses.
        origin: Its C2SP origin: its name in the world, in every record and on every checkpoint.
        vkeys: Its public keys, the C2SP verifier keys of its two checkpoint signatures.
        public: Whether the server gives its checkpoint and hash tiles to anyone.
        read_only: Whether it takes no appends any more: a log that another one has succeeded.
    """

    name: str
    origin: str
    vkeys: tuple[str, ...]
    public: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIdentity:
    """What the bearer of a client certificate may do.

    Attributes:
        name: What identifies it: ``uri:``, ``dns:`` or ``email:`` and a subject alternative name of that kind, or
            ``subject:`` and the whole subject in RFC 4514's form.
        grants: Roles on logs, as ``role:log``: ``writer:main``, ``reader:team-a-*``.
    """

    name: str
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProviderSettings:
    """An OpenID provider whose tokens let in.

    Attributes:
        name: What it is called here: its subjects are the principals ``oidc:NAME:SUBJECT``.
        issuer: Its address, exactly as the ``iss`` of its tokens.
        audience: What a token's ``aud`` must be, or hold.
        rules: Pairs of claims and the grants that they give. A claim's text may hold ``*``.
        algorithms: What its tokens may be signed with.
        leeway: By how many seconds its clock may differ from ours.
        client_id: This server's name at the provider, for people who sign in to the console. Empty: nobody does.
        client_secret_file: The file that holds the client's secret, if there is one.
        redirect_uri: ``https://HOST/auth/NAME/callback``, as the provider knows it.
    """

    name: str
    issuer: str
    audience: str
    rules: tuple[tuple[Mapping[str, str], tuple[str, ...]], ...] = ()
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    leeway: float = 60.0
    client_id: str = ""
    client_secret_file: str = ""
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that can be set.

    Attributes:
        server: Section ``[server]``.
        log: Section ``[log]``, for every log alike.
        index: Section ``[index]``, likewise.
        tls: Section ``[tls]``.
        proxy: Section ``[proxy]``.
        logging: Section ``[logging]``.
        readiness: Section ``[readiness]``.
        telemetry: Section ``[telemetry]``.
        logs: The directory's logs by name: sections ``[logs."NAME"]``.
        certificates: Who may do what by certificate: sections ``[certificates."KIND:NAME"]``.
        identity_providers: Whose tokens let in: sections ``[identity_providers.NAME]``.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    log: LogSettings = field(default_factory=LogSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    readiness: ReadinessSettings = field(default_factory=ReadinessSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    logs: Mapping[str, LogConfiguration] = field(default_factory=lambda: MappingProxyType({}))
    certificates: Mapping[str, CertificateIdentity] = field(default_factory=lambda: MappingProxyType({}))
    identity_providers: Mapping[str, IdentityProviderSettings] = field(default_factory=lambda: MappingProxyType({}))

    def with_log(self, log: LogConfiguration) -> Configuration:
        """The same configuration with one log more."""
        return replace(self, logs=MappingProxyType({**self.logs, log.name: log}))
