"""POP3's commands and answers, paired: the n-th answer answers the n-th command (RFC 1939 section 3, RFC 2449 section 6.6)."""

from __future__ import annotations

from sniffer.access.dialogue import MAX_COMMANDS, Answer, Dialogue, Exchange
from sniffer.observation import time_at
from sniffer.pop3.answers import is_challenge, next_answer, with_list
from sniffer.pop3.capabilities import capabilities
from sniffer.pop3.commands import KNOWN, POP3, has_list, parse_command
from sniffer.smtp.walk import proxy_header_end
from sniffer.stream import Connection
from sniffer.tls.records import looks_like_handshake

_NEVER = 1 << 63


def walk_pop3(connection: Connection) -> Dialogue:
    """Follow a session up to TLS or its end."""
    return _Walk(connection).run()


class _Walk:
    def __init__(self, connection: Connection) -> None:
        self._found = Dialogue(connection)
        self._client, self._server = connection.client.data, connection.server.data
        self._last: Answer | None = None
        self._peeked_at = -1
        self._peeked: Answer | None = None

    def run(self) -> Dialogue:
        found = self._found
        self._begin()
        for _ in range(MAX_COMMANDS):
            if not self._step():
                break
        if found.client_missing and not found.accepted:
            while answer := self._peek():
                self._heard(answer)
            found.accept_unseen(self._last)
        return found

    def _begin(self) -> None:
        found, connection = self._found, self._found.connection
        if end := proxy_header_end(self._client):
            found.proxy_header, found.client_position = self._client[:end], end
        if connection.server.from_start:
            found.greeting = self._take()
        if not connection.client.from_start:
            found.begin_at_command(lambda line: parse_command(line)[0] in KNOWN)
        if found.late:
            self._set_prelude_aside()

    def _set_prelude_aside(self) -> None:
        """Answers from before the capture's first command: the first of them may be the greeting."""
        found, connection = self._found, self._found.connection
        first = time_at(connection.client, found.client_position, _NEVER) if found.client_position < len(self._client) else -1
        while answer := self._peek():
            if time_at(connection.server, answer.at, _NEVER) > first:
                return
            if found.greeting is None and self._last is None and answer.ok:
                found.greeting = answer
            self._heard(answer)

    def _step(self) -> bool:
        """Take one command and its answer. False when there is none, or TLS begins."""
        found, position = self._found, self._found.client_position
        if looks_like_handshake(self._client, position):
            found.handshake = True
            return False
        end = self._client.find(b"\n", position)
        if end < 0:
            return False
        line = self._client[position:end]
        verb, argument = parse_command(line)
        found.client_position = end + 1
        if not verb and not self._empty_line_was_answered():
            return True
        self._note(verb, argument, line, position)
        return found.accepted is None

    def _empty_line_was_answered(self) -> bool:
        """Some servers answer an empty line with an error, others ignore it."""
        answer = self._peek()
        return answer is not None and answer.refused

    def _note(self, verb: str, argument: bytes, line: bytes, position: int) -> None:
        found, begun = self._found, self._peek()
        challenged = verb == "AUTH" and bool(argument)
        if challenged and self._challenges(verb, argument, line, position):
            return
        answer = self._take(has_list(verb, argument))
        found.exchanges.append(Exchange(verb, argument, line, position, answer, verb in KNOWN))
        if verb == "CAPA" and found.logged_in_at is None:
            self._list(answer, begun)
        elif verb == POP3.upgrade and answer and answer.ok and found.logged_in_at is None:
            found.accept(answer, found.client_position)
        elif verb == "RETR" and begun and begun.ok:
            found.message_sent = True
        if answer and answer.ok and (challenged or verb in ("PASS", "APOP", "RPOP")):
            self._logged_in()

    def _list(self, answer: Answer | None, begun: Answer | None) -> None:
        found = self._found
        found.list_awaited = answer is None
        if answer and answer.ok:
            found.lists.append(capabilities(answer.raw, answer.at))
        elif answer is None and begun and begun.ok:
            rest = self._server[begun.at : self._server.rfind(b"\n") + 1]
            found.cut_list = capabilities(rest, begun.at)

    def _challenges(self, verb: str, argument: bytes, line: bytes, position: int) -> bool:
        """Each challenge is answered by one line. False when there is none."""
        found = self._found
        if not is_challenge(self._server, found.server_position):
            return False
        found.exchanges.append(Exchange(verb, argument, line, position, None))
        for _ in range(MAX_COMMANDS):
            challenge = is_challenge(self._server, found.server_position)
            end = self._client.find(b"\n", found.client_position)
            if challenge is None or end < 0:
                break
            found.server_position = challenge.end()
            at, found.client_position = found.client_position, end + 1
            answer = None if is_challenge(self._server, found.server_position) else self._take()
            found.exchanges.append(Exchange("(auth)", b"", self._client[at:end], at, answer))
            if answer:
                if answer.ok:
                    self._logged_in()
                break
        return True

    def _logged_in(self) -> None:
        if self._found.logged_in_at is None:
            self._found.logged_in_at = len(self._found.exchanges)

    def _peek(self) -> Answer | None:
        """The next answer, looked for once: many commands may come without one."""
        position = self._found.server_position
        if self._peeked_at != position:
            self._peeked_at, self._peeked = position, next_answer(self._server, position)
        return self._peeked

    def _take(self, listed: bool = False) -> Answer | None:
        answer = self._peek()
        if answer and answer.ok and listed:
            whole = with_list(self._server, answer)
            if whole is None:
                self._found.server_position = len(self._server)
            answer = whole
        if answer:
            self._heard(answer)
        return answer

    def _heard(self, answer: Answer) -> None:
        self._last, self._found.server_position = answer, answer.end
