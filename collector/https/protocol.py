"""One HTTP connection: uvicorn's h11 protocol with a cap, and a deadline on every head.

uvicorn waits for a request's headers for ever and has a cap only on running requests. A connection is counted when
TCP is up, before any TLS handshake; over the cap it still gets its 503, as long as few others are being told the same.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from collector.certificate import Certificate
from collector.connections import Proxies, peer_key
from collector.https.service import Service
from collector.tls import TlsLayer, tls_version

TOLD_AT_ONCE = 64
"""Connections over the cap that are told so at the same time; more are reset."""
CLOSING_SECONDS = 3.0
"""How long a reply may wait for a peer that does not read before the connection is reset."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.ERROR)


class Doorkeeper:
    """Admits connections: the same count for clear and TLS listeners."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._proxies = Proxies(service.settings.proxies)
        self._being_told = 0

    def key(self, transport: asyncio.BaseTransport) -> str:
        """The peer to count for; a proxy's own address says nothing about who fills it."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else None
        return "" if address in self._proxies else peer_key(address)

    def admit(self, key: str) -> bool:
        """Count a connection in."""
        counters = self._service.counters
        counters.connections += 1
        if self._service.closing or not self._service.limits.admit(key):
            counters.refused["shutting_down" if self._service.closing else "too_many_connections"] += 1
            return False
        counters.connections_open += 1
        return True

    def release(self, key: str) -> None:
        """Count an admitted one out."""
        self._service.limits.release(key)
        self._service.counters.connections_open -= 1

    def begin_telling(self) -> bool:
        """Whether one more refused peer may hear why."""
        if self._being_told >= TOLD_AT_ONCE:
            return False
        self._being_told += 1
        return True

    def end_telling(self) -> None:
        """It has heard."""
        self._being_told -= 1


class Entry:
    """One connection's place: taken when TCP is up, given back once."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        self._key = ""
        self.admitted = False
        self.told = False

    def open(self, transport: asyncio.BaseTransport) -> bool:
        """True when the connection may go on: admitted, or to be told 503."""
        self._key = self._doorkeeper.key(transport)
        self.admitted = self._doorkeeper.admit(self._key)
        self.told = not self.admitted and self._doorkeeper.begin_telling()
        return self.admitted or self.told

    def close(self) -> None:
        """The connection is gone."""
        if self.admitted:
            self._doorkeeper.release(self._key)
        if self.told:
            self._doorkeeper.end_telling()
        self.admitted = self.told = False


class CountedTls(TlsLayer):
    """TLS that takes its connection's place before the handshake."""

    def __init__(self, entry: Entry, protocol: PostProtocol, certificate: Certificate, seconds: float) -> None:
        super().__init__(asyncio.get_running_loop(), protocol, certificate.context, None, handshake_seconds=seconds)
        self._entry = entry

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is up."""
        if self._entry.open(transport):
            super().connection_made(transport)
        else:
            cast(asyncio.Transport, transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """TCP is gone, handshake or not."""
        self._entry.close()
        super().connection_lost(exc)


class PostProtocol(H11Protocol):
    """HTTP/1.1 with a deadline on each request's head."""

    def __init__(self, service: Service, entry: Entry, tls: bool, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.logger = _log  # uvicorn's would write a line for each malformed request, as many as a stranger likes
        self._service = service
        self._entry = entry
        self._tls = tls
        self._head_timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is up, or TLS on top of it."""
        if not self._tls and not self._entry.open(transport):
            cast(asyncio.Transport, transport).abort()
            return
        super().connection_made(cast(asyncio.Transport, transport))
        self._refused = not self._entry.admitted
        version = tls_version(transport)
        if version is not None:
            self._service.counters.tls_sessions += 1
        self.app_state = {**self.app_state, "tls_version": version}
        self._head_timer = self.loop.call_later(self._service.settings.header_seconds, self._head_too_slow)
        if self._refused and not self._tls:
            self._turn_away()  # in clear the answer can go first; under TLS most peers read only after they have asked

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._stop_head_timer()
        if not self._tls:
            self._entry.close()
        if self.transport is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed uvicorn, then see whether a head is still unfinished."""
        if self._refused:
            self._turn_away()
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._service.settings.header_seconds, self._head_too_slow)

    def on_response_complete(self) -> None:
        """uvicorn's hook; what a peer does not read within seconds is thrown away with its connection."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(CLOSING_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """uvicorn's hook for what is no HTTP. Once an answer has begun h11 could send no other, so nothing is said."""
        self._service.counters.refused["request_malformed"] += 1
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._say(400, "Bad Request", b'{"error": "request_malformed"}\n')
        elif not self.transport.is_closing():
            self.transport.close()
            self.loop.call_later(CLOSING_SECONDS, self.transport.abort)

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._service.counters.refused["too_slow"] += 1
            self._say(408, "Request Timeout", b'{"error": "too_slow"}\n')

    def _turn_away(self) -> None:
        retry = f"retry-after: {self._service.settings.retry_seconds}"
        self._say(503, "Service Unavailable", b'{"error": "too_many_connections"}\n', retry)

    def _say(self, status: int, phrase: str, body: bytes, *headers: str) -> None:
        """An answer to a request that was never read to its end; h11 could not send one."""
        if self.transport.is_closing():
            return
        lines = (
            f"HTTP/1.1 {status} {phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            *headers,
            "connection: close",
        )
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.transport.close()
        self.loop.call_later(CLOSING_SECONDS, self.transport.abort)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class ProtocolFactory:
    """What uvicorn calls for each connection in place of its protocol class."""

    def __init__(self, service: Service, certificate: Certificate | None) -> None:
        self._service = service
        self._certificate = certificate
        self._doorkeeper = Doorkeeper(service)

    def __call__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None
    ) -> asyncio.BaseProtocol:
        """A protocol for one connection, TLS around it when there is a certificate."""
        entry = Entry(self._doorkeeper)
        http = PostProtocol(
            self._service, entry, self._certificate is not None, config=config, server_state=server_state, app_state=app_state, _loop=_loop
        )
        if self._certificate is None:
            return http
        return CountedTls(entry, http, self._certificate, self._service.settings.handshake_seconds)
