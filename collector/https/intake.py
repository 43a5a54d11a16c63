"""The HTTPS intake: uvicorn over a guarded protocol, with signals and logging left to the program."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import uvicorn

from collector.certificate import Certificate
from collector.counters import IntakeSnapshot
from collector.errors import SettingsError
from collector.https.app import build_app
from collector.https.protocol import ProtocolFactory
from collector.https.server import GuestServer
from collector.https.service import Service
from collector.https.settings import HttpsSettings
from collector.in_flight import InFlight
from collector.listener import Watch, bind
from collector.sink import RecordSink
from ingest.spool.clock import SYSTEM_CLOCK, Clock

BACKLOG = 1024


class HttpsIntake:
    """Takes posted reports and sessions and appends them to a sink. ``start`` and ``stop`` once each, in one event loop."""

    def __init__(
        self,
        settings: HttpsSettings,
        sink: RecordSink,
        clock: Clock = SYSTEM_CLOCK,
        *,
        certificate: Certificate | None = None,
        in_flight: InFlight | None = None,
    ) -> None:
        """``certificate`` is needed unless ``settings.tls`` is false. ``in_flight`` may be shared. Raises SettingsError."""
        settings.check()
        if settings.tls and certificate is None:
            raise SettingsError("tls: a certificate is needed, or tls = false behind a proxy")
        self._settings = settings
        self._in_flight = in_flight or InFlight(settings.in_flight_limit)
        self._service = Service(settings, sink, clock, self._in_flight)
        self._certificate = certificate if settings.tls else None
        self._watch = Watch(self._certificate, settings.certificate_interval)
        self._server = GuestServer(self._config())
        self._sockets: list[socket.socket] = []
        self._address: tuple[str, int] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        if self._address is None:
            raise RuntimeError("not listening")
        return self._address

    async def start(self) -> None:
        """Listen. Raises SettingsError when the address cannot be had."""
        self._sockets = bind(self._settings.host, self._settings.port)
        name = self._sockets[0].getsockname()
        self._address = (name[0], name[1])
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets))
        await self._server.listening.wait()
        self._watch.start()

    async def stop(self) -> None:
        """Take no more, let requests under way finish for a while, and close."""
        self._service.closing = True
        await self._watch.stop()
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        await self._service.delivery.settled(self._settings.stop_seconds)

    def snapshot(self) -> IntakeSnapshot:
        """The counters now."""
        return self._service.counters.snapshot(self._in_flight.held)

    def _config(self) -> uvicorn.Config:
        settings = self._settings
        factory = ProtocolFactory(self._service, self._certificate)
        return uvicorn.Config(
            build_app(self._service),
            loop="none",
            http=cast("type[asyncio.Protocol]", factory),  # uvicorn only ever calls it
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
            backlog=BACKLOG,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
            h11_max_incomplete_event_size=settings.header_limit,
        )
