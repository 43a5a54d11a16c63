"""Wireshark's records and messages of both sides → the facts of a handshake, by the rules of ``sniffer.tls``."""

from __future__ import annotations

from msgspec.structs import replace

from sniffer.tls import HandshakeReader, TlsFacts
from sniffer.tls.client_hello import ClientHello
from sniffer.tls.codes import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE
from sniffer.tls.conversation import ServerFlight, facts_of
from sniffer.tls.records import RecordSide
from sniffer.tls.server_hello import ServerHello
from sniffer.wireshark.facts import Certificates, HelloDone, KeyExchange, Message
from sniffer.wireshark.side import Side, begins_like_tls

_ALERT_LENGTH = 2


def handshake_reader(client: Side, server: Side) -> HandshakeReader:
    """What ``observe_tls`` is to the packet engine; the bytes given only tell where something stands that is no TLS."""

    def read(
        client_data: bytes, client_start: int, server_data: bytes, server_start: int, client_lost: bool, server_lost: bool
    ) -> TlsFacts:
        mine, messages = _side(client, client_data, client_start)
        other, answers = _side(server, server_data, server_start)
        hello = next((message for message in messages if isinstance(message, ClientHello)), None)
        client_lost = client_lost or _is_unread(client, client_data, client_start)
        server_lost = server_lost or _is_unread(server, server_data, server_start)
        facts = facts_of(hello, mine, _flight(answers), other, client_lost, server_lost)
        return replace(facts, ja3=client.ja3 or facts.ja3) if hello and hello.whole else facts

    return read


def _is_unread(side: Side, data: bytes, start: int) -> bool:
    """TLS begins here, and Wireshark found no record in it, or not the first: what it says is as good as lost."""
    found = bool(side.records) and side.records_at[0] <= start
    return not found and start < len(data) and begins_like_tls(data[start:])


def _side(side: Side, data: bytes, start: int) -> tuple[RecordSide, list[Message]]:
    """The records' walk, and the messages that came before encryption."""
    walk = RecordSide(garbage_at=side.garbage_at)
    messages: list[Message] = []
    in_clear = True
    if not side.records and start < len(data) and not begins_like_tls(data[start:]):
        walk.garbage_at = start
    for record, at in zip(side.records, side.records_at, strict=True):
        walk.records += 1
        if record.kind == HANDSHAKE and in_clear:
            messages += record.messages
        elif record.kind == HANDSHAKE:
            walk.finished = True
        elif record.kind == CHANGE_CIPHER_SPEC:
            walk.change_cipher_spec = True
            in_clear = _is_retry(messages)
        elif record.kind == APPLICATION_DATA:
            walk.note_data(record.length)
            in_clear = False
        elif record.kind == ALERT and record.length != _ALERT_LENGTH:
            walk.encrypted_alert = True
        elif record.kind == ALERT and record.alert and walk.alert is None:
            walk.alert, walk.alert_at = record.alert, at
    return walk, messages


def _is_retry(messages: list[Message]) -> bool:
    """As ``sniffer.tls.records.is_retry``."""
    return bool(messages) and isinstance(messages[0], ServerHello) and messages[0].retry


def _flight(messages: list[Message]) -> ServerFlight:
    flight = ServerFlight()
    for message in messages:
        if isinstance(message, ServerHello):
            flight.hello = message
        elif isinstance(message, Certificates):
            flight.chain, flight.has_certificate = message.chain, True
        elif isinstance(message, KeyExchange):
            flight.curve = message.curve
        elif isinstance(message, HelloDone):
            flight.done = True
    return flight
