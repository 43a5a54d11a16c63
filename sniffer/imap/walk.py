"""IMAP's commands and responses, paired by their tags (RFC 9051 section 2.2.1)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict, deque

from sniffer.access.dialogue import MAX_COMMANDS, Answer, Dialogue, Exchange
from sniffer.imap.capabilities import capabilities
from sniffer.imap.commands import IMAP, KNOWN, parse_command
from sniffer.imap.responses import Response, read_responses
from sniffer.observation import time_at
from sniffer.smtp.walk import proxy_header_end
from sniffer.stream import Connection
from sniffer.tls.records import looks_like_handshake

_NEVER = 1 << 63
_SHOWN = 8
"""Untagged responses shown with the tagged one."""
_LITERAL = re.compile(rb"\{([0-9]{1,10})(\+?)\}\r?\n\Z")
_GREETING = re.compile(rb"\* (OK|PREAUTH|BYE)(?=[ \r\n])", re.IGNORECASE)
_FETCHED = re.compile(rb"(?im)^\* [0-9]+ FETCH [^\r\n]*(?:RFC822(?:\.TEXT)?|BODY\[(?:[0-9.]*(?:TEXT)?)\](?:<[0-9]+>)?) (?:\{[1-9]|\")")
_APPENDED = re.compile(rb"(?im)^[!-~]+ APPEND [^\r\n]*\{[0-9]+\+?\}\r?\n.")


def walk_imap(connection: Connection) -> Dialogue:
    """Follow a session up to TLS, the login, or its end."""
    return _Walk(connection).run()


class _Walk:
    def __init__(self, connection: Connection) -> None:
        self._found = Dialogue(connection)
        self._client = connection.client.data
        self._responses = read_responses(connection.server.data)
        self._next = 0
        """The first response that answers nothing yet."""
        self._listed = 0
        """Lists from here on were not yet looked at."""
        self._tagged: dict[str, deque[int]] = defaultdict(deque)
        self._requests: list[int] = []
        """Where the server asks the client to go on."""
        for place, response in enumerate(self._responses):
            if response.kind == "tagged":
                self._tagged[response.tag].append(place)
            elif response.kind == "continue":
                self._requests.append(place)

    def run(self) -> Dialogue:
        found = self._found
        self._begin()
        for _ in range(MAX_COMMANDS):
            if not self._step():
                break
        self._take_lists(self._end_of_lists())
        if found.list_awaited:
            rest = [capabilities(response.raw, response.at) for response in self._responses[self._listed :]]
            found.cut_list = next(filter(None, rest), None)
        last = self._responses[-1] if self._responses else None
        if last and last.kind == "tagged":
            found.accept_unseen(_answer(self._responses, len(self._responses) - 1, last.at))
        if found.logged_in_at is not None or found.late:
            self._look_for_mail()
        return found

    def _begin(self) -> None:
        found, connection = self._found, self._found.connection
        if end := proxy_header_end(self._client):
            found.proxy_header, found.client_position = self._client[:end], end
        if not connection.client.from_start:
            found.begin_at_command(lambda line: parse_command(line)[1] in KNOWN)
        first = self._responses[0] if self._responses else None
        greeting = _GREETING.match(first.raw) if first else None
        if first and greeting and (connection.server.from_start or self._is_early(first)):
            found.greeting = Answer(greeting[1].upper() != b"BYE", first.raw, first.at, first.end, first.raw)
            found.server_position, self._next = first.end, 1
            if greeting[1].upper() == b"PREAUTH":
                found.preauthenticated, found.logged_in_at = True, 0

    def _is_early(self, first: Response) -> bool:
        """In a capture that began late: it came before the client's first command."""
        connection = self._found.connection
        said = time_at(connection.client, self._found.client_position, _NEVER)
        return time_at(connection.server, first.at, _NEVER) <= said

    def _step(self) -> bool:
        """Take one command and its answer. False when there is none, or TLS or a mailbox begins."""
        found, position = self._found, self._found.client_position
        if found.logged_in_at is not None:
            return False
        if looks_like_handshake(self._client, position):
            found.handshake = True
            return False
        end = self._client.find(b"\n", position) + 1
        if not end:
            return False
        tag, verb, argument = parse_command(self._client[position:end])
        place = self._answer_place(tag)
        end, whole = self._command_end(position, end, place)
        found.client_position = end
        if verb or self._client[position:end].strip():
            self._note(tag, verb, argument, position, place if whole else None)
        return found.accepted is None and whole

    def _answer_place(self, tag: str) -> int | None:
        places = self._tagged.get(tag)
        while places and places[0] < self._next:
            places.popleft()
        return places[0] if places else None

    def _command_end(self, position: int, end: int, answer: int | None) -> tuple[int, bool]:
        """(behind the command with its literals, True when all of them are there). A literal follows at once with "+",
        else when the server asked for it before it answered, or when nothing is known of the server."""
        asked = self._next
        while literal := _LITERAL.search(self._client, max(position, end - 16), end):
            if not literal[2]:
                request = self._request_from(asked)
                if answer is not None and (request is None or request > answer):
                    break
                asked = asked if request is None else request + 1
            position = end + int(literal[1])
            end = self._client.find(b"\n", position) + 1
            if not end or position > len(self._client):
                return len(self._client), False
        return end, True

    def _request_from(self, place: int) -> int | None:
        found = bisect_left(self._requests, place)
        return self._requests[found] if found < len(self._requests) else None

    def _note(self, tag: str, verb: str, argument: bytes, position: int, place: int | None) -> None:
        found, first = self._found, self._next
        line = self._client[position : found.client_position].rstrip(b"\r\n")
        answer = None if place is None else _answer(self._responses, place, self._responses[first].at)
        known = verb in KNOWN
        if verb == "AUTHENTICATE" and self._challenges(tag, verb, argument, line, position, place, answer):
            pass
        else:
            found.exchanges.append(Exchange(verb, argument, line, position, answer, known, tag))
        if verb in IMAP.logins and answer and answer.ok:
            found.logged_in_at = len(found.exchanges)
            self._take_lists(first)
        if place is not None:
            self._next, found.server_position = place + 1, self._responses[place].end
        if verb == "CAPABILITY":
            found.list_awaited = answer is None
        elif verb == IMAP.upgrade and answer and answer.ok:
            found.accept(answer, found.client_position)

    def _challenges(
        self, tag: str, verb: str, argument: bytes, line: bytes, position: int, place: int | None, answer: Answer | None
    ) -> bool:
        """Each request to go on is answered by one line. False when there is none."""
        found = self._found
        stop = len(self._responses) if place is None else place
        requests = bisect_left(self._requests, stop) - bisect_left(self._requests, self._next)
        lines: list[Exchange] = []
        for _ in range(requests):
            at, end = found.client_position, self._client.find(b"\n", found.client_position) + 1
            if not end:
                break
            found.client_position = end
            lines.append(Exchange("(auth)", b"", self._client[at:end].rstrip(b"\r\n"), at, None))
        if not lines:
            return False
        last = lines.pop()
        found.exchanges += [
            Exchange(verb, argument, line, position, None, True, tag),
            *lines,
            Exchange("(auth)", b"", last.line, last.at, answer),
        ]
        return True

    def _take_lists(self, stop: int) -> None:
        """The lists in the responses before ``stop``: those of a login itself tell of what is offered behind it."""
        for response in self._responses[self._listed : stop]:
            if response.kind != "continue" and (listed := capabilities(response.raw, response.at)):
                self._found.lists.append(listed)
        self._listed = max(self._listed, stop)

    def _end_of_lists(self) -> int:
        found = self._found
        if found.preauthenticated:
            return max(self._next, 1)
        if found.logged_in_at is not None:
            return self._listed
        if found.exchanges:
            return self._next
        return next((place for place, response in enumerate(self._responses) if response.kind == "tagged"), len(self._responses))

    def _look_for_mail(self) -> None:
        connection = self._found.connection
        self._found.message_sent = bool(_FETCHED.search(connection.server.data) or _APPENDED.search(connection.client.data))


def _answer(responses: list[Response], place: int, at: int) -> Answer:
    """A tagged response with the untagged ones before it, from ``at`` on."""
    tagged = responses[place]
    shown = [response for response in responses[max(0, place - _SHOWN) : place + 1] if response.at >= at]
    return Answer(tagged.ok, b"".join(response.raw for response in shown), shown[0].at, tagged.end, tagged.raw)
