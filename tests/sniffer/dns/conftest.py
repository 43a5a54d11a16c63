"""Port 53 made with dnspython, as frames beside the mail's."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

START = 1_796_083_200_000_000_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


def answer_to(query: dns.message.Message, *values: str, ttl: int = 3600, brings: tuple[str, ...] = ()) -> dns.message.Message:
    """An answer; without values NXDOMAIN. ``brings``: "host A address" for the additional section."""
    made = dns.message.make_response(query)
    asked = query.question[0]
    if values:
        made.answer.append(dns.rrset.from_text(asked.name, ttl, "IN", dns.rdatatype.to_text(asked.rdtype), *values))
    else:
        made.set_rcode(dns.rcode.NXDOMAIN)
    for line in brings:
        host, kind, address = line.split()
        made.additional.append(dns.rrset.from_text(host, ttl, "IN", kind, address))
    return made


@dataclass
class Resolver:
    """A client and the server that it asks; packets come a millisecond apart."""

    wire: type
    client: str = "198.18.0.1"
    server: str = "192.0.2.53"
    time: int = START
    port: int = 40000
    frames: list[tuple[int, bytes]] = field(default_factory=list)

    def query(self, name: str, kind: str) -> dns.message.Message:
        self.port += 1
        return dns.message.make_query(name, kind, id=self.port)

    def ask(self, query: dns.message.Message) -> None:
        self._send(query.to_wire(), (self.client, self.port), (self.server, 53))

    def reply(self, answer: dns.message.Message | bytes) -> None:
        data = answer if isinstance(answer, bytes) else answer.to_wire()
        self._send(data, (self.server, 53), (self.client, self.port))

    def tell(self, name: str, kind: str, *values: str, ttl: int = 3600, brings: tuple[str, ...] = ()) -> None:
        """A question and its answer."""
        query = self.query(name, kind)
        self.ask(query)
        self.reply(answer_to(query, *values, ttl=ttl, brings=brings))

    def _send(self, data: bytes, source: tuple[str, int], destination: tuple[str, int]) -> None:
        udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
        self.frames.append((self.time, self.wire.ethernet(self.wire.ip(source, destination, udp, protocol=17))))
        self.time += MILLISECOND


@pytest.fixture
def resolver(wire) -> Resolver:  # type: ignore[no-untyped-def]
    return Resolver(wire)
