"""What ``stripwatch check`` looks at: each part opened as the service would, each complaint with its cure."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from collector.errors import BoxError, SettingsError
from collector.https.settings import HttpsSettings
from collector.imap.box import ImapBox
from collector.imap.settings import ImapSettings
from collector.maildir import MaildirBox
from collector.pickup.box import Box
from collector.pickup.mends import MENDS
from collector.smtp.recipients import Recipients
from collector.smtp.settings import SmtpSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.depth import DepthMeter
from ingest.store.errors import StoreError, StoreLocked
from stripwatch.alerts.alerter import recipients_of
from stripwatch.alerts.settings import AlertSettings
from stripwatch.cli.reading import served
from stripwatch.configuration import Configuration, ConfigurationError
from stripwatch.published import Lookup, Ours, RecordFinding, published
from stripwatch.site import Site

OLD_DATA = timedelta(days=90)
BUILT_AFTER = datetime(2026, 1, 1).astimezone()
"""A clock before this is wrong: the program is younger."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table. ``mend`` is empty when all is well."""

    state: Literal["ok", "warning", "error"]
    part: str
    says: str
    mend: str = ""
    record: str = ""
    """A line to publish in the DNS, with a comment above it where it needs one; zone file syntax."""

    def row(self) -> dict[str, str]:
        return asdict(self)


def findings(site: Site) -> Iterator[Finding]:
    """Every part in turn. Changes nothing but for making the data folder."""
    yield Finding("ok", "configuration", f"readable; data in {site.folders.root}")
    yield _clock(site.now())
    running = served(site)
    yield Finding("ok", "service", "runs") if running else Finding("warning", "service", "does not run here", "stripwatch serve")
    yield from _folder(site)
    yield from _store(site, running)
    yield from _intakes(site.configuration, running)
    yield from _places(site)
    yield _networks(site.configuration)
    yield _alerts(site.configuration.alerts)
    yield from _dns(site.configuration)


def _clock(now: datetime) -> Finding:
    if now < BUILT_AFTER:
        return Finding("error", "clock", f"says {now:%Y-%m-%d}", "set the clock (NTP): certificates and reports are judged by it")
    return Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _folder(site: Site) -> Iterator[Finding]:
    try:
        site.make_folder()
        free = shutil.disk_usage(site.folders.root).free
    except (ConfigurationError, OSError) as error:
        yield Finding("error", "data folder", str(error), "give the user that runs stripwatch a folder of its own")
        return
    limits = site.configuration.spool
    if free < limits.min_free_bytes + limits.pending_bytes // 10:
        yield Finding("warning", "disk", f"{free >> 20} MiB free", "the spool refuses mail below [spool] min_free_bytes: make room")
    else:
        yield Finding("ok", "disk", f"{free >> 30} GiB free")
    if not site.folders.spool.exists():
        yield Finding("ok", "spool", "empty")
        return
    depth = DepthMeter(site.folders.spool, limits=limits).read()
    says = f"{depth.records} records wait, {depth.retired_bytes >> 20} MiB kept for replay"
    if depth.quarantine_files:
        yield Finding("warning", "spool", f"{says}; {depth.quarantine_files} damaged pieces set aside", "check the disk; see quarantine/")
    else:
        yield Finding("warning" if depth.full >= limits.warn_at else "ok", "spool", says)
    letters = site.dead_letters().status().letters if site.folders.dead_letters.exists() else 0
    mend = "stripwatch deadletter list" if letters else ""
    yield Finding("warning" if letters else "ok", "dead letters", str(letters), mend)


def _store(site: Site, running: bool) -> Iterator[Finding]:
    kind = site.configuration.store
    if kind == "duckdb" and running:
        yield Finding("ok", "store", "DuckDB, held by the running service")
        return
    try:
        store = site.store()
        store.prepare()
        store.close()
    except StoreLocked as error:
        yield Finding("error", "store", str(error), "stop the other process, or give this one a data folder of its own")
    except StoreError as error:
        yield Finding(
            "error",
            "store",
            f"{error.reason}: {error}",
            "see [elasticsearch] hosts" if kind == "elasticsearch" else "stripwatch serve rebuilds it",
        )
    else:
        yield Finding("ok", "store", f"{kind} answers")


def _intakes(configuration: Configuration, running: bool) -> Iterator[Finding]:
    smtp, serve = configuration.smtp, configuration.serve
    if serve.smtp and not smtp.recipients and not smtp.accept_any_recipient:
        yield Finding("error", "smtp", "takes mail for nobody", 'set [smtp] recipients = ["tls-reports@your.domain"]')
    elif serve.smtp:
        yield _fit("smtp", smtp) or _listening("smtp", smtp.host, smtp.port, running)
    if serve.https:
        https = configuration.https
        yield _fit("https", https) or _listening("https", https.host, https.port, running)
    if serve.dashboard:
        yield _listening("dashboard", serve.dashboard_host, serve.dashboard_port, running, "[serve] dashboard_host and dashboard_port")
    yield from _boxes(configuration)
    if serve.certificate is None:
        says = "self-made: fine for mail, and RFC 8460 lets reporters ignore it for HTTPS"
        yield Finding("warning", "certificate", says, "set [serve] certificate and key")
    else:
        yield _certificate(serve.certificate, serve.key)


def _alerts(settings: AlertSettings) -> Finding:
    """Nobody is told anything: ``--send-alert`` does that."""
    if not settings.urls:
        return Finding("ok", "alerts", "nobody is told of incidents: [alerts] urls is empty")
    try:
        services = ", ".join(recipient.service for recipient in recipients_of(settings))
    except ConfigurationError as error:
        return Finding("error", "alerts", str(error), "see https://github.com/caronc/apprise/wiki for how addresses are written")
    return Finding("ok", "alerts", f"to {services}, from {settings.severity} on; stripwatch check --send-alert tries it")


def send_alert(site: Site) -> Iterator[Finding]:
    """Tell every address that this is a test. Raises ConfigurationError."""
    if not site.configuration.alerts.urls:
        yield Finding("error", "alerts", "there is nobody to tell", 'set [alerts] urls = ["mailto://…"]')
    for recipient in recipients_of(site.configuration.alerts):
        if recipient.tell(
            "stripwatch: a test", "Incidents will be told here. Nothing has happened: somebody ran stripwatch check --send-alert."
        ):
            yield Finding("ok", "alerts", f"{recipient.service} took the test message")
        else:
            yield Finding("error", "alerts", f"{recipient.service} did not take the test message", "see [alerts] urls, and the network")


def _boxes(configuration: Configuration) -> Iterator[Finding]:
    """Each mail box that is configured, opened as the service would open it (which makes ``move_to``); nothing is taken."""
    openers: dict[str, Callable[[], Box]] = {}
    if configuration.imap.host:
        openers["imap"] = lambda: _imap_box(configuration.imap)
    if configuration.maildir.folder is not None:
        openers["maildir"] = lambda: MaildirBox.open(configuration.maildir, SYSTEM_CLOCK)
    for name, opened in openers.items():
        try:
            box = opened()
        except SettingsError as error:
            yield Finding("error", name, str(error), f"see [{name}]")
        except BoxError as error:
            mend = MENDS.get(error.reason, "it is tried again by itself")
            yield Finding("error", name, f"{error.reason}: {error}", f"{mend} ([{name}])")
        else:
            yield Finding("ok", name, f"can be used; {box.waits_by}")
            box.close()


def _fit(name: str, settings: SmtpSettings | HttpsSettings) -> Finding | None:
    """What the intake would refuse to start with; None when it would start."""
    try:
        settings.check()
    except SettingsError as error:
        return Finding("error", name, str(error), f"see [{name}]")
    return None


def _imap_box(settings: ImapSettings) -> ImapBox:
    settings.check()
    return ImapBox.open(settings, SYSTEM_CLOCK)


def _listening(name: str, host: str, port: int, running: bool, settings: str = "") -> Finding:
    """Whether the address can be had, or is held by the service that runs."""
    if running:
        return Finding("ok", name, f"{host}:{port}, held by the running service")
    try:
        with socket.create_server((host or "0.0.0.0", port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return Finding("ok", name, f"{host}:{port} is free")
    except PermissionError:
        return Finding("error", name, f"port {port} needs a right", "give CAP_NET_BIND_SERVICE (the unit in deploy/ does)")
    except OSError as error:
        return Finding("error", name, f"{host}:{port}: {error.strerror}", f"free the port, or set {settings or f'[{name}] host and port'}")


def _certificate(certificate: Path, key: Path | None) -> Finding:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.expanduser(), key.expanduser() if key else None)
    except (OSError, ssl.SSLError) as error:
        return Finding("error", "certificate", f"{certificate}: {error}", "see [serve] certificate and key")
    return Finding("ok", "certificate", str(certificate))


def _places(site: Site) -> Iterator[Finding]:
    try:
        ages = site.enricher().ages()
    except ConfigurationError as error:
        yield Finding("error", "places", str(error), "see [networks] table and [places] maxmind")
        return
    if not ages:
        yield Finding("warning", "places", "no data: countries and operators stay unknown", "set [places] packaged = true or name files")
    today = site.now().date()
    for age in ages:
        old = age.built is not None and today - age.built > OLD_DATA
        made = f", made {age.built}" if age.built else ""
        yield Finding("warning" if old else "ok", "places", f"{age.name}{made}; {age.credit}", "update it" if old else "")


def _networks(configuration: Configuration) -> Finding:
    if not configuration.networks.ours:
        return Finding("warning", "networks", "none are called ours: no session is inbound or outbound", "set [networks] ours")
    return Finding("ok", "networks", ", ".join(configuration.networks.ours))


def _dns(configuration: Configuration) -> Iterator[Finding]:
    """The records that reporters look for, for each domain that is called ours."""
    from ingest.provenance.alignment import aligned

    lookup = _txt_lookup(configuration)
    mailboxes = [address for address in configuration.smtp.recipients if "@" in address] or ["reports@your.domain"]
    ours = mail_taken(configuration)
    for domain in configuration.reports.domains:
        for finding in published(domain, mailboxes[0], mailboxes[-1], lookup, aligned, ours):
            state: Literal["ok", "warning"] = "ok" if finding.state == "published" else "warning"
            record = f"; {finding.note}\n{finding.record}" if finding.note else finding.record
            yield Finding(state, f"dns {finding.name}", finding.says, _mend(finding), record)


def _mend(finding: RecordFinding) -> str:
    if finding.state == "elsewhere":
        return "publish its record, or name that address in [smtp] recipients"
    return "publish its record" if finding.record else ""


def mail_taken(configuration: Configuration) -> Ours:
    """Which addresses' mail we take: any, as far as is known, where none are named or mail is fetched from a mailbox."""
    smtp = configuration.smtp
    listeners = [one for one in (smtp, configuration.lmtp.over(smtp)) if one is not None]
    named = any(one.recipients for one in listeners) and not (configuration.imap.host or configuration.maildir.folder)
    takers = [Recipients(one.recipients, accept_any=one.accept_any_recipient or not named) for one in listeners]
    return lambda address: any(address in taker for taker in takers)


def _txt_lookup(configuration: Configuration) -> Lookup:
    from ingest.provenance.dns_resolver import DnsResolver
    from ingest.provenance.errors import NameNotFound, TemporaryDnsFailure

    resolver = DnsResolver(configuration.reports.nameservers, configuration.reports.dns_seconds)

    def lookup(name: str) -> tuple[str, ...] | None:
        try:
            return tuple(text.decode("utf-8", "replace") for text in resolver.lookup(name, "TXT"))
        except NameNotFound:
            return ()
        except TemporaryDnsFailure:
            return None

    return lookup
