"""One mail session: aiosmtpd's command loop with its gaps closed.

aiosmtpd 1.4.6 keeps appending fragments of a DATA line that never ends, has no cap on connections, restarts its timer
with every NOOP, offers AUTH once TLS is on, and reads addresses with a recursive parser. So the transport, DATA,
STARTTLS, the timer and the address parser are ours; the command loop, the order of commands and the PROXY protocol
are its own. Underscored names that are overridden here are aiosmtpd's; the dependency is pinned by the tests.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from collections import defaultdict
from typing import cast

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, Envelope, TLSSetupException

from collector.connections import peer_key
from collector.errors import NotDurable
from collector.in_flight import Lease
from collector.pace import Pace
from collector.smtp import replies
from collector.smtp.data import MessageData
from collector.smtp.path import NULL_PATH, split_path
from collector.smtp.policy import Policy, declared_size
from collector.smtp.service import Service
from collector.tls import TlsLayer, tls_version
from ingest.spool.record import SpoolRecord, Way

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
"""Read from the wire at once."""
FIRST_LEASE = 2 * 1024 * 1024
"""A declared size is trusted so far before its bytes have come: one peer cannot reserve everything with promises."""
CLOSING_SECONDS = 3.0
"""How long a reply may wait for a sender that does not read before the connection is reset."""
JUNK_LIMIT = 1024 * 1024
"""Bytes without one valid command."""


class MailSession(SMTP):
    """One connection from its greeting to its end."""

    way: Way = "smtp"

    def __init__(self, service: Service, policy: Policy, loop: asyncio.AbstractEventLoop) -> None:
        self.service = service
        settings = service.settings
        self.line_length_limit = settings.command_limit  # the reader's limit: it pauses the transport at twice this
        reader = asyncio.StreamReader(limit=self.line_length_limit, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, client_connected_cb=self._cb_client_connected, loop=loop)
        if type(self) not in service.alike:
            service.alike[type(self)] = self._worked_out(policy, loop)
        vars(self).update(service.alike[type(self)])
        self._smtp_methods = {name.removeprefix("smtp_"): getattr(self, name) for name in _commands(type(self))}  # type: ignore[arg-type]
        self.command_size_limit = settings.command_limit
        self.command_size_limits = defaultdict(lambda: settings.command_limit)  # aiosmtpd's own is shared by all sessions
        self.peer_address: str | None = None
        self.peer_port: int | None = None
        self._peer_key = ""
        self._tcp: asyncio.Transport | None = None
        self._admitted = False
        self._tls_made = False
        self._handshaking = False
        self._bare_replies = False
        self._errors = 0
        self._junk = 0
        self._deadline = 0.0
        self._in_data = False
        self._storing = False
        self._overdue = False
        self._ending = False

    def _worked_out(self, policy: Policy, loop: asyncio.AbstractEventLoop) -> dict[str, object]:
        """What aiosmtpd's constructor sets, but for the connection's own: it inspects hooks and methods each time, a third
        of what a connection costs, and finds the same for all sessions of a service."""
        settings, own = self.service.settings, set(vars(self))
        super().__init__(
            policy,
            data_size_limit=settings.message_limit,
            enable_SMTPUTF8=True,  # any octet in a command decodes; the record keeps what was said
            hostname=settings.hostname,
            ident="ESMTP stripwatch",
            tls_context=self.service.certificate.context if self.service.certificate else None,
            timeout=settings.session_seconds,
            command_call_limit=_call_limits(settings.idle_command_limit, settings.message_count_limit, settings.recipient_limit),
            loop=loop,
        )
        own |= {"_smtp_methods", "_auth_methods"}  # bound to this session
        return {name: value for name, value in vars(self).items() if name not in own} | {"_auth_methods": {}}

    # -- the connection ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is up, or (again, by aiosmtpd's way) TLS on top of it."""
        if self._tcp is not None:
            self._tls_made = True
            self.service.counters.tls_sessions += 1
            super().connection_made(transport)
            return
        self._tcp = cast(asyncio.Transport, transport)
        self._tcp.max_size = CHUNK  # type: ignore[attr-defined]  # what one recv may bring, and the reader's buffer with it
        self._note_peer(transport)
        if self.service.closing or not self._admit():
            self._turn_away()
            return
        self._deadline = self.loop.time() + self.service.settings.session_seconds
        if self.service.behind_proxy(self.peer_address):
            self._proxy_timeout = self.service.settings.handshake_seconds
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place back; aiosmtpd calls this a second time after a failed handshake."""
        if not self._admitted:
            return
        self._admitted = False
        self.service.limits.release(self._peer_key)
        self.service.leave(self)
        self.service.counters.connections_open -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Count what comes without a valid command: an endless command line is not worth 300 seconds."""
        if not self._admitted or self._ending:
            return
        self._junk += len(data)
        if self._junk > JUNK_LIMIT and not self._in_data:
            self._refuse("junk", replies.TOO_MANY_ERRORS)
            return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        """The peer is done; a session that was never let in has nothing to wind up."""
        return super().eof_received() if self._admitted else None

    def hang_up(self, reply: str) -> None:
        """Say one last line and close; reset when the peer does not even read that."""
        if self._ending or not self._admitted or self._tcp is None:
            return
        self._ending = True
        if not self._handshaking:
            self._writer.write(reply.encode() + b"\r\n")
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        if self.transport is not None:
            self.transport.close()
        self.loop.call_later(CLOSING_SECONDS, self._tcp.abort)

    def abort(self) -> None:
        """End it without a word."""
        if self._tcp is not None:
            self._tcp.abort()

    def wind_up(self) -> None:
        """The intake stops: a message under way may finish, everything else ends now."""
        if not self._in_data:
            self._refuse("shutting_down", replies.SHUTTING_DOWN)

    def take_proxied_peer(self, proxy: ProxyData) -> bool:
        """Believe a trusted proxy about the peer; a health check of its own (LOCAL, UNKNOWN) keeps its address."""
        if proxy.src_addr is None:
            return True
        address = str(proxy.src_addr)
        key = peer_key(address)
        if not self.service.limits.rename(self._peer_key, key):
            self._refuse("too_many_connections", replies.TOO_MANY_CONNECTIONS)
            return True  # hang_up ends it, with its reply
        self._peer_key = key
        self.peer_address, self.peer_port = address, proxy.src_port
        return True

    def _note_peer(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer_address, self.peer_port = peer[0].removeprefix("::ffff:"), peer[1]

    def _admit(self) -> bool:
        counters = self.service.counters
        counters.connections += 1
        # a proxy's own address says nothing about who fills it: its peers are counted once it has named them
        self._peer_key = "" if self.service.behind_proxy(self.peer_address) else peer_key(self.peer_address)
        if not self.service.limits.admit(self._peer_key):
            return False
        self._admitted = True
        counters.connections_open += 1
        self.service.sessions.add(self)
        return True

    def _turn_away(self) -> None:
        reason = "shutting_down" if self.service.closing else "too_many_connections"
        reply = replies.SHUTTING_DOWN if self.service.closing else replies.TOO_MANY_CONNECTIONS
        self.service.counters.refused[reason] += 1
        assert self._tcp is not None
        self._tcp.write(reply.encode() + b"\r\n")
        self._tcp.close()

    def _refuse(self, reason: str, reply: str) -> None:
        if not self._ending:
            self.service.counters.refused[reason] += 1
        self.hang_up(reply)

    # -- the command loop ----------------------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        try:
            await super()._handle_client()
        except (ConnectionError, EOFError):
            self.service.counters.weird["connection_broken"] += 1
        except Exception:
            self.service.counters.refused["internal_error"] += 1
            log.exception("mail session failed outside a command")
        finally:
            if self.transport is not None:
                self.transport.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Called with each valid command: that proves life, but does not buy a longer one."""
        self._junk = 0
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        when = self._deadline if duration is None else min(self._deadline, self.loop.time() + duration)
        self._timeout_handle = self.loop.call_at(when, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self._storing:
            self._overdue = True
        else:
            self._refuse("too_slow", replies.TOO_SLOW)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """aiosmtpd's seam for MAIL and RCPT: (address, parameters), or two None for what is not an address."""
        return split_path(arg) or (None, None)

    async def push(self, status: str | bytes) -> None:
        """Send a reply; the session ends after too many refusals."""
        text = status.decode() if isinstance(status, bytes) else status
        await super().push(text if self._bare_replies else replies.enhanced(text))
        if replies.refuses(text):
            self._errors += 1
        if self._errors >= self.service.settings.error_limit:
            self._refuse("too_many_errors", replies.TOO_MANY_ERRORS)
            await asyncio.sleep(0)  # hang_up cancelled this very task: let that happen before the next command

    async def smtp_HELO(self, hostname: str) -> None:
        """RFC 2034 section 4: no enhanced code here."""
        await self._greet(super().smtp_HELO, hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        """Offers are the policy's."""
        await self._greet(super().smtp_EHLO, hostname)

    async def _greet(self, command, hostname: str) -> None:  # type: ignore[no-untyped-def]
        self._bare_replies = True
        try:
            await command(hostname)
        finally:
            self._bare_replies = False

    async def smtp_AUTH(self, arg: str) -> None:
        """There is nothing to log in to."""
        await self.push(replies.NO_AUTH)

    async def smtp_VRFY(self, arg: str) -> None:
        """RFC 5321 section 3.5.3: 252 tells nothing."""
        await self.push(replies.CANNOT_VERIFY if arg else "501 Syntax: VRFY address")

    async def smtp_HELP(self, arg: str) -> None:
        """One line."""
        await self.push(replies.HELP)

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207. What was pipelined behind the command came in clear and is thrown away (CVE-2011-0411)."""
        if arg:
            await self.push("501 Syntax: STARTTLS")
        elif self.service.certificate is None:
            await self.push("454 TLS not available")
        elif self._tls_protocol is not None:
            await self.push("503 TLS is on already")
        else:
            await self._start_tls(self.service.certificate.context)

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        if self._unread_buffer():
            self.service.counters.weird["pipelined_after_starttls"] += 1
        await self.push("220 2.0.0 Ready to start TLS")
        self._unread_buffer().clear()
        tcp = self._original_transport = self._tcp
        assert tcp is not None
        tcp.resume_reading()
        waiter: asyncio.Future[None] = self.loop.create_future()
        layer = TlsLayer(self.loop, self, context, waiter, handshake_seconds=self.service.settings.handshake_seconds)
        self._handshaking = True
        self._tls_protocol = layer
        tcp.set_protocol(layer)
        self.transport = layer._app_transport
        layer.connection_made(tcp)
        try:
            await waiter
        except OSError as error:
            raise TLSSetupException from error
        finally:
            self._handshaking = False
        if not self._tls_made:  # asyncio calls a handshake that was cut short without an error done
            raise TLSSetupException

    # -- the message ---------------------------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str) -> None:
        """Read a message under every limit, make it durable, and only then acknowledge it."""
        if await self.check_helo_needed():
            return
        if not self._mail().rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        lease = Lease(self.service.in_flight)
        self._in_data = True
        try:
            await self._take_message(lease)
        finally:
            self._in_data = False
            self._junk = 0  # the message was asked for
            lease.close()
            self.envelope = self._create_envelope()
        if self._overdue:
            self._refuse("too_slow", replies.TOO_SLOW)
        elif self.service.closing:
            self._refuse("shutting_down", replies.SHUTTING_DOWN)

    async def _take_message(self, lease: Lease) -> None:
        settings = self.service.settings
        first = min(max(declared_size(self._mail().mail_options), CHUNK), FIRST_LEASE, settings.message_limit)
        if not await lease.admit(first, settings.admission_wait):
            self.service.counters.refused["in_flight_full"] += 1
            await self.push(replies.NO_ROOM)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        data = await self._receive(lease)
        if data.trouble is None:
            await self._answer(await self._store(data, lease))
        else:
            self.service.counters.refused[data.trouble] += 1
            await self._answer(replies.for_trouble(data.trouble))

    async def _receive(self, lease: Lease) -> MessageData:
        """Read to the end of the message, also when it is refused already, within pace and bounds."""
        settings = self.service.settings
        data = MessageData(settings.message_limit, settings.line_limit)
        pace = Pace(self.loop.time(), settings.data_grace, settings.data_rate, settings.session_seconds)
        while not data.ended:
            try:
                async with asyncio.timeout_at(pace.deadline(data.received)):
                    chunk = await self._reader.read(CHUNK)
            except TimeoutError:
                await self._end("too_slow", replies.TOO_SLOW)
            if not chunk:
                raise ConnectionResetError("connection closed within DATA")
            self._unread(data.feed(chunk))
            if data.trouble is None and not lease.grow_to(data.size):
                data.give_up("no_room")
            if data.trouble is not None:
                lease.close()
                if data.received > settings.message_limit + settings.discard_limit:
                    await self._end(data.trouble, replies.for_trouble(data.trouble))
        return data

    async def _store(self, data: MessageData, lease: Lease) -> str:
        """The reply: what the sink said."""
        self._storing = True
        try:
            return replies.queued(await self.service.delivery.deliver(self._record(data.body()), lease.hand_over()))
        except NotDurable as error:
            self.service.counters.refused[error.reason] += 1
            return replies.for_refusal(error)
        finally:
            self._storing = False

    async def _answer(self, reply: str) -> None:
        """SMTP says it once, LMTP for each recipient."""
        await self.push(reply)

    async def _end(self, reason: str, reply: str) -> None:
        """Hang up from within the session's own task; does not return."""
        self._refuse(reason, reply)
        await asyncio.sleep(0)
        raise ConnectionResetError(reason)

    def _mail(self) -> Envelope:
        """The message's envelope: there from the greeting on. (No property: aiosmtpd evaluates those in its constructor.)"""
        assert self.envelope is not None
        return self.envelope

    def _unread_buffer(self) -> bytearray:
        """What the reader holds; asyncio has no public way to look at it or to put something back."""
        return cast(bytearray, self._reader._buffer)  # type: ignore[attr-defined]

    def _unread(self, rest: bytes) -> None:
        """Put pipelined commands back before whatever else came."""
        if rest:
            self._unread_buffer()[:0] = rest

    def _record(self, body: bytes) -> SpoolRecord:
        envelope = self._mail()
        return SpoolRecord(
            way=self.way,
            content="mail",
            arrived_at=self.service.clock.wall(),
            body=body,
            peer_address=self.peer_address,
            peer_port=self.peer_port,
            tls_version=tls_version(self.transport),
            helo=_text(self.session.host_name or "") if self.session else None,
            mail_from="" if envelope.mail_from == NULL_PATH else _text(envelope.mail_from or ""),
            rcpt_to=tuple(_text(recipient) for recipient in envelope.rcpt_tos),
        )


def _text(command: str) -> str:
    """Octets that were no UTF-8 stand as ``\\xNN``: a record holds text only."""
    return command.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@functools.cache
def _commands(kind: type[MailSession]) -> list[str]:
    return [name for name in dir(kind) if name.startswith("smtp_")]


def _call_limits(idle: int, messages: int, recipients: int) -> dict[str, int]:
    """aiosmtpd's limits by command; one more gets 421 4.7.0."""
    return {
        "*": idle,
        "MAIL": messages,
        "DATA": messages,
        "RCPT": messages * recipients,
        "RSET": messages,
    }
