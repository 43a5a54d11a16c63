"""Commands and replies, paired: the n-th reply answers the n-th command (RFC 5321 section 4.3.1, RFC 2920 section 3.1).

No packet order is needed for that, only what each side sent. What is no command is stepped over: message text after
DATA, chunks after BDAT, answers to AUTH challenges. The walk ends where STARTTLS is accepted, or TLS begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from sniffer.endings import is_lost
from sniffer.observation import time_at
from sniffer.smtp.commands import GREETINGS, UPGRADES, Command, parse_command
from sniffer.smtp.replies import Reply, next_reply, starts_record
from sniffer.stream import Connection
from sniffer.tls.records import looks_like_handshake

MAX_COMMANDS = 2000
"""Commands followed in one session; a head of 64 KiB holds more only in attacks on us."""
_LONGEST_PROXY_V1 = 108
_PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_NEVER = 1 << 63
_TELLING = {"DATA": 354, "QUIT": 221}
"""Commands with a reply that no other has."""


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One command and what answered it. ``verb`` is "." for the end of a message, "(auth)" for a challenge's answer."""

    verb: str
    argument: bytes
    line: bytes
    at: int
    reply: Reply | None
    known: bool = True
    sure: bool = True
    """False when it may be something else than a command: after a refused DATA, or in a capture that began late."""


class Walk:
    """One session's dialogue up to TLS or its end. Offsets count in the sides' heads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._client = connection.client.data
        self._server = connection.server.data
        self.client_position = 0
        self.server_position = 0
        self.greeting: Reply | None = None
        self.prelude: list[Reply] = []
        """Replies to commands from before the capture's first one."""
        self.exchanges: list[Exchange] = []
        self.tail: list[Reply] = []
        """Replies whose commands were not captured."""
        self.accepted: Reply | None = None
        self.message_sent = False
        self.proxy_header: bytes | None = None
        self.handshake = False
        """TLS begins at ``client_position`` without an accepted STARTTLS."""
        self._sure = connection.client.from_start
        self._recipients = 0
        self._lmtp = False
        self._aligned = connection.server.from_start
        self._peeked_at = -1
        self._peeked: Reply | None = None

    def run(self) -> Walk:
        self._step_over_proxy_header()
        self._greet()
        for _ in range(MAX_COMMANDS):
            if not self._step():
                break
        if self.handshake and self.accepted is None and self.prelude and self.prelude[-1].code == 220:
            self.accepted = self.prelude.pop()
        if self.accepted is None:
            self._collect_tail()
        return self

    @property
    def client_missing(self) -> bool:
        """Commands of the client may be missing: at its end, or because the capture began behind its greeting."""
        client = self.connection.client
        return is_lost(client) or (not client.from_start and not any(exchange.verb in GREETINGS for exchange in self.exchanges))

    @property
    def server_missing(self) -> bool:
        """Replies of the server may be missing, at its end or at its beginning."""
        server = self.connection.server
        return is_lost(server) or (not server.from_start and self.greeting is None)

    @property
    def greeting_out_of_step(self) -> bool:
        """The reply to the first EHLO was seen before it: several lines stand in the prelude, and one line is left for EHLO.
        Or it was not captured, nor what came before it, and each reply stands beside the command before its own."""
        if not self.connection.server.from_start and any(map(_is_of_another, self.exchanges)):
            return True
        if not self.prelude or not self.exchanges or self.exchanges[0].verb not in GREETINGS:
            return False
        before, taken = self.prelude[-1], self.exchanges[0].reply
        return before.code == 250 and before.raw.startswith(b"250-") and taken is not None and not taken.raw.startswith(b"250-")

    def is_turned_down(self, exchange: Exchange) -> bool:
        """A STARTTLS that was answered 4xx or 5xx. Or neither so nor 220, and the session goes on in clear, with all replies in
        step: no client takes that for a yes, and whoever strips TLS may say it ("200 STRIPTLS")."""
        reply = exchange.reply
        if reply is None or reply is self.accepted:
            return False
        return reply.refused or exchange.at < self._in_step_until

    @cached_property
    def _in_step_until(self) -> int:
        """Offset of the last command whose reply shows that all stand in step; -1 without one."""
        telling = step_shown(reversed(self.exchanges))
        return telling.at if telling else -1

    # the beginning

    def _step_over_proxy_header(self) -> None:
        end = proxy_header_end(self._client)
        if end:
            self.client_position = end
            self.proxy_header = self._client[:end]

    def _greet(self) -> None:
        """The server speaks first. In a capture that began late, replies from before the first command are set aside."""
        server = self.connection.server
        if server.from_start:
            self.greeting = self._take_reply()
        if self.connection.client.from_start and server.from_start:
            return
        if not self.connection.client.from_start:
            self._find_first_command()
        self._set_prelude_aside()

    def _find_first_command(self) -> None:
        """Begin at the first line that is surely a command; what stands before it may be the end of anything."""
        data, position = self._client, self.client_position
        while (end := data.find(b"\n", position)) >= 0:
            if looks_like_handshake(data, position) or parse_command(data[position:end]).known:
                self.client_position = position
                return
            position = end + 1
        if not looks_like_handshake(data, position):
            self.client_position = len(data)

    def _set_prelude_aside(self) -> None:
        connection = self.connection
        end = self._client.find(b"\n", self.client_position)
        first = parse_command(self._client[self.client_position : end]) if end >= 0 else None
        before = time_at(connection.client, self.client_position, _NEVER) if first else -1
        while reply := self._peek_reply():
            opens = self._opens(reply, first)
            if not self._precedes(reply, opens, first, before):
                return
            self.server_position = reply.end
            if opens:
                self.greeting, self._aligned = reply, True
            else:
                self.prelude.append(reply)

    def _precedes(self, reply: Reply, opens: bool, first: Command | None, before: int) -> bool:
        """Was it said before the client's first command? Packets' times tell, unless words do: a tap may show the two
        directions out of step, and a 220 never answers EHLO, nor does anything precede the client's very first command but
        a greeting."""
        if opens and (first is None or reply.code == 220):
            return True
        if self.connection.client.from_start and not opens:
            return False
        return time_at(self.connection.server, reply.at, _NEVER) <= before

    def _opens(self, reply: Reply, first: Command | None) -> bool:
        """A greeting, and not the 220 of a STARTTLS: EHLO follows, or nothing is known of the client and no TLS follows."""
        if self.greeting or self.prelude or reply.code not in (220, 421, 554):
            return False
        return not starts_record(self._server, reply.end) if first is None else first.verb in GREETINGS

    # the dialogue

    def _step(self) -> bool:
        """Take one command and its reply. False when there is none, or TLS begins."""
        position = self.client_position
        if looks_like_handshake(self._client, position):
            self.handshake = True
            return False
        end = self._client.find(b"\n", position)
        if end < 0:
            return False
        line = self._client[position:end]
        command = parse_command(line)
        self.client_position = end + 1
        if not command.verb and not self._empty_line_was_answered():
            return True
        self._note(command, line, position)
        return self.accepted is None

    def _empty_line_was_answered(self) -> bool:
        """Some servers answer an empty line with an error, others ignore it."""
        reply = self._peek_reply()
        return reply is not None and reply.code >= 500

    def _note(self, command: Command, line: bytes, position: int) -> None:
        reply = None if self._reply_was_lost(position) else self._take_reply()
        verb = command.verb
        if verb in GREETINGS and command.known and reply:
            self._sure = True
            self._lmtp = verb == "LHLO"
        self._append(verb, command.argument, line, position, reply, command.known)
        if verb == "DATA":
            self._data(reply)
        elif verb == "BDAT":
            self._chunk(command.argument, reply)
        elif verb in ("XEXCH50", "BURL"):
            self._sized(command.argument, reply)
        elif verb in ("AUTH", "X-EXPS"):
            self._challenges(reply)
        elif takes_upgrade(command, reply) and reply and self._is_taken(reply):
            self.accepted = reply
        elif verb == "RCPT" and reply and reply.ok:
            self._recipients += 1
        elif verb in ("RSET", "MAIL") or verb in GREETINGS:
            self._recipients = 0

    def _is_taken(self, reply: Reply) -> bool:
        """A 220 takes STARTTLS (RFC 3207 section 4). Another 2xx may be EHLO's own, out of step: a handshake must follow."""
        return reply.code == 220 or looks_like_handshake(self._client, self.client_position)

    def _reply_was_lost(self, position: int) -> bool:
        """In a capture that began behind the server's greeting: was this command answered before it? It was, if the
        client had already gone on when the first captured reply came."""
        reply = None if self._aligned else self._peek_reply()
        if reply is None:
            return False
        client, going_on = self.connection.client, self.client_position
        said, heard = time_at(client, going_on, _NEVER), time_at(self.connection.server, reply.at, _NEVER)
        at_once = time_at(client, position, _NEVER) == said
        self._aligned = at_once or going_on >= len(client.data) or said > heard
        return not self._aligned

    def _append(self, verb: str, argument: bytes, line: bytes, at: int, reply: Reply | None, known: bool = True) -> None:
        self.exchanges.append(Exchange(verb, argument, line, at, reply, known, self._sure))

    def _peek_reply(self) -> Reply | None:
        """The next reply, looked for once: many commands may come without one."""
        if self._peeked_at != self.server_position:
            self._peeked_at, self._peeked = self.server_position, next_reply(self._server, self.server_position)
        return self._peeked

    def _take_reply(self) -> Reply | None:
        reply = self._peek_reply()
        if reply:
            self.server_position = reply.end
        return reply

    # what is no command

    def _data(self, reply: Reply | None) -> None:
        """The message up to its lone dot. Without the reply it is a message if no command follows."""
        if reply is None and self._command_follows():
            return
        if reply is not None and reply.code != 354:
            # whatever comes may be the message all the same, sent by a client that didn't wait
            self._sure = self._sure and self._command_follows()
            return
        start = self.client_position
        self.message_sent = self.message_sent or start < len(self._client)
        at, end = self._end_of_message(start)
        self.client_position = end
        if end > at:
            for _ in range(max(self._recipients, 1) if self._lmtp else 1):
                self._append(".", b"", b".", at, self._take_reply())

    def _end_of_message(self, start: int) -> tuple[int, int]:
        """(offset of the dot, offset behind its line); both at the end of the bytes when it is not there."""
        data = self._client
        for dot in (b".\r\n", b".\n"):
            if data.startswith(dot, start):
                return start, start + len(dot)
        if data[start - 2 : start - 1] == b"\r" and (place := data.find(b"\r\n.\r\n", start)) >= 0:
            return place + 2, place + 5
        # lines end in bare LF, or the last one does
        found = [(place + 1, place + len(mark)) for mark in (b"\n.\r\n", b"\n.\n") if (place := data.find(mark, start)) >= 0]
        return min(found, default=(len(data), len(data)))

    def _command_follows(self) -> bool:
        data, position = self._client, self.client_position
        end = data.find(b"\n", position)
        return end >= 0 and parse_command(data[position:end]).known

    def _chunk(self, argument: bytes, reply: Reply | None) -> None:
        """BDAT's chunk follows at once, whatever is answered (RFC 3030 section 2)."""
        words = argument.split(None, 2)
        size = int(words[0]) if words and words[0].isdigit() and len(words[0]) <= 12 else 0
        self.message_sent = self.message_sent or (size > 0 and self.client_position < len(self._client))
        self.client_position = min(self.client_position + size, len(self._client))
        if self._lmtp and reply and reply.ok and words[1:] and words[1].upper() == b"LAST":
            for _ in range(self._recipients - 1):
                self._append(".", b"", b".", self.client_position, self._take_reply())

    def _sized(self, argument: bytes, reply: Reply | None) -> None:
        """XEXCH50: so many bytes follow a 354."""
        size = argument.split(None, 1)[0] if argument else b""
        if reply and reply.code == 354 and size.isdigit() and len(size) <= 12:
            self.client_position = min(self.client_position + int(size), len(self._client))
            self._append(".", b"", b".", self.client_position, self._take_reply())

    def _challenges(self, reply: Reply | None) -> None:
        """Each 334 is answered by one line (RFC 4954 section 4)."""
        for _ in range(MAX_COMMANDS):
            end = self._client.find(b"\n", self.client_position)
            if reply is None or reply.code != 334 or end < 0:
                return
            at, self.client_position = self.client_position, end + 1
            line, reply = self._client[at:end], self._take_reply()
            self._append("(auth)", b"", line, at, reply)

    # the end

    def _collect_tail(self) -> None:
        """Replies beyond the client's last captured command. Where the client was lost, a 220 among them is what
        accepts a STARTTLS that was not captured: nothing else is answered so."""
        lost = self.client_missing
        for _ in range(MAX_COMMANDS):
            reply = self._take_reply()
            if reply is None:
                return
            self.tail.append(reply)
            if lost and reply.code == 220:
                self.accepted = reply
                self.client_position = len(self._client)
                return


def _is_of_another(exchange: Exchange) -> bool:
    """A 354 asks for what follows DATA (RFC 5321 section 4.3.2), XEXCH50 or BURL, and answers nothing else."""
    return exchange.reply is not None and exchange.reply.code == 354 and exchange.verb not in ("DATA", "XEXCH50", "BURL")


def step_shown(exchanges: Iterable[Exchange]) -> Exchange | None:
    """The first DATA or QUIT that was answered, if its reply shows that each stands beside its own command: DATA alone is
    answered 354, QUIT alone 221."""
    told = next((exchange for exchange in exchanges if exchange.verb in _TELLING and exchange.reply), None)
    return told if told and told.reply and told.reply.code == _TELLING[told.verb] else None


def takes_upgrade(command: Command, reply: Reply | None) -> bool:
    """True when TLS follows. A STARTTLS with parameters, which no server should take, is taken by a 220 alone."""
    if command.verb not in UPGRADES or reply is None:
        return False
    return reply.code == 220 or (reply.ok and not (command.verb == "STARTTLS" and command.argument))


def proxy_header_end(data: bytes) -> int:
    """Length of a PROXY protocol header, versions 1 and 2, at the start: what a load balancer puts before the client's
    first byte. 0 when there is none."""
    if data.startswith(b"PROXY "):
        return data.find(b"\n", 0, _LONGEST_PROXY_V1) + 1
    if data.startswith(_PROXY_V2) and len(data) >= 16:
        return min(16 + int.from_bytes(data[14:16], "big"), len(data))
    return 0
