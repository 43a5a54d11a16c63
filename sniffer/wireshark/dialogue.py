"""Wireshark's lines, paired: the n-th reply answers the n-th command (RFC 5321 section 4.3.1)."""

from __future__ import annotations

from sniffer.smtp.commands import GREETINGS, Command, parse_command
from sniffer.smtp.replies import Reply, next_reply
from sniffer.smtp.walk import MAX_COMMANDS, Exchange, Walk, proxy_header_end, takes_upgrade
from sniffer.stream import Connection
from sniffer.wireshark.side import Item, Side

_OPENS = (220, 421, 554)


def dialogue(connection: Connection, client: Side, server: Side) -> Walk:
    """The walk over both sides' lines."""
    return _Pairing(connection, client, server).walk


class _Pairing:
    def __init__(self, connection: Connection, client: Side, server: Side) -> None:
        self.walk = Walk(connection)
        self._connection = connection
        self._client, self._server = client, server
        self._replies = _replies(server)
        self._next = 0
        self._sure = connection.client.from_start
        self._lmtp = False
        self._recipients = 0
        self._data_reply: Reply | None = None
        self._chunked = False
        items = self._begin()
        for item in items:
            if self.walk.accepted:
                break
            self._item(item)
        self._end()

    # the beginning

    def _begin(self) -> list[Item]:
        """Set aside what came before the capture's first command; the items from there on."""
        walk, data = self.walk, self._connection.client.data
        start = proxy_header_end(data)
        if start:
            walk.proxy_header = data[:start]
            walk.client_position = start
        items = [item for item in self._client.items[:MAX_COMMANDS] if item.at >= start]
        if self._connection.server.from_start:
            walk.greeting = self._take()
        if self._connection.client.from_start and self._connection.server.from_start:
            return items
        if not self._connection.client.from_start:
            place = next((place for place, item in enumerate(items) if self._command(item).known), len(items))
            items = items[place:]
        self._set_prelude_aside(items)
        return items

    def _set_prelude_aside(self, items: list[Item]) -> None:
        walk = self.walk
        first = self._command(items[0]) if items else None
        before = items[0].number if items else self._client.number_at(self._client.tls_at) if self._client.tls_at is not None else -1
        while reply := self._peek():
            early = self._server.number_at(reply.at) < before
            opens = not walk.greeting and not walk.prelude and reply.code in _OPENS
            opens = opens and (first.verb in GREETINGS if first else self._server.tls_at is None)
            if not early and not (opens and first is None):
                return
            self._take()
            if opens:
                walk.greeting = reply
            else:
                walk.prelude.append(reply)

    # the dialogue

    def _item(self, item: Item) -> None:
        if item.kind == "message":
            self._message(item)
        elif item.kind == "end":
            self._message_end(item)
        elif self._line(item).endswith(b"\n"):
            self._exchange(item)

    def _exchange(self, item: Item) -> None:
        walk, line = self.walk, self._line(item)[:-1]
        challenged = bool(walk.exchanges) and _is_challenge(walk.exchanges[-1])
        command = self._command(item)
        if not command.verb and not challenged:
            answer = self._peek()
            if answer is None or answer.code < 500:
                return
        reply = self._take()
        walk.client_position = item.at + item.size
        if challenged:
            walk.exchanges.append(Exchange("(auth)", b"", line, item.at, reply, True, self._sure))
            return
        if command.verb in GREETINGS and command.known and reply:
            self._sure, self._lmtp = True, command.verb == "LHLO"
        walk.exchanges.append(Exchange(command.verb, command.argument, line, item.at, reply, command.known, self._sure))
        self._follow(command, reply)

    def _follow(self, command: Command, reply: Reply | None) -> None:
        verb = command.verb
        if verb == "DATA":
            self._data_reply, self._chunked = reply, False
            if reply is not None and reply.code != 354:
                self._sure = False
        elif verb == "BDAT":
            self._chunked = True
        elif takes_upgrade(command, reply) and reply and (reply.code == 220 or self._client.tls_at is not None):
            self.walk.accepted = reply
        elif verb == "RCPT" and reply and reply.ok:
            self._recipients += 1
        elif verb in ("RSET", "MAIL") or verb in GREETINGS:
            self._recipients = 0

    def _message(self, item: Item) -> None:
        if self._chunked or self._data_reply is None or self._data_reply.code == 354:
            self.walk.message_sent = True
        self.walk.client_position = item.at + item.size

    def _message_end(self, item: Item) -> None:
        self.walk.client_position = item.at + item.size
        if self._chunked or (self._data_reply is not None and self._data_reply.code != 354):
            return
        self.walk.message_sent = True
        for _ in range(max(self._recipients, 1) if self._lmtp else 1):
            self.walk.exchanges.append(Exchange(".", b"", b".", item.at, self._take(), True, self._sure))

    # the end

    def _end(self) -> None:
        walk = self.walk
        if walk.accepted is None:
            walk.handshake = self._client.tls_at is not None
            if walk.handshake and walk.prelude and walk.prelude[-1].code == 220:
                walk.accepted = walk.prelude.pop()
        if walk.accepted is None:
            self._tail()
        if walk.handshake:
            walk.client_position = self._client.tls_at or 0
            walk.server_position = walk.server_position if self._server.tls_at is None else self._server.tls_at

    def _tail(self) -> None:
        """Replies beyond the last captured command; where commands may be missing, a 220 among them accepts one."""
        walk, lost = self.walk, self.walk.client_missing
        while reply := self._take():
            walk.tail.append(reply)
            if lost and reply.code == 220:
                walk.accepted = reply
                if not walk.handshake:
                    walk.client_position = len(self._connection.client.data)
                return

    def _line(self, item: Item) -> bytes:
        return self._connection.client.data[item.at : item.at + item.size]

    def _command(self, item: Item) -> Command:
        """The line's command; text of a message is none."""
        return parse_command(self._line(item).rstrip(b"\n")) if item.kind in ("command", "line") else Command("", b"", False)

    def _peek(self) -> Reply | None:
        return self._replies[self._next] if self._next < len(self._replies) else None

    def _take(self) -> Reply | None:
        reply = self._peek()
        if reply:
            self._next += 1
            self.walk.server_position = reply.end
        return reply


def _is_challenge(exchange: Exchange) -> bool:
    return exchange.verb in ("AUTH", "X-EXPS", "(auth)") and exchange.reply is not None and exchange.reply.code == 334


def _replies(server: Side) -> list[Reply]:
    """All replies that the server's lines make up."""
    data = bytes(server.data if server.tls_at is None else server.data[: server.tls_at])
    found: list[Reply] = []
    position = 0
    while len(found) < MAX_COMMANDS and (reply := next_reply(data, position)):
        found.append(reply)
        position = reply.end
    return found
