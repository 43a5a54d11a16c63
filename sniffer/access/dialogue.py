"""A POP3 or IMAP session's dialogue up to TLS, paired: what the protocols' walks make, and the observer reads."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sniffer.endings import is_lost
from sniffer.stream import Connection
from sniffer.tls.records import looks_like_handshake

MAX_COMMANDS = 2000
"""Commands followed in one session; a head of 64 KiB holds more only in attacks on us."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What the server says to one command: ``raw`` with its untagged or listed lines, at ``at`` … ``end`` in its bytes."""

    ok: bool
    raw: bytes
    at: int
    end: int
    status: bytes = b""
    """The line that decides."""

    @property
    def refused(self) -> bool:
        return not self.ok


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One command and its answer. ``verb`` is "(auth)" for the answer to a challenge."""

    verb: str
    argument: bytes
    line: bytes
    at: int
    answer: Answer | None
    known: bool = True
    tag: str = ""
    """IMAP's."""


class Capabilities(msgspec.Struct, frozen=True, gc=False):
    """One list of the server's capabilities, offsets counted in the server's bytes."""

    upgrade: bool
    auth: bool
    masked: tuple[tuple[int, bytes], ...] = ()
    """Words where the offer may have stood."""
    words: tuple[tuple[int, bytes], ...] = ()
    """Other overwritten words."""
    login_disabled: tuple[int, bytes] | None = None


class Dialogue:
    """What a walk fills in. Offsets count in the sides' heads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.client_position = 0
        self.server_position = 0
        self.proxy_header: bytes | None = None
        self.greeting: Answer | None = None
        self.preauthenticated = False
        self.exchanges: list[Exchange] = []
        self.lists: list[Capabilities] = []
        """Lists from before the login."""
        self.cut_list: Capabilities | None = None
        """The whole lines of one whose end was not captured: only an offer in it counts."""
        self.list_awaited = False
        """The last list asked for did not come."""
        self.accepted: Answer | None = None
        self.handshake = False
        """TLS begins at ``client_position`` without an accepted STARTTLS."""
        self.logged_in_at: int | None = None
        """How many exchanges it took to log in, the login's own included."""
        self.message_sent = False

    @property
    def client_missing(self) -> bool:
        """Commands of the client may be missing, at its end or its beginning."""
        client = self.connection.client
        return is_lost(client) or not client.from_start

    @property
    def server_missing(self) -> bool:
        """Answers of the server may be missing, at its end or its beginning."""
        server = self.connection.server
        return is_lost(server) or (not server.from_start and self.greeting is None)

    @property
    def late(self) -> bool:
        """What came before the capture is unknown."""
        return not (self.connection.client.from_start and self.connection.server.from_start)

    def accept(self, answer: Answer, client_position: int) -> None:
        """TLS follows."""
        self.accepted = answer
        self.client_position, self.server_position = client_position, answer.end

    def begin_at_command(self, is_known: Callable[[bytes], bool]) -> None:
        """Begin at the client's first line that is surely a command; what stands before it may be the end of anything."""
        data, position = self.connection.client.data, self.client_position
        while (end := data.find(b"\n", position)) >= 0 and not looks_like_handshake(data, position):
            if is_known(data[position:end]):
                break
            position = end + 1
        self.client_position = position if end >= 0 or looks_like_handshake(data, position) else len(data)

    def accept_unseen(self, last: Answer | None) -> None:
        """Where the client's side was not captured, TLS behind a yes shows that one was asked for."""
        client, server = self.connection.client, self.connection.server
        if last and last.ok and self.client_missing and self.accepted is None and looks_like_handshake(server.data, last.end):
            if not looks_like_handshake(client.data, self.client_position):
                self.client_position = len(client.data)
            self.accepted, self.server_position = last, last.end
