"""A name server for the demo's invented reporters: it answers their DKIM keys on loopback, and knows nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 300
_STRING = 250
"""A TXT record is made of strings of at most 255 bytes (RFC 1035 §3.3.14)."""


class Nameserver(asyncio.DatagramProtocol):
    """TXT records by name, over UDP. A name that is not among them does not exist."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {name.lower(): text for name, text in texts.items()}
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def start(cls, texts: Mapping[str, str]) -> Self:
        """Listen on a free port of 127.0.0.1 until ``stop``."""
        _, server = await asyncio.get_running_loop().create_datagram_endpoint(lambda: cls(texts), local_addr=("127.0.0.1", 0))
        return server

    def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def address(self) -> str:
        """address:port, as ``[reports] nameservers`` takes it."""
        if self._transport is None:
            raise RuntimeError("the name server was not started")
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self.answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    def answer(self, data: bytes) -> bytes | None:
        """The answer to one query, None for what is no query."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        text = self._texts.get(question.name.to_text(omit_final_dot=True).lower())
        if text is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT:
            strings = " ".join(f'"{text[start : start + _STRING]}"' for start in range(0, len(text), _STRING))
            response.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "TXT", strings))
        return response.to_wire()
