"""What all sessions of one mail intake share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP

from collector.certificate import Certificate
from collector.connections import ConnectionLimits, Proxies
from collector.counters import IntakeCounters
from collector.delivery import Delivery
from collector.in_flight import InFlight
from collector.sink import RecordSink
from collector.smtp.recipients import Recipients
from collector.smtp.settings import SmtpSettings
from ingest.spool.clock import Clock

if TYPE_CHECKING:
    from collector.smtp.session import MailSession


class Service:
    """Limits, counters and the way to the sink; belongs to one event loop."""

    def __init__(
        self,
        settings: SmtpSettings,
        sink: RecordSink,
        clock: Clock,
        certificate: Certificate | None,
        in_flight: InFlight,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.certificate = certificate
        self.in_flight = in_flight
        self.counters = IntakeCounters()
        self.delivery = Delivery(sink, self.counters, settings.append_seconds)
        self.recipients = Recipients(settings.recipients, accept_any=settings.accept_any_recipient)
        self.limits = ConnectionLimits(settings.connection_limit, settings.peer_limit)
        self.sessions: set[MailSession] = set()
        self.alike: dict[type[MailSession], dict[str, object]] = {}
        """Attributes that all sessions of a kind start with."""
        self._none_left = asyncio.Event()
        self.closing = False
        self._proxies = Proxies(settings.proxies)

    def behind_proxy(self, address: str | None) -> bool:
        """Whether a connection from here starts with a PROXY header."""
        return address in self._proxies

    def rename_peer(self, server: SMTP, proxy: ProxyData) -> bool:
        """Note the true peer that a trusted proxy named; False ends the session."""
        session = next((each for each in self.sessions if each is server), None)
        return session is not None and session.take_proxied_peer(proxy)

    def leave(self, session: MailSession) -> None:
        """A session ended."""
        self.sessions.discard(session)
        if not self.sessions:
            self._none_left.set()

    async def emptied(self, seconds: float) -> None:
        """Wait for the last session's end, at most ``seconds``."""
        self._none_left.clear()
        if not self.sessions:
            return
        try:
            await asyncio.wait_for(self._none_left.wait(), seconds)
        except TimeoutError:
            return
