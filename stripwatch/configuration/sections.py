"""Every setting there is, by section. A part's own settings class is its section, so nothing is written twice."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from collector.https.settings import HttpsSettings
from collector.imap.settings import ImapSettings
from collector.maildir_settings import MaildirSettings
from collector.smtp.settings import SmtpSettings
from dashboards.kibana.settings import KibanaSettings
from dashboards.settings import DashboardSettings
from ingest.dead_letters.limits import DeadLetterLimits
from ingest.incidents.settings import Settings as IncidentSettings
from ingest.reports.limits import Limits as ReportLimits
from ingest.reports.privacy import Privacy
from ingest.spool.limits import SpoolLimits
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from stripwatch.alerts.settings import AlertSettings

StoreKind = Literal["duckdb", "elasticsearch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """Where everything of this machine lies, and how long the store keeps it."""

    folder: Path = Path("~/.local/share/stripwatch")
    """Spool, dead letters, certificate, incident states and the DuckDB file; ``~`` is the user's home."""
    keep_sessions_days: int = 0
    """Sessions whose own time is longer ago than this are dropped from the store; 0 keeps them for ever."""
    keep_reports_days: int = 0
    """Reports and their rows, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Which parts ``serve`` runs, and where the private listener is."""

    smtp: bool = True
    """Take reports by mail."""
    https: bool = True
    """Take reports and sensors' sessions by HTTPS."""
    dashboard: bool = True
    """Show the dashboard, the API and /metrics."""
    dashboard_host: str = "127.0.0.1"
    """The private listener's address; any but a loopback one needs ``[dashboard] password``."""
    dashboard_port: int = 8025
    """0 takes a free one."""
    certificate: Path | None = None
    """PEM file of the intakes' certificate chain; absent: one is made and kept in the data folder."""
    key: Path | None = None
    """PEM file of its key."""
    evaluate_seconds: float = 10.0
    """At most this long after new data, incidents are judged again."""
    stop_seconds: float = 8.0
    """How long a stop may take to finish what is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpSection:
    """Mail that a mail server on this machine or network hands over (RFC 2033); on when ``unix_path`` or ``port`` is set.

    All limits are those of ``[smtp]``.
    """

    unix_path: Path | None = None
    """Listen on this unix socket."""
    unix_mode: str = "0660"
    """Rights of the unix socket, octal: whoever may write to it may deliver."""
    unix_group: str | None = None
    """Group that the unix socket belongs to (for Postfix: ``postfix``); absent: our own."""
    host: str = "127.0.0.1"
    """Address to listen on, with ``port``; LMTP knows no TLS here, so keep it off the open network."""
    port: int | None = None
    """TCP port; 0 takes a free one; absent: no TCP."""
    recipients: tuple[str, ...] = ()
    """Addresses and domains that are ours; none: those of ``[smtp]``."""
    accept_any_recipient: bool = False
    """Take whatever the server in front hands over."""

    def __post_init__(self) -> None:
        if self.unix_path is not None and self.port is not None:
            raise ValueError("[lmtp] set unix_path or port, not both")

    def over(self, smtp: SmtpSettings) -> SmtpSettings | None:
        """The listener's settings; None when it is off."""
        if self.unix_path is None and self.port is None:
            return None
        return replace(
            smtp,
            protocol="lmtp",
            unix_path=self.unix_path,
            unix_mode=self.unix_mode,
            unix_group=self.unix_group,
            host=self.host,
            port=self.port or 0,
            proxies=(),
            recipients=self.recipients or smtp.recipients,
            accept_any_recipient=self.accept_any_recipient or (smtp.accept_any_recipient and not self.recipients),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckdbSettings:
    """The embedded store."""

    memory_limit: str = "1GB"
    """DuckDB's own memory limit."""
    threads: int | None = None
    """Cores it may use; absent: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What is ours."""

    ours: tuple[str, ...] = ()
    """Networks that are ours: they tell inbound from outbound."""
    table: Path | None = None
    """CSV of prefix,country,as,name for networks that public data does not know or gets wrong."""

    def __post_init__(self) -> None:
        for network in self.ours:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValueError(f"[networks] ours: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesSettings:
    """Where country and AS come from."""

    maxmind: tuple[Path, ...] = ()
    """MaxMind-format files (.mmdb), asked before the packaged data."""
    packaged: bool = True
    """Use the packaged data set for what nothing else knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSettings:
    """Which reports are ours and count."""

    domains: tuple[str, ...] = ()
    """Our domains. When named, reports about other domains are kept apart (``foreign_domain``)."""
    counted: tuple[Literal["verified", "unsigned", "failed", "posted", "imported"], ...] = ("verified", "posted", "imported")
    """Provenances that count in the figures."""
    tenants: dict[str, str] = field(default_factory=dict)
    """Domain → the organisation (tenant) that it belongs to."""
    nameservers: tuple[str, ...] = ()
    """Servers (address or address:port) that DKIM keys are asked from; absent: the system's."""
    dns_seconds: float = 5.0
    """How long one name may take."""
    failure_addresses: bool = False
    """Failure reports: keep whole mail addresses instead of their domains."""
    failure_message: bool = False
    """Failure reports: keep subject and text of the message that failed."""

    @property
    def privacy(self) -> Privacy:
        """What of failure reports is kept."""
        return Privacy(addresses=self.failure_addresses, message=self.failure_message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffSection:
    """The wire analyser."""

    observer: str = field(default_factory=socket.gethostname)
    """Name of this sensor."""
    engine: Literal["numpy", "pyshark"] = "numpy"
    """The packet engine."""
    protocols: tuple[Literal["smtp", "pop3", "imap"], ...] = ("smtp",)
    """Protocols that are reported."""
    smtp_ports: tuple[int, ...] = (25, 465, 587, 2525)
    """Ports on which SMTP is looked for."""
    keep_addresses: bool = False
    """Keep mail addresses in dialogues instead of blanking them."""
    dns: bool = True
    """Read the DNS answers of port 53 beside the mail, so that sessions get the MX name of their server; ``sniff -i`` captures
    them too. A sensor beside a busy resolver may spare itself that."""
    tunnels: bool = False
    """``sniff -i``: capture what is in tunnels (VXLAN, Geneve, GRE, ERSPAN, IP in IP, TZSP), MPLS or PPPoE too, as mirrors of
    clouds and switches deliver it. The kernel can't tell mail in them from the rest, so all of it is read; also ``--tunnels``.
    Files are always looked into."""
    capture_filter: str = ""
    """``sniff -i``: a capture filter (pcap-filter) of your own instead of the one made from the ports."""
    buffer_mib: int = 64
    """``sniff -i``: the kernel's buffer; it bridges the moments in which we fall behind."""
    count_seconds: float = 600.0
    """``sniff -i``: every so often a fresh capture takes over, for only at its end does one say what the kernel dropped. 0: never."""
    forward_url: str | None = None
    """``sniff -i``: the collector's ``https://…/v1/sessions`` that sessions go to instead of a store here."""
    forward_token: str | None = None
    """The bearer token that the collector knows this sensor by; also ``STRIPWATCH_SNIFF_TOKEN``."""
    forward_ca: Path | None = None
    """PEM file of the authority that signed the collector's certificate; absent: the system's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that can be set."""

    store: StoreKind = "duckdb"
    data: DataSettings = DataSettings()
    serve: ServeSettings = ServeSettings()
    smtp: SmtpSettings = SmtpSettings()
    lmtp: LmtpSection = LmtpSection()
    https: HttpsSettings = HttpsSettings()
    imap: ImapSettings = ImapSettings()
    maildir: MaildirSettings = MaildirSettings()
    dashboard: DashboardSettings = DashboardSettings()
    duckdb: DuckdbSettings = DuckdbSettings()
    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    kibana: KibanaSettings = KibanaSettings()
    spool: SpoolLimits = SpoolLimits()
    dead_letters: DeadLetterLimits = DeadLetterLimits()
    reports: ReportsSettings = field(default_factory=ReportsSettings)
    report_limits: ReportLimits = ReportLimits()
    networks: NetworkSettings = NetworkSettings()
    places: PlacesSettings = PlacesSettings()
    sniff: SniffSection = field(default_factory=SniffSection)
    incidents: IncidentSettings = IncidentSettings()
    alerts: AlertSettings = AlertSettings()
