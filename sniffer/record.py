"""A session's line of JSON: ECS names, nested, absent where nothing could be observed.

Half of every line are short numbers and addresses, which are written straight into it; the ``smtp`` and ``tls`` objects
are encoded once for many sessions where these say the same.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from sniffer.community_id import community_id
from sniffer.dns.facts import MxFacts
from sniffer.observation import Observation, Sign, Turn
from sniffer.remembered import remembered
from sniffer.stream import Connection
from sniffer.times import rfc3339
from sniffer.tls import TlsFacts
from sniffer.tls.server_hello import CERTIFICATES_KEPT, LONGEST_KEPT
from sniffer.verdict import Judgement

if TYPE_CHECKING:
    from sniffer.tls.names import Match
    from sniffer.tls.trust import Trust

_HANDSHAKES_KEPT = 4096
_ENCODER = msgspec.json.Encoder()
"""Writes the evidence's and the dialogue's structs as they are, faster than dictionaries could be made of them."""


def line_of(connection: Connection, dataset: str, smtp: str, tls: str | None, direction: str | None, observer_name: str | None) -> bytes:
    """One line of NDJSON, with its newline. ``smtp`` and ``tls`` are objects of JSON."""
    client_ip, client_port = connection.client_ip, connection.client_port
    server_ip, server_port = connection.server_ip, connection.server_port
    client, server, start, mx = connection.client, connection.server, connection.start, connection.mx
    domain = f',"domain":{json_text(mx.hosts[0])}' if mx and mx.hosts else ""
    if mx and mx.hosts:
        smtp = f'{smtp[:-1]},"mx":{_mx(mx)}}}'
    observer = _observer(observer_name, connection.interface) if observer_name or connection.interface else ""
    return (
        f'{{"@timestamp":"{rfc3339(start)}","event":{{"id":"{_event_id(connection, observer_name)}","dataset":"{dataset}"'
        f',"duration":{max(connection.stop - start, 0)}}}'
        f',"source":{{"ip":"{client_ip}","port":{client_port},"bytes":{client.bytes},"packets":{client.packets}}}'
        f',"destination":{{"ip":"{server_ip}","port":{server_port},"bytes":{server.bytes},"packets":{server.packets}{domain}}}'
        f',"network":{{"community_id":"{community_id(client_ip, client_port, server_ip, server_port)}"'
        f"{_link(direction, connection.vlan) if direction or connection.vlan is not None else ''}}}"
        f',"smtp":{smtp}{observer}{"" if tls is None else _TLS}{tls or ""}}}\n'
    ).encode()


_TLS = ',"tls":'


def _link(direction: str | None, vlan: int | None) -> str:
    text = f',"direction":"{direction}"' if direction else ""
    return text if vlan is None else f'{text},"vlan":{{"id":{vlan}}}'


def _event_id(connection: Connection, observer_name: str | None) -> str:
    """The session's identity: observer, five-tuple, first packet's time, client's first sequence number."""
    words = (
        f"{observer_name or ''}|{connection.client_ip}|{connection.client_port}|{connection.server_ip}|{connection.server_port}"
        f"|{connection.start}|{connection.client_isn}"
    )
    return blake2b(words.encode("utf-8", "replace"), digest_size=16).hexdigest()


@lru_cache(1024)
def _observer(name: str | None, interface: str | None) -> str:
    observer: dict[str, Any] = {"name": name} if name else {}
    if interface:
        observer["ingress"] = {"interface": {"name": interface}}
    return f',"observer":{json_text(observer)}'


def json_text(value: Any) -> str:
    """A value as JSON."""
    return _ENCODER.encode(value).decode()


class _Mx(msgspec.Struct, gc=False, omit_defaults=True):
    domain: tuple[str, ...] = ()
    dane: bool | None = None
    tlsrpt: bool | None = None
    mta_sts: bool | None = None


def _mx(facts: MxFacts) -> str:
    return json_text(_Mx(facts.domains, facts.dane, facts.tlsrpt, facts.mta_sts))


class _Starttls(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    offered: bool | None = None
    requested: bool | None = None
    reply_code: int | None = None


class _Auth(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    offered_in_clear: bool | None = None
    used_in_clear: bool | None = None


class _Smtp(msgspec.Struct, gc=False, omit_defaults=True):
    """What is None is left out."""

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


def smtp_object(seen: Observation, judgement: Judgement) -> str:
    """What the dialogue showed, and the verdict, as an object of JSON."""
    code = seen.attempts[-1].code if seen.attempts else None
    return json_text(
        _Smtp(
            judgement.verdict,
            judgement.evidence,
            seen.dialogue,
            seen.software,
            seen.banner,
            seen.helo,
            seen.ehlo,
            None if seen.offered is seen.requested is code is None else _Starttls(seen.offered, seen.requested, code),
            None if seen.auth_offered is seen.auth_used is None else _Auth(seen.auth_offered, seen.auth_used),
            seen.mail_in_clear,
        )
    )


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


def tls_object(facts: TlsFacts, trust: Trust | None, match: Match | None) -> str:
    """A handshake's facts as an object of JSON. A client's software and a server say the same to each other all day:
    what was written once is copied."""
    write = _tls_object if sum(map(len, facts.chain)) <= LONGEST_KEPT else _tls_object.__wrapped__
    return write(facts, trust, match)


@lru_cache(_HANDSHAKES_KEPT)
def _tls_object(facts: TlsFacts, trust: Trust | None, match: Match | None) -> str:
    client = _Client(facts.server_name, facts.ja3, facts.ja4)
    return json_text(
        _Tls(
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
    )


def _present(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields if value is not None}


@remembered(CERTIFICATES_KEPT, LONGEST_KEPT)
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
