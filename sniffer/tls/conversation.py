"""Two directions of a TLS conversation → the facts that a passive tap can state about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import msgspec

from sniffer.remembered import Memory
from sniffer.tls.client_hello import ClientHello, parse_client_hello, parse_ssl2_hello, server_name
from sniffer.tls.codes import (
    APPLICATION_DATA,
    CERTIFICATE,
    CLIENT_HELLO,
    HANDSHAKE,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE,
    alert_name,
    version_name,
)
from sniffer.tls.fingerprints import fingerprints
from sniffer.tls.flights import RANDOM_AT, Flight, Flights, client_flight, server_flight
from sniffer.tls.records import RETRY_RANDOM, RecordSide, is_retry, messages, read_records
from sniffer.tls.server_hello import ServerHello, certificate_chain, named_curve, parse_server_hello
from sniffer.tls.suites import suite

TLS_1_3 = 0x0304
LONGEST_ENCRYPTED_ALERT = 24
"""Bytes of a TLS 1.3 record that can hold an alert and nothing else: 2 + 1 + a tag of at most 16, and some padding."""
SHORTEST_FINISHED = 45
"""Bytes of a TLS 1.3 record that a Finished needs: 4 + 32 + 1 + a tag of at least 8. One that is shorter is an alert that was
padded, as Java does, or a Certificate without any, behind which the Finished comes."""
_FATAL = 2


class TlsSign(msgspec.Struct, frozen=True, gc=False):
    """What shows that a handshake failed. ``at`` is an offset in the side's bytes."""

    word: str
    side: Literal["client", "server"]
    at: int
    text: str = ""


class TlsFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Absent (None) is what could not be seen."""

    established: bool | None
    """None when loss hides how the handshake ended."""
    version: str | None = None
    version_protocol: Literal["tls", "ssl"] | None = None
    cipher: str | None = None
    key_exchange: str | None = None
    encryption: str | None = None
    mac: str | None = None
    forward_secrecy: bool | None = None
    curve: str | None = None
    resumed: bool | None = None
    next_protocol: str | None = None
    server_name: str | None = None
    ja3: str | None = None
    ja4: str | None = None
    chain: tuple[bytes, ...] = ()
    """The server's certificates, DER, leaf first; TLS ≤ 1.2 only."""
    signs: tuple[TlsSign, ...] = ()
    settled: bool = False
    """Nothing that either side sends later could change any of this."""


HandshakeReader = Callable[[bytes, int, bytes, int, bool, bool], TlsFacts]
"""What reads a handshake from both sides; it takes what ``observe_tls`` takes."""


class ServerFlight(msgspec.Struct, gc=False):
    """What the server's plaintext handshake messages hold."""

    hello: ServerHello | None = None
    chain: tuple[bytes, ...] = ()
    has_certificate: bool = False
    done: bool = False
    curve: str | None = None


def observe_tls(
    client: bytes, client_start: int, server: bytes, server_start: int, client_lost: bool = False, server_lost: bool = False
) -> TlsFacts:
    """The facts of a handshake that begins at the two offsets. ``*_lost``: bytes of that side are missing at its
    end, or the side was not captured at all, so that what is not there proves nothing."""
    known = _known(client, client_start, server, server_start)
    if known:
        return known
    hello, client_side = _client(client, client_start)
    server_side = read_records(server, server_start)
    flight = _server_flight(server_side.handshake)
    facts = facts_of(hello, client_side, flight, server_side, client_lost, server_lost)
    if facts.settled and flight.hello and not is_retry(server_side.handshake):
        _keep(facts, flight.hello.version, client, client_start, server, server_start)
    return facts


def _known(client: bytes, client_start: int, server: bytes, server_start: int) -> TlsFacts | None:
    """The facts, where another handshake's two flights were the same; such a one was settled."""
    said = _CLIENTS.find(client, client_start)
    heard = _SERVERS.find(server, server_start) if said else None
    if said is None or heard is None or server.startswith(RETRY_RANDOM, server_start + RANDOM_AT):
        return None
    return _FACTS.get(_key(said, client, client_start, heard, server, server_start))


def _keep(facts: TlsFacts, version: int, client: bytes, client_start: int, server: bytes, server_start: int) -> None:
    """Keep what is settled by the two flights alone: in TLS 1.3 by the client's encrypted data, before by both Finished."""
    said = _CLIENTS.find(client, client_start) or _CLIENTS.learn(client, client_start)
    heard = _SERVERS.find(server, server_start) or _SERVERS.learn(server, server_start)
    if said is None or heard is None:
        return
    finished = said.encrypted == heard.encrypted == HANDSHAKE
    if said.encrypted == APPLICATION_DATA if is_1_3(version) else finished:
        _FACTS.keep(_key(said, client, client_start, heard, server, server_start), facts)


def _key(said: Flight, client: bytes, client_start: int, heard: Flight, server: bytes, server_start: int) -> _Key:
    """Both flights, the name that the client asked for, and the server's certificates."""
    begin, end = said.own
    name = server_name(client[client_start + begin : client_start + end])
    begin, end = heard.own
    return said.number, name, heard.number, certificate_chain(server[server_start + begin : server_start + end])


_CLIENTS, _SERVERS = Flights(client_flight), Flights(server_flight)
_Key = tuple[int, str | None, int, tuple[bytes, ...]]
_FACTS: Memory[_Key, TlsFacts] = Memory(4096)


def facts_of(
    hello: ClientHello | None, client_side: RecordSide, flight: ServerFlight, server_side: RecordSide, client_lost: bool, server_lost: bool
) -> TlsFacts:
    """The facts of a handshake whose messages and records are read already, whoever read them."""
    chosen = flight.hello
    resumed = _resumed(hello, flight, server_side)
    established, signs = _outcome(chosen, client_side, server_side, client_lost, server_lost, resumed)
    settled = bool(established) and _settled(chosen, client_side, server_side)
    printed = fingerprints(hello) if hello else None
    terms = _terms(chosen.version, chosen.cipher, chosen.group, chosen.psk, chosen.retry) if chosen else _NO_TERMS
    return TlsFacts(
        established=established,
        version=terms.version,
        version_protocol=terms.version_protocol,
        cipher=terms.cipher,
        key_exchange=terms.key_exchange,
        encryption=terms.encryption,
        mac=terms.mac,
        forward_secrecy=terms.forward_secrecy,
        curve=(chosen.group if chosen else None) or flight.curve,
        resumed=resumed,
        next_protocol=chosen.protocol if chosen else None,
        server_name=hello.server_name if hello else None,
        ja3=printed.ja3 if printed else None,
        ja4=printed.ja4 if printed else None,
        chain=flight.chain,
        signs=signs,
        settled=settled,
    )


def _settled(hello: ServerHello | None, client: RecordSide, server: RecordSide) -> bool:
    """The handshake is behind both: it was seen to its end, not inferred. In TLS 1.3 by the client's first encrypted record, as
    nothing behind that is compared where a flight comes again."""
    if hello is None or hello.retry:
        return False
    if is_1_3(hello.version):
        return client.first_data_length >= SHORTEST_FINISHED
    return client.finished and server.finished


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the server's choice means. None is what is not known."""

    version: str | None = None
    version_protocol: Literal["tls", "ssl"] | None = None
    cipher: str | None = None
    key_exchange: str | None = None
    encryption: str | None = None
    mac: str | None = None
    forward_secrecy: bool | None = None


_NO_TERMS = Terms()


@lru_cache(4096)
def _terms(version: int, cipher: int, group: str | None, psk: bool, retry: bool) -> Terms:
    parts = suite(cipher)
    name = version_name(version)
    exchange, secret = key_exchange(version, group, psk, retry)
    return Terms(
        version=name,
        version_protocol=("ssl" if version <= 0x0300 else "tls") if name else None,
        cipher=parts.name,
        key_exchange=exchange or parts.key_exchange,
        encryption=parts.encryption,
        mac=parts.mac,
        forward_secrecy=parts.forward_secrecy if secret is None else secret,
    )


def _client(data: bytes, start: int) -> tuple[ClientHello | None, RecordSide]:
    """The first ClientHello: a second one, after a HelloRetryRequest, offers the same with another key share."""
    if data[start : start + 1] >= b"\x80":
        old = parse_ssl2_hello(data[start : start + 2 + 0x7FFF])
        if old:
            return old, read_records(data, start + 2 + ((data[start] & 0x7F) << 8 | data[start + 1]))
    side = read_records(data, start)
    for kind, body in messages(side.handshake):
        if kind == CLIENT_HELLO:
            return parse_client_hello(body), side
    return None, side


def _server_flight(handshake: bytes) -> ServerFlight:
    flight = ServerFlight()
    for kind, body in messages(handshake):
        if kind == SERVER_HELLO:
            flight.hello = parse_server_hello(body) or flight.hello
        elif kind == CERTIFICATE:
            flight.chain = certificate_chain(body)
            flight.has_certificate = True
        elif kind == SERVER_KEY_EXCHANGE and flight.hello and _has_curve(flight.hello.cipher):
            flight.curve = named_curve(body)
        elif kind == SERVER_HELLO_DONE:
            flight.done = True
    return flight


@lru_cache(1024)
def _has_curve(cipher: int) -> bool:
    """True for suites whose ServerKeyExchange names a curve."""
    return "_ECDHE_" in suite(cipher).name


def _resumed(hello: ClientHello | None, flight: ServerFlight, server: RecordSide) -> bool | None:
    """Abbreviated: a PSK chosen (TLS 1.3), or ChangeCipherSpec right after the ServerHello (RFC 5246 section 7.3,
    RFC 5077 section 3.1). Where the flight is cut, an echoed session id tells (RFC 5246 section 7.4.1.3)."""
    chosen = flight.hello
    if chosen is None or chosen.retry:
        return None
    if is_1_3(chosen.version):
        return chosen.psk
    if flight.has_certificate or flight.done:
        return False
    if server.change_cipher_spec:
        return True
    return bool(hello and hello.session_id and hello.session_id == chosen.session_id) or None


def is_1_3(version: int) -> bool:
    """TLS 1.3 or one of its drafts."""
    return version >= TLS_1_3


def key_exchange(version: int, group: str | None, psk: bool, retry: bool) -> tuple[str | None, bool | None]:
    """(key exchange, forward secrecy) as a TLS 1.3 hello's extensions say; older versions say it by their suite."""
    if retry or not is_1_3(version):
        return None, None
    if group is None:
        return ("PSK", False) if psk else (None, None)
    if "MLKEM" in group or "Kyber" in group:
        return ("MLKEM" if group.startswith("MLKEM") else "ECDHE-MLKEM"), True
    return ("DHE" if group.startswith("ffdhe") else "ECDHE"), True


def _outcome(
    hello: ServerHello | None, client: RecordSide, server: RecordSide, client_lost: bool, server_lost: bool, resumed: bool | None
) -> tuple[bool | None, tuple[TlsSign, ...]]:
    mine, client_lost = (RecordSide(), True) if hello and _is_no_tls(client) else (client, client_lost)
    if hello is None:
        established = _without_server_hello(client, server, server_lost)
    elif is_1_3(hello.version):
        established = _established_1_3(mine, server, client_lost, server_lost)
    else:
        established = _established_1_2(mine, server, client_lost, server_lost, resumed)
    return established, (() if established else _signs(client, server))


def _is_no_tls(side: RecordSide) -> bool:
    """Not one record. Where the other side went on as it does after a hello, that isn't what it was sent: as good as lost."""
    return side.garbage_at is not None and not side.records


def _without_server_hello(client: RecordSide, server: RecordSide, server_lost: bool) -> bool | None:
    """A client that encrypts has read the server's hello, though we could not. Where the server says nothing at all, it may
    be early data (RFC 8446 section 2.3)."""
    encrypts = client.longest_data_length >= SHORTEST_FINISHED or (client.finished and client.data_records > 0)
    unread = (encrypts or client.finished) and (server.records > 0 or _is_no_tls(server))
    refused = client.alert is not None or _refuses(server)
    if refused or client.garbage_at is not None or not (server_lost or unread):
        return False
    return True if encrypts else None


def _established_1_3(client: RecordSide, server: RecordSide, client_lost: bool, server_lost: bool) -> bool | None:
    """The client's first encrypted record is its Finished (or a Certificate before it), unless it is too short for that."""
    if client.longest_data_length >= SHORTEST_FINISHED:
        return True
    if client.data_records:
        is_alert = client.first_data_length <= LONGEST_ENCRYPTED_ALERT or (client.data_records == 1 and not client_lost)
        return False if is_alert else None
    if client.alert or server.alert or _garbage(client, server):
        return False
    return None if client_lost or server_lost else False


def _established_1_2(client: RecordSide, server: RecordSide, client_lost: bool, server_lost: bool, resumed: bool | None) -> bool | None:
    """Finished from both; application data of either proves it too, if it is that: what a fatal alert in clear answers may be
    TLS 1.3, whose sign in the hello was changed on the way. The last Finished alone proves the other's."""
    if client.finished and server.finished:
        return True
    if _refuses(client) or _refuses(server):
        return False
    if client.data_records or server.data_records:
        return True
    if client.alert or server.alert or _garbage(client, server):
        return False
    last, other_lost = (client, server_lost) if resumed else (server, client_lost)
    if last.finished and other_lost:
        return True
    return None if client_lost or server_lost else False


def _refuses(side: RecordSide) -> bool:
    """A fatal alert in clear: this side has not begun to encrypt, and never will."""
    return side.alert is not None and side.alert[0] == _FATAL


def _garbage(client: RecordSide, server: RecordSide) -> bool:
    return client.garbage_at is not None or server.garbage_at is not None


def _signs(client: RecordSide, server: RecordSide) -> tuple[TlsSign, ...]:
    sides: tuple[tuple[Literal["client", "server"], RecordSide], ...] = (("client", client), ("server", server))
    signs: list[TlsSign] = []
    for name, side in sides:
        if side.alert:
            level, code = side.alert
            signs.append(TlsSign(f"alert_{alert_name(code)}", name, side.alert_at, "fatal" if level == _FATAL else "warning"))
        # a server's first encrypted record may well be as short as an alert: EncryptedExtensions without any
        if side.encrypted_alert or (name == "client" and 0 < side.longest_data_length < SHORTEST_FINISHED):
            signs.append(TlsSign("alert_encrypted", name, 0))
        if side.garbage_at is not None:
            signs.append(TlsSign("garbage", name, side.garbage_at))
    return tuple(signs)
