"""The observers of mail dialogues and of TLS: both directions, any bytes, any cuts."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Hashable
from itertools import pairwise
from typing import Any, get_args

from msgspec.structs import replace

from sniffer.evidence import WORDS
from sniffer.lines import SessionLines
from sniffer.session import observe, session_json
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, End, StreamHead
from sniffer.verdict import Verdict
from tests.fuzz.target import Target, expect
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import Turns, connection, turns

ALL = SniffSettings(protocols=frozenset({"smtp", "pop3", "imap"}))
LINES = SessionLines(ALL)
VERDICTS = frozenset(get_args(Verdict))
ENDS: tuple[End, ...] = get_args(End)
PORTS = (25, 465, 110, 995, 143, 993, 8025)


# an input: port, how both sides end, whether they are whole, then (side, length, bytes)…


def pack_turns(port: int, said: Turns) -> bytes:
    head = bytes((PORTS.index(port), 1 + 5 * 1, 0))
    return head + b"".join(struct.pack(">BH", is_client, len(data)) + data for is_client, data in said)


def unpacked(data: bytes) -> Connection:
    head = data[:3].ljust(3, b"\0")
    said, at = [], 3
    while at + 3 <= len(data):
        is_client, size = struct.unpack_from(">BH", data, at)
        said.append((bool(is_client & 1), data[at + 3 : at + 3 + size]))
        at += 3 + size
    late = head[2] & 15
    return connection(
        [turn for turn in said if turn[1]],
        port=PORTS[head[0] % len(PORTS)],
        client_end=ENDS[head[1] % 5],
        server_end=ENDS[head[1] // 5 % 5],
        from_start=late != 1,
        client_captured=late != 2,
        server_captured=late != 3,
    )


def documented(found: Connection) -> Hashable:
    """What is said of the session, of which no word may be unknown."""
    session = observe(found, ALL)
    line = session_json(session) if session else b""
    expect(LINES(found) == line, "written otherwise from a form")
    if session is None:
        return None
    record = json.loads(line)
    dialogue: dict[str, Any] = next(record[name] for name in ("smtp", "pop3", "imap") if name in record)
    expect(dialogue["verdict"] in VERDICTS, dialogue["verdict"])
    words = {item["word"] for item in dialogue["evidence"]}
    expect(words <= set(WORDS), words - set(WORDS))
    return json.dumps([dialogue["verdict"], dialogue.get("starttls"), sorted(words), record.get("tls")], sort_keys=True)


def answer(data: bytes) -> Hashable:
    return documented(unpacked(data))


def recut(head: StreamHead, rng: random.Random) -> StreamHead:
    """The same bytes at the same times, each piece in several."""
    places = [*head.marks, (len(head.data), 0)]
    marks: list[tuple[int, int]] = []
    for (begin, at), (end, _) in pairwise(places):
        cuts = {begin, *(rng.randrange(begin, end) for _ in range(rng.choice((0, 1, 3, 9))) if end > begin)}
        marks += [(place, at) for place in sorted(cuts)]
    return replace(head, marks=tuple(marks))


def answer_again(data: bytes, rng: random.Random) -> Hashable:
    found = unpacked(data)
    return documented(replace(found, client=recut(found.client, rng), server=recut(found.server, rng)))


EHLO = "S 220 mx.example ESMTP\nC EHLO c.example\nS 250-mx.example|250-SIZE|250-STARTTLS|250 8BITMIME\n"
SMTP_SCRIPTS = [
    EHLO + "C STARTTLS\nS 220 go",
    EHLO + "C STARTTLS\nS 454 no\nC MAIL FROM:<a@b>\nS 250 ok\nC RCPT TO:<c@d>\nS 250 ok\nC DATA\nS 354 go\n"
    "C Subject: x|.\nS 250 ok\nC QUIT\nS 221 bye",
    EHLO.replace("STARTTLS", "XXXXXXXX") + "C XXXXXXXX\nS 500 what\nC MAIL FROM:<>\nS 250 ok",
    EHLO + "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC XXXXXXXX\nS 334 UGFzc3dvcmQ6\nC XXXXXXXX\nS 235 ok\nC BDAT 5 LAST\nC~ XXXXX\nS 250 ok",
    "S 220 mx\nC HELO c\nS 250 mx\nC NOOP\nS 250 ok\nC RSET\nS 250 ok\nC QUIT\nS 221 bye",
    "C PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nS 220-mx|220 wait\nC EHLO a\nS 502 no\nC HELO a\nS 250 mx\nC X-ANONYMOUSTLS\nS 220 go",
    "S 220 mx LMTP\nC LHLO c\nS 250-mx|250 STARTTLS\nC MAIL FROM:<>|RCPT TO:<a>|RCPT TO:<b>|DATA\n"
    "S 250 m|250 a|550 b|354 go\nC x|.\nS 250 a",
    "S 220 ****************\nC EHLO c\nS 250-mx|250 XXXXXXXA\nC STARTTLS x\nS 501 no",
]
POP3_SCRIPTS = [
    "S +OK ready\nC CAPA\nS +OK|STLS|USER|.\nC STLS\nS +OK go",
    "S +OK ready\nC CAPA\nS +OK|XXXX|USER|.\nC USER a\nS +OK\nC PASS b\nS +OK\nC STAT\nS +OK 0 0\nC QUIT\nS +OK",
    "S +OK ready\nC STLS\nS -ERR no\nC AUTH PLAIN\nS + \nC AGEAYg==\nS -ERR no",
]
IMAP_SCRIPTS = [
    "S * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\nC a STARTTLS\nS a OK go",
    "S * OK ready\nC a CAPABILITY\nS * CAPABILITY IMAP4rev1 XXXXXXXX AUTH=PLAIN|a OK done\nC b LOGIN x y\n"
    "S b OK in\nC c LOGOUT\nS * BYE|c OK",
    "S * OK ready\nC a STARTTLS\nS a BAD no\nC b LOGIN {3}\nS + go\nC xyz {3}\nS + go\nC abc\nS b NO no",
]
VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def scripts(port: int, found: list[str], accepts: str) -> list[bytes]:
    """Each script, and the first one with a handshake of each version behind it."""
    plain = [pack_turns(port, turns(script)) for script in found]
    return (
        plain + [pack_turns(port, turns(found[0]) + list(handshake(version))) for version in VERSIONS] + [pack_turns(port, turns(accepts))]
    )


def tls_seeds() -> list[bytes]:
    bare = [pack_turns(port, list(handshake(version))) for version in VERSIONS for port in (465, 25)]
    suites = [pack_turns(465, list(handshake("1.2", None, suite))) for suite in ("AES128-SHA:@SECLEVEL=0", "ECDHE+AESGCM:@SECLEVEL=0")]
    alert = [pack_turns(465, [*handshake("1.2")[:1], (False, b"\x15\x03\x03\0\x02\x02\x28")])]
    ssl2 = [pack_turns(465, [(True, b"\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10" + bytes(37))])]
    return bare + suites + alert + ssl2


SMTP_WORDS = (
    b"STARTTLS\r\n",
    b"250-STARTTLS\r\n",
    b"250 XXXXXXXX\r\n",
    b"XXXXXXXX\r\n",
    b"220 go\r\n",
    b"334 \r\n",
    b"354 go\r\n",
    b"\r\n.\r\n",
    b"EHLO x\r\n",
    b"DATA\r\n",
    b"BDAT 9 LAST\r\n",
    b"BDAT 99999999999\r\n",
    b"AUTH PLAIN\r\n",
    b"\r\n",
    b"\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
    b"\x16\x03\x01\0\x05\x01\0\0\x01\0",
    b"\0\0\x04QUIT",
    b"\x01\0\x06STLS\r\n",
    b"+OK\r\n",
    b"* CAPABILITY STARTTLS\r\n",
    b"a OK\r\n",
    b"{99999}\r\n",
)
TLS_WORDS = (
    b"\x16\x03\x01",
    b"\x15\x03\x03\0\x02",
    b"\x14\x03\x03\0\x01\x01",
    b"\x17\x03\x03",
    b"\0\x2b\0\x02\x03\x04",
    b"\xff\xff",
    b"\0\0",
    b"\x0b\0",
)
SMTP = Target("smtp", lambda: scripts(25, SMTP_SCRIPTS, SMTP_SCRIPTS[1]), answer, answer_again, SMTP_WORDS)
POP3 = Target("pop3", lambda: scripts(110, POP3_SCRIPTS, POP3_SCRIPTS[0]), answer, answer_again, SMTP_WORDS)
IMAP = Target("imap", lambda: scripts(143, IMAP_SCRIPTS, IMAP_SCRIPTS[0]), answer, answer_again, SMTP_WORDS)
TLS = Target("tls", tls_seeds, answer, answer_again, TLS_WORDS)
