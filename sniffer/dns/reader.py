"""Port 53 of a capture, in order of time with the sessions beside it: the room's door."""

from __future__ import annotations

from collections import deque

from sniffer.capture.records import Records, View
from sniffer.dns.asked import Asked, Message
from sniffer.dns.facts import MxFacts
from sniffer.dns.names import Names
from sniffer.dns.stream import messages_of
from sniffer.packets.network import Datagrams
from sniffer.settings import DnsSettings
from sniffer.stream import Connection
from sniffer.weird import Weird


class DnsReader:
    """Takes what the packet engine finds of port 53, and tells what it said of a server."""

    def __init__(self, settings: DnsSettings, seed: bytes, weird: Weird) -> None:
        self._asked = Asked(settings, seed, weird)
        self._names = Names(settings, weird)
        self._ahead: deque[Message] = deque()
        """Answers of this window that are not read yet: a session is told what was known at its own time."""
        self.heard = False
        """True once there was anything on port 53."""

    def count_in(self, weird: Weird) -> None:
        """What is odd from now on is counted there."""
        self._asked.weird = self._names.weird = weird

    def take_datagrams(self, records: Records, datagrams: list[Datagrams]) -> None:
        """A window's UDP datagrams of port 53."""
        self.heard = True
        while self._ahead:
            self._names.take(self._ahead.popleft())
        self._ahead.extend(self._asked.answers(View(records.buffer), records.time, datagrams))

    def take_connection(self, connection: Connection) -> None:
        """A TCP connection to port 53 that ended."""
        self.heard = True
        for message in messages_of(connection):
            self._until(message.time)
            self._names.take(message)

    def about(self, connection: Connection) -> MxFacts | None:
        """What answers told of the connection's server."""
        self._until(connection.stop)
        return self._names.about(connection.server_ip, connection.start, connection.stop)

    def _until(self, time: int) -> None:
        ahead = self._ahead
        while ahead and ahead[0].time <= time:
            self._names.take(ahead.popleft())
