"""What the demo's gateway sees in a week: mostly honest mail, and every way of stripping somewhere.

We are example.org: MX at 192.0.2.25, outgoing gateway at 192.0.2.30, a tap on two uplinks (``uplink-a``, ``uplink-b``).
Which address "is" where stands in networks.csv.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stripwatch.demo.capture import Conversation, Frame, pcapng
from stripwatch.demo.handshake import handshake

INTERFACES = ("uplink-a", "uplink-b")
OUR_MX, OUR_GATEWAY = "192.0.2.25", "192.0.2.30"
OFFER = "PIPELINING|250-SIZE 52428800|250-STARTTLS|250-ENHANCEDSTATUSCODES|250-8BITMIME|250 SMTPUTF8"
DAYS = 7

Ending = Callable[[Conversation, "Meeting"], None]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Who meets whom, and what becomes of the encryption."""

    client: str
    server: str
    server_name: str
    client_name: str
    interface: int
    ending: Ending
    count: int
    days: tuple[int, int] = (0, DAYS)
    """First day (inclusive) and last (exclusive) that it happens on."""
    offer: str = OFFER
    version: str = "1.3"


def _mail(talk: Conversation, meeting: Meeting) -> None:
    talk.lines(
        f"C: MAIL FROM:<news@{meeting.client_name}>",
        "S: 250 2.1.0 Ok",
        "C: RCPT TO:<someone@example.org>",
        "S: 250 2.1.5 Ok",
        "C: DATA",
        "S: 354 End data with <CR><LF>.<CR><LF>",
        f"C: From: <news@{meeting.client_name}>|Subject: A sample|Date: Tue, 24 Nov 2026 00:00:00 +0000||Nothing to see here.|.",
        "S: 250 2.0.0 Ok: queued",
        "C: QUIT",
        "S: 221 2.0.0 Bye",
    )


def encrypted(talk: Conversation, meeting: Meeting) -> None:
    """STARTTLS asked and granted; everything after it is TLS."""
    talk.lines("C: STARTTLS", "S: 220 2.0.0 Ready to start TLS")
    valid_from = datetime.fromtimestamp(talk.at // 1_000_000, UTC).replace(month=1, day=1, hour=0, minute=0, second=0)
    for from_client, data in handshake(meeting.server_name, meeting.version, valid_from).turns:
        talk.say(from_client, data)


def clear(talk: Conversation, meeting: Meeting) -> None:
    """No STARTTLS asked: the message goes over in clear."""
    _mail(talk, meeting)


def masked_command(talk: Conversation, meeting: Meeting) -> None:
    """Somebody on the way rewrote the client's STARTTLS; it falls back to clear."""
    talk.lines("C: XXXXXXXX", "S: 502 5.5.2 Error: command not recognized")
    _mail(talk, meeting)


def broken(talk: Conversation, meeting: Meeting) -> None:
    """STARTTLS granted, then the ClientHello is met by a fatal alert."""
    talk.lines("C: STARTTLS", "S: 220 2.0.0 Ready to start TLS")
    hello = handshake(meeting.server_name, "1.2", datetime(2026, 1, 1, tzinfo=UTC)).turns[0]
    talk.say(*hello).say(False, bytes.fromhex("15030300020228"))


MASKED = OFFER.replace("STARTTLS", "XXXXXXXA")
REMOVED = OFFER.replace("250-STARTTLS|", "")


def meetings() -> list[Meeting]:
    """The week, meeting by meeting."""
    honest_in = [
        ("198.18.1.10", "mail-a.cloud.example", 60, "1.3"),
        ("198.18.1.11", "mail-b.cloud.example", 30, "1.3"),
        ("2001:db8:100::25", "mail6.muster.example", 24, "1.3"),
        ("198.18.2.40", "out.muster.example", 36, "1.2"),
        ("198.18.3.70", "mx.rei.example", 22, "1.3"),
        ("198.18.6.170", "relay.island.example", 14, "1.3"),
        ("198.18.7.200", "saida.exemplo.example", 18, "1.2"),
        ("198.18.8.230", "sortie.exemple.example", 26, "1.3"),
        ("198.19.6.170", "out.udaharan.example", 20, "1.2"),
        ("198.19.7.200", "out.pacific.example", 16, "1.3"),
        ("198.19.8.230", "out.north.example", 18, "1.3"),
    ]
    week = [
        Meeting(client, _mx(client), "mx.example.org", name, count % 2, encrypted, count, version=version)
        for client, name, count, version in honest_in
    ]
    week += [
        # a few clients that never speak TLS: their own choice, no alarm
        Meeting("198.18.7.201", OUR_MX, "mx.example.org", "legado.exemplo.example", 0, clear, 5),
        # inbound from TN: the client's STARTTLS arrives masked
        Meeting("198.18.4.100", OUR_MX, "mx.example.org", "mail.carrier-one.example", 1, masked_command, 26),
        Meeting("198.18.4.101", OUR_MX, "mx.example.org", "relay.carrier-one.example", 1, masked_command, 9),
        Meeting("198.18.4.102", OUR_MX, "mx.example.org", "vpn.carrier-one.example", 1, encrypted, 3),
        # inbound from IQ: used to ask for STARTTLS, and no longer does
        Meeting("198.19.4.100", OUR_MX, "mx.example.org", "mail.carrier-four.example", 0, encrypted, 30, days=(0, 4)),
        Meeting("198.19.4.100", OUR_MX, "mx.example.org", "mail.carrier-four.example", 0, clear, 27, days=(4, DAYS)),
        # outbound to KE: the server's offer arrives masked
        Meeting(OUR_GATEWAY, "198.19.1.10", "mx.carrier-three.example", "gw.example.org", 1, clear, 22, offer=MASKED),
        # one masked session only: evidence, but no rate to speak of
        Meeting(OUR_GATEWAY, "198.18.5.130", "mx.carrier-two.example", "gw.example.org", 1, clear, 1, offer=MASKED),
        # the same server offers on one uplink and not on the other
        Meeting(OUR_GATEWAY, "198.19.2.40", "mx.specimen.example", "gw.example.org", 0, encrypted, 34),
        Meeting(OUR_GATEWAY, "198.19.2.40", "mx.specimen.example", "gw.example.org", 1, clear, 25, offer=REMOVED),
        # honest partners
        Meeting(OUR_GATEWAY, "198.19.3.70", "mx.cloud.example", "gw.example.org", 0, encrypted, 40),
        Meeting(OUR_GATEWAY, "198.18.2.50", "mx.muster.example", "gw.example.org", 0, encrypted, 22, version="1.2"),
        # a server that never offered: old, not attacked
        Meeting(OUR_GATEWAY, "198.19.5.140", "mail.voorbeeld.example", "gw.example.org", 0, clear, 8, offer=REMOVED),
        # a handshake that breaks, then the same message in clear
        Meeting(OUR_GATEWAY, "198.19.5.141", "mx2.voorbeeld.example", "gw.example.org", 0, broken, 3),
    ]
    return week


def _mx(client: str) -> str:
    return "2001:db8:200::25" if ":" in client else OUR_MX


def capture(now: datetime, seed: int = 1) -> bytes:
    """The week that ends at ``now``, as a pcapng file."""
    frames: list[Frame] = []
    for talk in _conversations(now, random.Random(seed)):
        frames += talk.frames
    return pcapng(frames, INTERFACES)


def _conversations(now: datetime, rng: random.Random) -> Iterator[Conversation]:
    first_day = now - timedelta(days=DAYS)
    port = 20_000
    for meeting in meetings():
        first, last = meeting.days
        span = (last - first) * 86_400 - 600
        for _ in range(meeting.count):
            port += 1
            start = first_day + timedelta(days=first, seconds=rng.random() * span)
            yield _conversation(meeting, port, int(start.timestamp() * 1_000_000))


def _conversation(meeting: Meeting, port: int, at: int) -> Conversation:
    talk = Conversation(meeting.client, port, meeting.server, 25, at, meeting.interface).open()
    talk.lines(f"S: 220 {meeting.server_name} ESMTP Postfix", f"C: EHLO {meeting.client_name}")
    talk.lines(f"S: 250-{meeting.server_name}|250-{meeting.offer}")
    meeting.ending(talk, meeting)
    return talk.close()
