"""Suricata's events about one flow → what they say together.

``tls``: TLS after SMTP, and the event holds something that only the server's part of the handshake can have said.
Whether the handshake was finished Suricata does not log: that is as far as it sees, and why no ``tls_failed`` follows.
``implicit_tls``: TLS and no SMTP before it, on a port that is for that (465). All else is ``incomplete``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sniffer.logs.ends import client_first
from sniffer.logs.entries import Ends, Entry, EveFlow, EveSmtp, EveTls
from sniffer.logs.logged import LoggedSession, LoggedTls
from sniffer.observation import Sign
from sniffer.sniff_settings import SniffSettings
from sniffer.times import rfc3339
from sniffer.verdict import Verdict


class Events(msgspec.Struct, frozen=True):
    """The events of one flow, by kind. Of several ``tls`` or ``flow`` the first counts."""

    smtp: tuple[EveSmtp, ...]
    tls: EveTls | None
    flow: EveFlow | None

    @property
    def all(self) -> tuple[EveSmtp | EveTls | EveFlow, ...]:
        return tuple(event for event in (self.flow, *self.smtp, self.tls) if event is not None)

    @property
    def starttls(self) -> bool:
        return (self.tls is not None and self.tls.from_smtp) or (self.flow is not None and self.flow.starttls)

    @property
    def smtp_spoken(self) -> bool:
        return bool(self.smtp) or self.starttls or (self.flow is not None and self.flow.smtp)


def eve_session(name: str | None, entries: Sequence[Entry], settings: SniffSettings) -> LoggedSession:
    """There is at least one entry."""
    events = Events(
        tuple(entry for entry in entries if isinstance(entry, EveSmtp)),
        next((entry for entry in entries if isinstance(entry, EveTls)), None),
        next((entry for entry in entries if isinstance(entry, EveFlow)), None),
    )
    ends, turned = client_first(events.all[0].ends, settings.smtp_ports)
    at = events.flow.at if events.flow else min(event.at for event in events.all)
    verdict = _verdict(events, ends, settings)
    packets = (events.flow.client_packets, events.flow.server_packets) if events.flow else (None, None)
    return LoggedSession(
        program="suricata",
        name=name,
        at=at,
        ends=ends,
        verdict=verdict,
        evidence=_evidence(events, verdict, at),
        lines=events.all,
        duration=events.flow.duration if events.flow else None,
        client_packets=packets[turned],
        server_packets=packets[not turned],
        helo=next((event.helo for event in events.smtp if event.helo), None),
        starttls=events.starttls,
        mail_in_clear=any(event.mail for event in events.smtp) or None,
        tls=_tls(events.tls) if events.tls else None,
    )


def _verdict(events: Events, ends: Ends, settings: SniffSettings) -> Verdict:
    if not events.smtp_spoken and ends.destination_port in settings.implicit_ports:
        return "implicit_tls"
    return "tls" if events.starttls and events.tls is not None and events.tls.answered else "incomplete"


def _tls(event: EveTls) -> LoggedTls:
    """Without the server's answer the version is only what the client, or an alert's record, said."""
    if event.answered:
        return LoggedTls(event.handshake, True, event.certificate)
    return LoggedTls(msgspec.structs.replace(event.handshake, version=None, cipher=None), None, None)


def _evidence(events: Events, verdict: Verdict, at: int) -> tuple[Sign, ...]:
    when = rfc3339(at)
    signs = [Sign("from_log", "server", _said(events), when)]
    if verdict == "incomplete" and events.flow is not None:
        if events.flow.gap_client:
            signs.append(Sign("loss_client", "client", "", when))
        if events.flow.gap_server:
            signs.append(Sign("loss_server", "server", "", when))
    return tuple(signs)


def _said(events: Events) -> str:
    """The values that decide, in Suricata's own words."""
    said = ["smtp"] if events.smtp else []
    if events.tls is not None:
        answer = "" if events.tls.answered else ", nothing of the server in it"
        said.append(f"tls{' from_proto=smtp' if events.tls.from_smtp else ''}{answer}")
    if events.flow is not None:
        now = "tls" if events.flow.tls else "smtp"
        said.append(f"flow app_proto={now}{' app_proto_orig=smtp' if events.flow.starttls else ''}")
    return f"Suricata: {'; '.join(said)}"
