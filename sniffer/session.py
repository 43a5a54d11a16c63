"""One session's final record, and its line of JSON: ECS names, nested, absent where nothing could be observed."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from sniffer.clear import observe_clear
from sniffer.community_id import community_id
from sniffer.dialect import recognise
from sniffer.dns.facts import MxFacts
from sniffer.implicit import observe_implicit
from sniffer.observation import Observation, Protocol, Sign, Turn
from sniffer.smtp.usual import observe_begun
from sniffer.smtp.walk import proxy_header_end
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.times import rfc3339
from sniffer.tls import TlsFacts
from sniffer.tls.server_hello import CERTIFICATES_KEPT
from sniffer.unseen import observe_unseen
from sniffer.verdict import Judgement, judge

if TYPE_CHECKING:
    from sniffer.tls.names import Match
    from sniffer.tls.trust import Trust

_HANDSHAKES_KEPT = 4096
_DATASETS: dict[str, str] = {protocol: f"{protocol}.session" for protocol in get_args(Protocol)}
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
    if connection.whole is not None:
        begun = observe_begun(connection, settings)
        if begun is not None:
            return session_of(connection, begun, settings)
        connection = connection.entire()
    found = recognise(connection, settings)
    if found is None:
        return None
    protocol, form = found
    if form == "implicit":
        seen = observe_implicit(connection, protocol, proxy_header_end(connection.client.data), settings)
    elif form == "unseen":
        seen = observe_unseen(connection, protocol)
    else:
        seen = observe_clear(connection, protocol, settings)
    return session_of(connection, seen, settings)


def session_of(connection: Connection, seen: Observation, settings: SniffSettings) -> Session:
    """Judge an observation, whichever engine made it."""
    trust: Trust | None = None
    match: Match | None = None
    if seen.tls:
        trust, match = _certificate_judged(connection, seen, settings) if seen.tls.chain else ("not_observable", "not_observable")
    judgement = judge(seen)
    if connection.mx and connection.mx.contradictions:
        judgement = Judgement(judgement.verdict, judgement.evidence + _contradicted(connection.mx, settings))
    return Session(connection, seen, judgement, trust, match, _direction(connection, settings), settings.observer_name)


def _contradicted(mx: MxFacts, settings: SniffSettings) -> tuple[Sign, ...]:
    """Evidence from beside the session; it changes no verdict."""
    size = settings.evidence_text
    return tuple(Sign("dns_answer_contradicted", "server", one.text[:size], rfc3339(one.at)) for one in mx.contradictions)


def _certificate_judged(connection: Connection, seen: Observation, settings: SniffSettings) -> tuple[Trust, Match]:
    """What needs a library of cryptography, and the roots, is loaded by the first certificate."""
    from sniffer.tls.names import match_of
    from sniffer.tls.trust import trust_of

    assert seen.tls
    chain = seen.tls.chain
    roots = settings.roots() if settings.roots else None
    # where we are the client, the server is somebody else's: our own domains say nothing about it
    domains = () if _direction(connection, settings) == "outbound" else settings.mail_domains
    return trust_of(chain, connection.start, roots), match_of(chain, _expected_hosts(connection, seen, settings), domains)


def _expected_hosts(connection: Connection, seen: Observation, settings: SniffSettings) -> tuple[str, ...]:
    """The MX names that a certificate should bear: configured ones, else those that DNS answers gave the address and
    the one that the client asked for, else the one that the server greets with."""
    configured = settings.mx_hosts.get(connection.server_ip)
    if configured:
        return configured
    asked = seen.tls.server_name if seen.tls else None
    named = connection.mx.hosts if connection.mx else ()
    if asked:
        return (*named, asked)
    return named or ((seen.banner_host,) if seen.banner_host else ())


def _direction(connection: Connection, settings: SniffSettings) -> str | None:
    ours = settings.own_networks
    return None if ours is None else ours.direction(connection.client_ip, connection.server_ip)


class _End(msgspec.Struct, gc=False, omit_defaults=True):
    ip: str
    port: int
    bytes: int
    packets: int
    domain: str | None = None


class _Event(msgspec.Struct, gc=False):
    id: str
    dataset: str
    duration: int


class _Vlan(msgspec.Struct, gc=False):
    id: int


class _Network(msgspec.Struct, gc=False, omit_defaults=True):
    community_id: str
    direction: str | None = None
    vlan: _Vlan | None = None


class _Starttls(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    offered: bool | None = None
    requested: bool | None = None
    reply_code: int | None = None


class _Auth(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    offered_in_clear: bool | None = None
    used_in_clear: bool | None = None


class _Mx(msgspec.Struct, gc=False, omit_defaults=True):
    domain: tuple[str, ...] = ()
    dane: bool | None = None
    tlsrpt: bool | None = None
    mta_sts: bool | None = None


class _Smtp(msgspec.Struct, gc=False, omit_defaults=True):
    verdict: str
    evidence: tuple[Sign, ...]
    dialogue: tuple[Turn, ...]
    software: str | None = None
    banner: str | None = None
    helo: str | None = None
    ehlo: bool | None = None
    starttls: _Starttls | None = None
    auth: _Auth | None = None
    mail_in_clear: bool | None = None
    mx: _Mx | None = None


class _Client(msgspec.Struct, gc=False, omit_defaults=True):
    server_name: str | None = None
    ja3: str | None = None
    ja4: str | None = None


class _Certificate(msgspec.Struct, frozen=True, gc=False):
    trust: Trust | None
    match: Match | None


class _Tls(msgspec.Struct, gc=False, omit_defaults=True):
    established: bool | None = None
    version: str | None = None
    version_protocol: str | None = None
    cipher: str | None = None
    key_exchange: str | None = None
    encryption: str | None = None
    mac: str | None = None
    forward_secrecy: bool | None = None
    curve: str | None = None
    resumed: bool | None = None
    next_protocol: str | None = None
    client: _Client | None = None
    server: dict[str, Any] | None = None
    certificate: _Certificate | None = None


class _Record(msgspec.Struct, gc=False, omit_defaults=True):
    """The line. What is None is left out."""

    timestamp: str = msgspec.field(name="@timestamp")
    event: _Event
    source: _End
    destination: _End
    network: _Network
    smtp: _Smtp
    observer: dict[str, Any] | None = None
    tls: msgspec.Raw | None = None


def session_json(session: Session) -> bytes:
    """One line of NDJSON, with its newline."""
    return _ENCODER.encode(_record(session)) + b"\n"


def session_record(session: Session) -> dict[str, Any]:
    """The session as nested JSON values. A key is absent where its fact could not be observed."""
    record: dict[str, Any] = msgspec.json.decode(session_json(session))
    return record


def _record(session: Session) -> _Record:
    connection, seen = session.connection, session.seen
    client, server, mx = connection.client, connection.server, connection.mx
    return _Record(
        rfc3339(connection.start),
        _Event(_event_id(connection, session.observer_name), _DATASETS[seen.protocol], max(connection.stop - connection.start, 0)),
        _End(connection.client_ip, connection.client_port, client.bytes, client.packets),
        _End(connection.server_ip, connection.server_port, server.bytes, server.packets, mx.hosts[0] if mx and mx.hosts else None),
        _network(session),
        _smtp(seen, session.judgement, mx),
        _observer(session),
        _tls(seen.tls, session.trust, session.match) if seen.tls else None,
    )


def _event_id(connection: Connection, observer_name: str | None) -> str:
    """The session's identity: observer, five-tuple, first packet's time, client's first sequence number."""
    words = (
        f"{observer_name or ''}|{connection.client_ip}|{connection.client_port}|{connection.server_ip}|{connection.server_port}"
        f"|{connection.start}|{connection.client_isn}"
    )
    return blake2b(words.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _network(session: Session) -> _Network:
    connection = session.connection
    return _Network(
        community_id(connection.client_ip, connection.client_port, connection.server_ip, connection.server_port),
        session.direction,
        None if connection.vlan is None else _Vlan(connection.vlan),
    )


def _observer(session: Session) -> dict[str, Any] | None:
    observer: dict[str, Any] = {}
    if session.observer_name:
        observer["name"] = session.observer_name
    if session.connection.interface:
        observer["ingress"] = {"interface": {"name": session.connection.interface}}
    return observer or None


def _smtp(seen: Observation, judgement: Judgement, mx: MxFacts | None) -> _Smtp:
    code = seen.attempts[-1].code if seen.attempts else None
    return _Smtp(
        judgement.verdict,
        judgement.evidence,
        seen.dialogue,
        seen.software,
        seen.banner,
        seen.helo,
        seen.ehlo,
        _starttls(seen.offered, seen.requested, code),
        _auth(seen.auth_offered, seen.auth_used),
        seen.mail_in_clear,
        _Mx(mx.domains, mx.dane, mx.tlsrpt, mx.mta_sts) if mx and mx.hosts else None,
    )


@lru_cache(1024)
def _starttls(offered: bool | None, requested: bool | None, code: int | None) -> _Starttls | None:
    return None if offered is requested is code is None else _Starttls(offered, requested, code)


@lru_cache(16)
def _auth(offered: bool | None, used: bool | None) -> _Auth | None:
    return None if offered is used is None else _Auth(offered, used)


@lru_cache(_HANDSHAKES_KEPT)
def _tls(facts: TlsFacts, trust: Trust | None, match: Match | None) -> msgspec.Raw:
    """A client's software and a server say the same to each other all day: what was written once is copied."""
    client = _Client(facts.server_name, facts.ja3, facts.ja4)
    record = _Tls(
        facts.established,
        facts.version,
        facts.version_protocol,
        facts.cipher,
        facts.key_exchange,
        facts.encryption,
        facts.mac,
        facts.forward_secrecy,
        facts.curve,
        facts.resumed,
        facts.next_protocol,
        client if facts.server_name or facts.ja3 or facts.ja4 else None,
        _server(facts.chain[0]) if facts.chain else None,
        _Certificate(trust, match),
    )
    return msgspec.Raw(_ENCODER.encode(record))


def _present(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields if value is not None}


@lru_cache(CERTIFICATES_KEPT)
def _server(leaf: bytes) -> dict[str, Any]:
    from sniffer.tls.certificate import certificate_facts

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
