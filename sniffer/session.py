"""One session's final record, and its line of JSON: ECS names, nested, absent where nothing could be observed."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from sniffer.community_id import community_id
from sniffer.dialect import recognise
from sniffer.implicit import observe_implicit
from sniffer.observation import Observation
from sniffer.smtp import observe_smtp
from sniffer.smtp.walk import proxy_header_end
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.times import rfc3339
from sniffer.tls.certificate import CERTIFICATES_KEPT, certificate_facts
from sniffer.tls.names import Match, match_of
from sniffer.tls.trust import Trust, trust_of
from sniffer.unseen import observe_unseen
from sniffer.verdict import Judgement, judge

_TLS_FIELDS = (
    "established",
    "version",
    "version_protocol",
    "cipher",
    "key_exchange",
    "encryption",
    "mac",
    "forward_secrecy",
    "curve",
    "resumed",
    "next_protocol",
)


_ENCODER = msgspec.json.Encoder()
"""Writes the evidence's and the dialogue's structs as they are, faster than dictionaries could be made of them."""


class Session(msgspec.Struct, frozen=True, gc=False):
    """A connection, what it showed, and what follows."""

    connection: Connection
    seen: Observation
    judgement: Judgement
    trust: Trust | None = None
    match: Match | None = None
    direction: str | None = None
    observer_name: str | None = None


def observe(connection: Connection, settings: SniffSettings) -> Session | None:
    """Observe and judge one connection; None when it is no mail protocol that was asked for. Never raises."""
    found = recognise(connection, settings)
    if found is None:
        return None
    protocol, form = found
    if form == "implicit":
        seen = observe_implicit(connection, protocol, proxy_header_end(connection.client.data), settings)
    elif form == "unseen":
        seen = observe_unseen(connection, protocol)
    else:
        seen = observe_smtp(connection, settings)
    return session_of(connection, seen, settings)


def session_of(connection: Connection, seen: Observation, settings: SniffSettings) -> Session:
    """Judge an observation, whichever engine made it."""
    trust: Trust | None = None
    match: Match | None = None
    if seen.tls:
        trust = trust_of(seen.tls.chain, connection.start, settings.trust_store)
        match = match_of(seen.tls.chain, _expected_hosts(connection, seen, settings), settings.mail_domains)
    return Session(connection, seen, judge(seen), trust, match, _direction(connection, settings), settings.observer_name)


def _expected_hosts(connection: Connection, seen: Observation, settings: SniffSettings) -> tuple[str, ...]:
    """The MX names that a certificate should bear: configured ones, else the name that the client asked for, else
    the one that the server greets with."""
    configured = settings.mx_hosts.get(connection.server_ip)
    if configured:
        return configured
    asked = seen.tls.server_name if seen.tls else None
    name = asked or seen.banner_host
    return (name,) if name else ()


def _direction(connection: Connection, settings: SniffSettings) -> str | None:
    """By the networks that are ours. A session between two of ours comes in to our server: it is inbound."""
    ours = settings.own_networks
    if ours is None:
        return None
    if ours.holds(connection.server_ip):
        return "inbound"
    return "outbound" if ours.holds(connection.client_ip) else "external"


def session_json(session: Session) -> bytes:
    """One line of NDJSON, with its newline."""
    return _ENCODER.encode(_nested(session)) + b"\n"


def session_record(session: Session) -> dict[str, Any]:
    """The session as nested JSON values. A key is absent where its fact could not be observed."""
    record: dict[str, Any] = msgspec.to_builtins(_nested(session))
    return record


def _nested(session: Session) -> dict[str, Any]:
    connection, seen = session.connection, session.seen
    record: dict[str, Any] = {
        "@timestamp": rfc3339(connection.start),
        "event": {
            "id": _event_id(connection, session.observer_name),
            "dataset": f"{seen.protocol}.session",
            "duration": max(connection.stop - connection.start, 0),
        },
        "source": _end(connection.client_ip, connection.client_port, connection.client),
        "destination": _end(connection.server_ip, connection.server_port, connection.server),
        "network": _network(session),
        "smtp": _smtp(seen, session.judgement),
    }
    if observer := _observer(session):
        record["observer"] = observer
    if seen.tls:
        record["tls"] = _tls(session)
    return record


def _event_id(connection: Connection, observer_name: str | None) -> str:
    """The session's identity: observer, five-tuple, first packet's time, client's first sequence number."""
    parts = (
        observer_name or "",
        connection.client_ip,
        connection.client_port,
        connection.server_ip,
        connection.server_port,
        connection.start,
        connection.client_isn,
    )
    return blake2b("|".join(map(str, parts)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _end(address: str, port: int, head: StreamHead) -> dict[str, Any]:
    return {"ip": address, "port": port, "bytes": head.bytes, "packets": head.packets}


def _network(session: Session) -> dict[str, Any]:
    connection = session.connection
    network: dict[str, Any] = {
        "community_id": community_id(connection.client_ip, connection.client_port, connection.server_ip, connection.server_port)
    }
    if session.direction:
        network["direction"] = session.direction
    if connection.vlan is not None:
        network["vlan"] = {"id": connection.vlan}
    return network


def _observer(session: Session) -> dict[str, Any]:
    observer: dict[str, Any] = {}
    if session.observer_name:
        observer["name"] = session.observer_name
    if session.connection.interface:
        observer["ingress"] = {"interface": {"name": session.connection.interface}}
    return observer


def _smtp(seen: Observation, judgement: Judgement) -> dict[str, Any]:
    smtp: dict[str, Any] = {"verdict": judgement.verdict, "evidence": judgement.evidence, "dialogue": seen.dialogue}
    smtp |= _present(("software", seen.software), ("banner", seen.banner), ("helo", seen.helo), ("ehlo", seen.ehlo))
    if starttls := _starttls(seen):
        smtp["starttls"] = starttls
    auth = _present(("offered_in_clear", seen.auth_offered), ("used_in_clear", seen.auth_used))
    if auth:
        smtp["auth"] = auth
    if seen.mail_in_clear is not None:
        smtp["mail_in_clear"] = seen.mail_in_clear
    return smtp


def _starttls(seen: Observation) -> dict[str, Any]:
    code = seen.attempts[-1].code if seen.attempts else None
    return _present(("offered", seen.offered), ("requested", seen.requested), ("reply_code", code))


def _present(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields if value is not None}


def _tls(session: Session) -> dict[str, Any]:
    facts = session.seen.tls
    if facts is None:
        return {}
    tls = {name: value for name in _TLS_FIELDS if (value := getattr(facts, name)) is not None}
    client = _present(("server_name", facts.server_name), ("ja3", facts.ja3), ("ja4", facts.ja4))
    if client:
        tls["client"] = client
    if facts.chain:
        tls["server"] = _server(facts.chain[0])
    tls["certificate"] = {"trust": session.trust, "match": session.match}
    return tls


@lru_cache(CERTIFICATES_KEPT)
def _server(leaf: bytes) -> dict[str, Any]:
    certificate = certificate_facts(leaf)
    server = _present(("subject", certificate.subject), ("issuer", certificate.issuer))
    if certificate.not_before and certificate.not_after:
        server["not_before"] = certificate.not_before.strftime("%Y-%m-%dT%H:%M:%SZ")
        server["not_after"] = certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    server["hash"] = {"sha256": certificate.sha256}
    x509 = _present(("public_key_algorithm", certificate.key_algorithm), ("public_key_size", certificate.key_size))
    if certificate.alternative_names:
        x509["alternative_names"] = list(certificate.alternative_names)
    if x509:
        server["x509"] = x509
    return server
