"""What a session says in words that others use too, and what it says in its own."""

from __future__ import annotations

import re
from typing import NamedTuple

from sniffer.stream import StreamHead

_HELO = rb"((?i:EHLO|HELO)) ([A-Za-z0-9.:\[\]_-]{1,200})\r\n"
ASKED = re.compile(_HELO + rb"((?i:STARTTLS)\r\n)(?=\x16\x03[\x00-\x04])")
"""The client's text where TLS follows: its verb, its name, and STARTTLS as it wrote it."""
_SENT = re.compile(
    _HELO + rb"((?:[A-Za-z]{4,8}\r\n)?)MAIL FROM:<([!-;=?-~]{0,320})>((?: SIZE=\d{1,20}| BODY=\w{1,20}| SMTPUTF8){0,3})\r\n"
    rb"((?:RCPT TO:<[!-;=?-~]{1,320}>\r\n){1,20})(?:DATA|BDAT (\d{1,12}) LAST)\r\n"
)
_MESSAGE_TAKEN = re.compile(rb"((?:25\d [^\n]*\n){1,21}354 [^\n]*\n)25\d [^\n]*\n(221 [^\n]*\n)?")
_CHUNK_TAKEN = re.compile(rb"((?:25\d [^\n]*\n){1,22})(221 [^\n]*\n)?")
_RECORDS = (b"\x16\x03", b"\x15\x03")
"""A server that accepts goes on with its hello, or with an alert."""
_LAST_MINOR = b"\x04"
"""Of a handshake record's version: more is no TLS."""
_LOST = ("gap", "cut")
_LONGEST = 8192
"""Bytes of a server's words that are looked at."""
SHORTEST_TEXT = 480
"""A dialogue's limit that clips none of these words."""


class Words(NamedTuple):
    """What has to be the same."""

    server: bytes
    """The lines of its reply to EHLO behind the first, and its reply to a command behind that which isn't about mail."""
    lists: bool
    """The reply to EHLO has several lines."""
    greeting: bytes
    """The client's verb, as it wrote it."""
    asked: bytes
    """Its STARTTLS, or whatever stood before MAIL."""
    recipients: int = 0
    """0: TLS follows."""
    null_sender: bool = False
    chunk: bool = False


class Said(NamedTuple):
    """One session's own part."""

    words: Words
    own: tuple[str, str, str]
    """The client's name, parameters of MAIL, size of the chunk."""
    lines: list[int]
    """Where the client's lines begin."""
    greeting: bytes
    """The server's."""
    name_line: bytes
    """The first line of its reply to EHLO."""
    replies: list[bytes]
    """What followed its words: all of it says yes."""

    @property
    def server_end(self) -> int:
        """Where the server's words before TLS or the message's end are over."""
        return len(self.greeting) + len(self.name_line) + len(self.words.server) + sum(map(len, self.replies))


def asked_for_tls(client: bytes, server: bytes) -> Said | None:
    """EHLO and STARTTLS, and a handshake right behind; None when it is something else."""
    asked = ASKED.match(client)
    if asked is None:
        return None
    greeted, listed, begin = _greeted(server)
    end = server.find(b"\n", begin, _LONGEST) + 1
    record = server[end : end + 2] in _RECORDS and server[end + 2 : end + 3] <= _LAST_MINOR
    if not begin or not server.startswith(b"220 ", begin) or not record:
        return None
    verb, name, starttls = asked.groups()
    words = Words(server[listed:begin], begin > listed, verb, starttls)
    return Said(words, (name.decode(), "", ""), [0, asked.end(2) + 2], server[:greeted], server[greeted:listed], [server[begin:end]])


def opening(server: bytes) -> tuple[int, int]:
    """Where a greeting of one line ends, and the first line of the reply to EHLO; 0 both when they aren't there, or are long."""
    greeted = server.find(b"\n", 0, SHORTEST_TEXT) + 1
    listed = server.find(b"\n", greeted, _LONGEST) + 1
    begun = greeted and server.startswith(b"220 ") and server.startswith(b"250", greeted)
    return (greeted, listed) if begun and listed else (0, 0)


def _greeted(server: bytes) -> tuple[int, int, int]:
    """As ``opening``, and where the reply to EHLO ends; 0 at last when it isn't there, or is long."""
    greeted, listed = opening(server)
    if not listed:
        return 0, 0, 0
    if server.startswith(b" ", greeted + 3):
        return greeted, listed, listed
    last = server.find(b"\n250 ", listed - 1, _LONGEST) + 1 if server.startswith(b"-", greeted + 3) else 0
    end = server.find(b"\n", last, _LONGEST) + 1 if last else 0
    return greeted, listed, end if end - greeted < SHORTEST_TEXT else 0


def mailed_in_clear(client: StreamHead, server: StreamHead) -> Said | None:
    """EHLO, one message, and perhaps QUIT, all of it taken, and nothing lost but what is above the head's limit."""
    sent = _SENT.match(client.data)
    if sent is None or client.end in _LOST or server.end in _LOST or server.end == "limit":
        return None
    verb, name, asked, sender, parameters, recipients, size = sent.groups(b"")
    data = server.data
    greeted, listed, begin = _greeted(data)
    lists = begin > listed
    if begin and asked:
        begin = data.find(b"\n", begin, _LONGEST) + 1
    taken = (_CHUNK_TAKEN if size else _MESSAGE_TAKEN).fullmatch(data, begin) if begin else None
    if taken is None:
        return None
    count, replies = recipients.count(b"\n"), taken[1].split(b"\n")[:-1]
    if len(replies) != count + 2 or not _is_over(client, sent, taken[2] is not None):
        return None
    words = Words(data[listed:begin], lists, verb, asked, count, not sender, bool(size))
    own = name.decode(), parameters.decode(), size.decode()
    return Said(words, own, line_starts(sent[0]), data[:greeted], data[greeted:listed], [reply + b"\n" for reply in replies])


def _is_over(client: StreamHead, sent: re.Match[bytes], quits: bool) -> bool:
    """True when a message begins behind DATA or BDAT, and nothing but a QUIT, if there was one, stands behind its end."""
    data, start, longer = client.data, sent.end(), client.end == "limit"
    if sent[7] is not None:
        end = start + int(sent[7])
        return end > start and (end >= len(data) if longer else data[end:] == (b"QUIT\r\n" if quits else b""))
    return _is_message_begun(data, start) if longer else _is_message(data, start, quits)


def _is_message(data: bytes, start: int, farewell: bool) -> bool:
    """True when a message begins at ``start``, and nothing but a QUIT, if there was one, stands behind its dot."""
    if data.startswith((b".\r\n", b".\n"), start):
        return False
    dot = data.find(b"\r\n.\r\n", start)
    return dot >= 0 and data[dot + 5 :] == (b"QUIT\r\n" if farewell else b"")


def _is_message_begun(data: bytes, start: int) -> bool:
    """True when a message begins at ``start`` and no line of it may be its end."""
    return (
        start < len(data)
        and not data.startswith((b".\r\n", b".\n"), start)
        and max(data.find(b"\n.\r\n", start), data.find(b"\n.\n", start)) < 0
    )


def line_starts(text: bytes) -> list[int]:
    """Where each line begins."""
    starts, at = [0], text.find(b"\n") + 1
    while at:
        starts.append(at)
        at = text.find(b"\n", at) + 1
    return starts
