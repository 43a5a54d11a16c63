"""The mail intake: a listener whose sessions share one service."""

from __future__ import annotations

import asyncio
import logging

from collector.certificate import Certificate
from collector.counters import IntakeSnapshot
from collector.in_flight import InFlight
from collector.listener import Watch, bound, listen, share
from collector.sink import RecordSink
from collector.smtp.lmtp import LmtpSession
from collector.smtp.policy import Policy
from collector.smtp.service import Service
from collector.smtp.session import MailSession
from collector.smtp.settings import SmtpSettings
from ingest.spool.clock import SYSTEM_CLOCK, Clock

BACKLOG = 1024


class SmtpIntake:
    """Takes mail and appends it to a sink. ``start`` and ``stop`` once each, in one event loop."""

    def __init__(
        self,
        settings: SmtpSettings,
        sink: RecordSink,
        clock: Clock = SYSTEM_CLOCK,
        *,
        certificate: Certificate | None = None,
        in_flight: InFlight | None = None,
    ) -> None:
        """Without a certificate STARTTLS is not offered. ``in_flight`` may be shared with other intakes.

        Raises SettingsError.
        """
        settings.check()
        self._settings = settings
        self._in_flight = in_flight or InFlight(settings.in_flight_limit)
        self._service = Service(settings, sink, clock, certificate, self._in_flight)
        self._policy = Policy(self._service)
        self._server: asyncio.Server | None = None
        self._address: tuple[str, int] | None = None
        self._watch = Watch(certificate, settings.certificate_interval)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on; a unix socket's path and 0."""
        if self._address is None:
            raise RuntimeError("not listening")
        return self._address

    async def start(self) -> None:
        """Listen. Raises SettingsError when the address cannot be had."""
        # its warnings repeat what strangers send; the counters and replies say the same
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._server = await listen(self._session, self._settings.host, self._settings.port, self._settings.unix_path, BACKLOG)
        self._address = bound(self._server)
        if self._settings.unix_path is not None:
            share(self._settings.unix_path, self._settings.unix_mode, self._settings.unix_group)
        self._watch.start()

    async def stop(self) -> None:
        """Take no more, let messages under way finish for a while, and end every session."""
        self._service.closing = True
        await self._watch.stop()
        if self._server is not None:
            self._server.close()
        for session in list(self._service.sessions):
            session.wind_up()
        end = asyncio.get_running_loop().time() + self._settings.stop_seconds
        await self._service.emptied(self._settings.stop_seconds)
        await self._service.delivery.settled(max(0.0, end - asyncio.get_running_loop().time()))
        for session in list(self._service.sessions):
            session.abort()
        await asyncio.sleep(0)
        if self._settings.unix_path is not None:
            await asyncio.to_thread(self._settings.unix_path.unlink, missing_ok=True)

    def snapshot(self) -> IntakeSnapshot:
        """The counters now."""
        return self._service.counters.snapshot(self._in_flight.held)

    def _session(self) -> MailSession:
        kind = LmtpSession if self._settings.protocol == "lmtp" else MailSession
        return kind(self._service, self._policy, asyncio.get_running_loop())
