"""A session as a log tells it, and its line of JSON: the shape of ``sniffer.session``, with most of it absent."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from sniffer.community_id import community_id
from sniffer.logs.entries import Certificate, Ends, Handshake, Seen
from sniffer.logs.judgement import match_of, trust_of
from sniffer.logs.terms import terms_of
from sniffer.observation import Sign
from sniffer.smtp.blanking import without_addresses
from sniffer.sniff_settings import SniffSettings
from sniffer.times import rfc3339
from sniffer.verdict import Verdict

Program = Literal["zeek", "suricata"]
_ENCODER = msgspec.json.Encoder()
_JA3 = re.compile("[0-9a-f]{32}")


class LoggedTls(msgspec.Struct, frozen=True):
    """A handshake, and how it ended; ``established`` is None when the log cannot tell."""

    handshake: Handshake
    established: bool | None
    certificate: Certificate | None


class LoggedSession(msgspec.Struct, frozen=True, kw_only=True):
    """What all lines of one session say together. None always means: not logged."""

    program: Program
    name: str | None
    """The program's own name of the connection."""
    at: int
    ends: Ends
    verdict: Verdict
    evidence: tuple[Sign, ...]
    lines: tuple[Seen, ...]
    duration: int | None = None
    client_bytes: int | None = None
    client_packets: int | None = None
    server_bytes: int | None = None
    server_packets: int | None = None
    helo: str | None = None
    starttls: bool = False
    """STARTTLS was asked for and answered 220."""
    mail_in_clear: bool | None = None
    tls: LoggedTls | None = None


def logged_json(session: LoggedSession, settings: SniffSettings) -> bytes:
    """One line of NDJSON, with its newline."""
    return _ENCODER.encode(logged_record(session, settings)) + b"\n"


def logged_record(session: LoggedSession, settings: SniffSettings) -> dict[str, Any]:
    """The session as nested JSON values; what the log does not say is absent."""
    ends, ours = session.ends, settings.own_networks
    fields = {
        "@timestamp": rfc3339(session.at),
        "event.id": _event_id(session),
        "event.dataset": "smtp.session",
        "event.duration": session.duration,
        "source.ip": ends.source_ip,
        "source.port": ends.source_port,
        "source.bytes": session.client_bytes,
        "source.packets": session.client_packets,
        "destination.ip": ends.destination_ip,
        "destination.port": ends.destination_port,
        "destination.bytes": session.server_bytes,
        "destination.packets": session.server_packets,
        "network.community_id": _first(session, "community_id") or community_id(*msgspec.structs.astuple(ends)),
        "network.direction": None if ours is None else ours.direction(ends.source_ip, ends.destination_ip),
        "network.vlan.id": _first(session, "vlan"),
        "observer.name": settings.observer_name or _first(session, "observer"),
        "observer.ingress.interface.name": _first(session, "interface"),
        "smtp.verdict": session.verdict,
        "smtp.evidence": list(session.evidence),
        "smtp.helo": _helo(session.helo, settings),
        "smtp.starttls.requested": session.starttls or None,
        "smtp.starttls.reply_code": 220 if session.starttls else None,
        "smtp.mail_in_clear": session.mail_in_clear,
    }
    if session.tls is not None:
        fields |= _tls_fields(session, session.tls, settings)
    return _nested(fields)


def _event_id(session: LoggedSession) -> str:
    """The program's name of the connection and its ends, whichever of its lines were there; its time where it has no name."""
    name = session.name if session.name is not None else f"@{session.at}"
    words = "|".join(map(str, (session.program, name, *msgspec.structs.astuple(session.ends))))
    return blake2b(words.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _helo(name: str | None, settings: SniffSettings) -> str | None:
    shown = name if name is None or settings.show_addresses else without_addresses(name)
    return shown[: settings.helo_text] if shown else None


def _first(session: LoggedSession, name: str) -> Any:
    return next((value for line in session.lines if (value := getattr(line, name)) is not None), None)


def _tls_fields(session: LoggedSession, tls: LoggedTls, settings: SniffSettings) -> dict[str, Any]:
    handshake, certificate = tls.handshake, tls.certificate
    terms = terms_of(handshake.version, handshake.cipher, handshake.curve)
    fields = {
        "tls.established": tls.established,
        **{f"tls.{name}": value for name, value in msgspec.structs.asdict(terms).items()},
        "tls.curve": handshake.curve,
        "tls.resumed": _resumed(tls),
        "tls.next_protocol": handshake.next_protocol,
        "tls.client.server_name": handshake.server_name,
        "tls.client.ja3": handshake.ja3 if _JA3.fullmatch(handshake.ja3 or "") else None,
        "tls.client.ja4": handshake.ja4,
    }
    if certificate is None:
        unseen = "not_observable" if terms.version == "1.3" or handshake.resumed else None
        return fields | {"tls.certificate.trust": unseen, "tls.certificate.match": unseen}
    return fields | _certificate_fields(session, handshake, certificate, settings)


def _resumed(tls: LoggedTls) -> bool | None:
    """A certificate proves a full handshake; without one a log's "no" is only its default."""
    if tls.handshake.resumed:
        return True
    return False if tls.certificate is not None else None


def _certificate_fields(session: LoggedSession, handshake: Handshake, certificate: Certificate, settings: SniffSettings) -> dict[str, Any]:
    hosts = settings.mx_hosts.get(session.ends.destination_ip) or ((handshake.server_name,) if handshake.server_name else ())
    names = certificate.alternative_names
    return {
        "tls.server.subject": certificate.subject,
        "tls.server.issuer": certificate.issuer,
        "tls.server.not_before": _day_and_time(certificate.not_before),
        "tls.server.not_after": _day_and_time(certificate.not_after),
        "tls.server.hash.sha256": certificate.sha256,
        "tls.server.x509.public_key_algorithm": certificate.key_algorithm,
        "tls.server.x509.public_key_size": certificate.key_size,
        "tls.server.x509.alternative_names": list(names) if names else None,
        "tls.certificate.trust": trust_of(certificate, session.at),
        "tls.certificate.match": match_of(certificate, hosts, settings.mail_domains),
    }


def _day_and_time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at).partition(".")[0] + "Z"


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """Dotted names as objects, absent ones left out."""
    record: dict[str, Any] = {}
    for name, value in fields.items():
        if value is not None:
            *parents, last = name.split(".")
            place = record
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
    return record
