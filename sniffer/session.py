"""One connection → its session: what it showed, the verdict, and what is judged beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from sniffer.clear import observe_clear
from sniffer.dialect import recognise
from sniffer.dns.facts import MxFacts
from sniffer.implicit import observe_implicit
from sniffer.observation import LATEST, Observation, Protocol, Sign
from sniffer.record import line_of, smtp_object, tls_object
from sniffer.smtp.walk import proxy_header_end
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.times import rfc3339
from sniffer.tls import HandshakeReader, TlsFacts, observe_tls
from sniffer.unseen import observe_unseen
from sniffer.verdict import Judgement, judge

if TYPE_CHECKING:
    from sniffer.tls.names import Match
    from sniffer.tls.trust import Trust

DATASETS: dict[str, str] = {protocol: f"{protocol}.session" for protocol in get_args(Protocol)}


class Session(msgspec.Struct, frozen=True, gc=False):
    """A connection, what it showed, and what follows."""

    connection: Connection
    seen: Observation
    judgement: Judgement
    trust: Trust | None = None
    match: Match | None = None
    direction: str | None = None
    observer_name: str | None = None


def observe(connection: Connection, settings: SniffSettings, handshake: HandshakeReader = observe_tls) -> Session | None:
    """Observe and judge one connection, whichever engine made it; ``handshake`` is asked where TLS begins. None when it is no mail
    protocol that was asked for. Never raises."""
    connection = connection.entire()
    found = recognise(connection, settings)
    if found is None:
        return None
    protocol, form = found
    if form == "implicit":
        seen = observe_implicit(connection, protocol, proxy_header_end(connection.client.data), settings, handshake)
    elif form == "unseen":
        seen = observe_unseen(connection, protocol, handshake)
    else:
        seen = observe_clear(connection, protocol, settings, handshake)
    return _session_of(connection, seen, settings)


def _session_of(connection: Connection, seen: Observation, settings: SniffSettings) -> Session:
    """Judge an observation."""
    trust: Trust | None = None
    match: Match | None = None
    if seen.tls:
        trust, match = certificate_judged(connection, seen.tls, expected_hosts(connection, seen.tls, seen.banner_host, settings), settings)
    judgement = judge(seen)
    if connection.mx and connection.mx.contradictions:
        judgement = Judgement(judgement.verdict, judgement.evidence + _contradicted(connection.mx, settings))
    return Session(connection, seen, judgement, trust, match, direction_of(connection, settings), settings.observer_name)


def _contradicted(mx: MxFacts, settings: SniffSettings) -> tuple[Sign, ...]:
    """Evidence from beside the session; it changes no verdict."""
    size = settings.evidence_text
    return tuple(Sign("dns_answer_contradicted", "server", one.text[:size], rfc3339(one.at)) for one in mx.contradictions)


def certificate_judged(connection: Connection, tls: TlsFacts, hosts: tuple[str, ...], settings: SniffSettings) -> tuple[Trust, Match]:
    """A certificate's trust, and whether it bears one of the ``hosts``; without one neither is observable."""
    chain = tls.chain
    if not chain:
        return "not_observable", "not_observable"
    trust_of, match_of = _judges()
    roots = settings.roots() if settings.roots else None
    # where we are the client, the server is somebody else's: our own domains say nothing about it
    domains = () if direction_of(connection, settings) == "outbound" else settings.mail_domains
    return trust_of(chain, connection.start, roots), match_of(chain, hosts, domains)


def judged_alike(tls: TlsFacts, at: int) -> tuple[int, int]:
    """Seconds since the epoch about ``at`` (nanoseconds), the last one excluded, in which ``certificate_judged`` says the
    same."""
    if not tls.chain:
        return -LATEST, LATEST
    from sniffer.tls.trust import steady

    return steady(tls.chain, at)


@cache
def _judges() -> tuple[Callable[..., Trust], Callable[..., Match]]:
    """What needs a library of cryptography is loaded by the first certificate."""
    from sniffer.tls.names import match_of
    from sniffer.tls.trust import trust_of

    return trust_of, match_of


def expected_hosts(connection: Connection, tls: TlsFacts, banner_host: str | None, settings: SniffSettings) -> tuple[str, ...]:
    """The MX names that a certificate should bear: configured ones, else those that DNS answers gave the address and
    the one that the client asked for, else the one that the server greets with. None where there is no certificate."""
    if not tls.chain:
        return ()
    configured = settings.mx_hosts.get(connection.server_ip)
    if configured:
        return configured
    named = connection.mx.hosts if connection.mx else ()
    if tls.server_name:
        return (*named, tls.server_name)
    return named or ((banner_host,) if banner_host else ())


def direction_of(connection: Connection, settings: SniffSettings) -> str | None:
    """``network.direction``; None where no networks are configured."""
    ours = settings.own_networks
    return None if ours is None else ours.direction(connection.client_ip, connection.server_ip)


def session_json(session: Session) -> bytes:
    """One line of NDJSON, with its newline."""
    seen = session.seen
    tls = tls_object(seen.tls, session.trust, session.match) if seen.tls else None
    smtp = smtp_object(seen, session.judgement)
    return line_of(session.connection, DATASETS[seen.protocol], smtp, tls, session.direction, session.observer_name)


def session_record(session: Session) -> dict[str, Any]:
    """The session as nested JSON values. A key is absent where its fact could not be observed."""
    record: dict[str, Any] = msgspec.json.decode(session_json(session))
    return record
