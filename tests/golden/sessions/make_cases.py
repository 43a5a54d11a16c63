#!/usr/bin/env python3
"""Make the captures of the session cases again (handshakes are real, so their bytes differ each time), and what is expected.

    python -m tests.golden.sessions.make_cases

Read every changed expected.ndjson before it is committed: it is the reader's own output.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.sniffer.conftest import Dialogue, Wire
from tests.sniffer.handshakes import Authority, client_context, converse, server_context
from tests.sniffer.playbook import Turns, turns

HERE = Path(__file__).parent
INBOUND = ("198.51.100.7", 40001), ("192.0.2.25", 25)
OUTBOUND = ("2001:db8:ffff::7", 40002), ("2001:db8:1::25", 25)
EXTERNAL = ("198.51.100.7", 40003), ("203.0.113.25", 465)
EHLO = "S 220 mx1.mail.example ESMTP Postfix (Debian/GNU)\nC EHLO gw.client.example\n"
OFFER = "S 250-mx1.mail.example|250-PIPELINING|250-SIZE 10240000|250-STARTTLS|250-AUTH PLAIN LOGIN|250 8BITMIME\n"
MASK = OFFER.replace("STARTTLS", "XXXXXXXA")
BARE = OFFER.replace("250-STARTTLS|", "")
MAIL = (
    "C MAIL FROM:<a@client.example>\nS 250 2.1.0 Ok\nC RCPT TO:<b@mail.example>\nS 250 2.1.5 Ok\nC DATA\nS 354 go\n"
    "C Subject: hello||text|.\n"
    "S 250 2.0.0 Ok: queued as 1\nC QUIT\nS 221 2.0.0 Bye"
)
TAKEN = "C STARTTLS\nS 220 2.0.0 Ready to start TLS\n"
Frames = list[tuple[int, bytes]]


def talk(said: Turns, ends: tuple[tuple[str, int], tuple[str, int]] = INBOUND, after: float = 0.0, close: bool = True) -> Frames:
    dialogue = Dialogue(*ends, time=Wire.START + int(after * 10**9), segment=1400).open()
    for is_client, data in said:
        dialogue.say(0 if is_client else 1, data)
    return (dialogue.close() if close else dialogue).frames


def numbered(port: int) -> tuple[tuple[str, int], tuple[str, int]]:
    return (INBOUND[0][0], port), INBOUND[1]


def tagged(frames: Frames, vlan: int) -> Frames:
    return [(at, frame[:12] + struct.pack(">HH", 0x8100, vlan) + frame[12:]) for at, frame in frames]


def on_interface(frames: Frames, name: bytes) -> bytes:
    """A pcapng whose interface has a name."""
    head = Wire.section() + Wire.interface(1, [(2, name), (9, b"\x09")])
    return head + b"".join(Wire.enhanced(at, frame) for at, frame in frames)


ROOT = Authority("stripwatch test root", days=36500)
OTHER = Authority("a root that nobody knows", days=36500)


def shaken(authority: Authority, version: str, name: str | None = "mx1.mail.example", suite: str = "ALL:@SECLEVEL=0") -> Turns:
    return converse(client_context(version), server_context(authority, version, suite), name)[0]


def host(name: str, parent: Authority | None = ROOT, **validity: object) -> Authority:
    return Authority(name, parent, ca=False, names=(name, "alias." + name), **validity)  # type: ignore[arg-type]


def resumed(authority: Authority) -> Turns:
    """The second conversation of two, which takes the first one's session up again."""
    client, server = client_context("1.2"), server_context(authority, "1.2")
    _, session = converse(client, server, "mx1.mail.example")
    return converse(client, server, "mx1.mail.example", session)[0]


def starttls(handshake: Turns) -> Turns:
    return turns(EHLO + OFFER + TAKEN) + handshake


def trusted() -> bytes:
    return on_interface(tagged(talk(starttls(shaken(host("mx1.mail.example"), "1.2"))), 207), b"mirror0")


def certificates() -> bytes:
    """One of each judgement: self-signed, expired, of an unknown root, damaged; for the host, the domain, another host, nobody."""
    past = datetime(2020, 1, 1, tzinfo=UTC)
    good = host("mx1.mail.example")
    damaged = [(speaks, data.replace(good.der, good.der[:-1] + bytes((good.der[-1] ^ 1,)))) for speaks, data in shaken(good, "1.2")]
    found = [
        shaken(host("mx1.mail.example", None), "1.2"),
        shaken(host("mx1.mail.example", begins=past, days=30), "1.2"),
        shaken(host("mx1.mail.example", OTHER), "1.2"),
        damaged,
        shaken(host("mail.example"), "1.2"),
        shaken(host("elsewhere.example"), "1.2", None),
        shaken(host("elsewhere.example"), "1.2"),
    ]
    nameless = turns("S 220 ready\nC EHLO gw\nS 250-ok|250 STARTTLS\n" + TAKEN) + shaken(good, "1.2", None)
    dialogues = [*(starttls(said) for said in found), nameless]
    return Wire.pcap(sorted(frame for place, said in enumerate(dialogues) for frame in talk(said, numbered(41000 + place), place / 7)))


def tls13() -> bytes:
    return Wire.pcap(talk(starttls(shaken(host("mx1.mail.example"), "1.3")), OUTBOUND))


def implicit() -> bytes:
    return Wire.pcap(talk(shaken(host("mx1.mail.example"), "1.2"), EXTERNAL))


def failed() -> bytes:
    hello = shaken(host("mx1.mail.example"), "1.2")[:1]
    return Wire.pcap(talk(starttls([*hello, (False, b"\x15\x03\x03\0\x02\x02\x28")])))


def amid_handshake(seconds: int) -> bytes:
    """A handshake that goes no further than the hello, in a capture that goes on for so long."""
    frames = talk(starttls(shaken(host("mx1.mail.example"), "1.2")[:1]), close=False)
    ping = Wire.ethernet(Wire.ip(("198.51.100.9", 0), ("192.0.2.25", 0), b"ping", protocol=1))
    return Wire.pcap(frames + [(frames[-1][0] + second * 10**9, ping) for second in range(10, seconds + 1, 10)])


def incomplete() -> bytes:
    """The reply to EHLO is lost, and the segments behind it are not."""
    frames = talk(turns(EHLO + OFFER + MAIL))
    return Wire.pcap([frame for frame in frames if b"250-STARTTLS" not in frame[1]])


def script(text: str) -> bytes:
    return Wire.pcap(talk(turns(text)))


def pop3() -> bytes:
    said = turns("S +OK Dovecot ready.\nC CAPA\nS +OK|STLS|USER|.\nC STLS\nS +OK Begin TLS negotiation now.\n")
    return Wire.pcap(talk(said + shaken(host("mx1.mail.example"), "1.2"), (INBOUND[0], ("192.0.2.25", 110))))


def imap() -> bytes:
    said = "S * OK [CAPABILITY IMAP4rev1 XXXXXXXX AUTH=PLAIN] ready\nC a1 LOGIN joe secret\nS a1 OK in\nC a2 LOGOUT\nS * BYE|a2 OK out"
    return Wire.pcap(talk(turns(said), (INBOUND[0], ("192.0.2.25", 143))))


AUTH = "C AUTH PLAIN AGEAYg==\nS 235 2.7.0 Authentication successful\n"
CASES = {
    "tls-1.2-trusted.pcapng": trusted,
    "tls-1.2-certificates.pcap": certificates,
    "tls-1.2-resumed.pcap": lambda: Wire.pcap(talk(starttls(resumed(host("mx1.mail.example"))))),
    "tls-1.3.pcap": tls13,
    "tls-1.0.pcap": lambda: Wire.pcap(talk(starttls(shaken(host("mx1.mail.example"), "1.0")))),
    "implicit-tls.pcap": implicit,
    "cleartext-not-offered.pcap": lambda: script(EHLO + BARE + MAIL),
    "cleartext-not-offered-helo.pcap": lambda: script("S 220 mx1.mail.example\nC HELO gw\nS 250 mx1\n" + MAIL),
    "cleartext-offered-login.pcap": lambda: script(EHLO + OFFER + AUTH + MAIL),
    "stripped-offer.pcap": lambda: script(EHLO + MASK + MAIL),
    "stripped-command.pcap": lambda: script(EHLO + OFFER + "C XXXXXXXX\nS 500 5.5.1 Command unrecognized\n" + MAIL),
    "starttls-refused.pcap": lambda: script(EHLO + OFFER + "C STARTTLS\nS 454 4.7.0 TLS not available\n" + MAIL),
    "tls-failed.pcap": failed,
    "tls-1.2-not-checked.pcap": lambda: Wire.pcap(talk(starttls(shaken(host("mx1.mail.example"), "1.2")))),
    "incomplete.pcap": incomplete,
    "incomplete-cut-short.pcap": lambda: amid_handshake(110),
    "tls-failed-silence.pcap": lambda: amid_handshake(140),
    "pop3-tls.pcap": pop3,
    "imap-stripped-offer.pcap": imap,
}


def sniffed(capture: Path) -> bytes:
    """What the command line prints of a case."""
    roots = "none.pem" if capture.parent.name.endswith("not-checked") else "roots.pem"
    environment = os.environ | {"SSL_CERT_FILE": str(HERE / roots), "TZ": "UTC"}
    command = [
        sys.executable,
        "-m",
        "stripwatch",
        "sniff",
        "--json",
        "--protocols",
        "smtp,pop3,imap",
        "--config",
        str(HERE / "stripwatch.toml"),
        str(capture),
    ]
    return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


def main() -> None:
    (HERE / "roots.pem").write_bytes(ROOT.pem)
    for name, made in CASES.items():
        case, _, form = name.rpartition(".")
        folder = HERE / case
        folder.mkdir(exist_ok=True)
        (folder / f"capture.{form}").write_bytes(made())
        (folder / "expected.ndjson").write_bytes(sniffed(folder / f"capture.{form}"))


if __name__ == "__main__":
    main()
