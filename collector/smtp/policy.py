"""The hooks that aiosmtpd asks: who may mail whom, and what is offered. One object serves every session."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from collector.errors import NotDurable
from collector.smtp import replies
from collector.smtp.path import NULL_PATH

if TYPE_CHECKING:
    from collector.smtp.service import Service

log = logging.getLogger(__name__)


def declared_size(options: list[str]) -> int:
    """SIZE of MAIL FROM (RFC 1870), 0 without it. Options come in upper case."""
    values = (value for name, _, value in (option.partition("=") for option in options) if name == "SIZE")
    return next((int(value) for value in values if value.isascii() and value.isdigit()), 0)


class Policy:
    """Method names and signatures are aiosmtpd's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __dir__(self) -> list[str]:
        """Hooks only: aiosmtpd looks through ``dir`` for each connection."""
        return _HOOKS

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:
        """Offer what we have; never AUTH. ``responses`` starts with our name."""
        session.host_name = hostname
        offers = [line for line in responses[1:] if line[4:].split(" ")[0] not in {"AUTH", "HELP"}]
        lines = [responses[0], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", *offers]
        return [*lines[:-1], "250 " + lines[-1][4:]]

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Refuse early, before the message is sent, while the spool could not keep it (RFC 1870 section 6.1)."""
        try:
            self._service.delivery.check(declared_size(options))
        except NotDurable as error:
            self._service.counters.refused[error.reason] += 1
            return replies.for_refusal(error)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return replies.SENDER_OK

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Only our own recipients, and not too many."""
        if address == NULL_PATH or address not in self._service.recipients:
            self._service.counters.refused["not_our_recipient"] += 1
            return replies.NOT_OUR_RECIPIENT
        if len(envelope.rcpt_tos) >= self._service.settings.recipient_limit:
            self._service.counters.refused["too_many_recipients"] += 1
            return replies.TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return replies.RECIPIENT_OK

    async def handle_PROXY(self, server: SMTP, session: Session, envelope: Envelope, proxy: ProxyData) -> bool:
        """Take the true peer from a proxy that we trust; aiosmtpd asks only where a header was awaited."""
        return self._service.rename_peer(server, proxy)

    async def handle_exception(self, error: Exception) -> str:
        """Our own mistake is a temporary refusal: a 5yz would make the sender drop the report for good."""
        if isinstance(error, TLSSetupException):  # the peer's doing; aiosmtpd closes without sending a reply
            self._service.counters.weird["handshake_failed"] += 1
            return replies.INTERNAL_ERROR
        log.error("mail session failed", exc_info=error)
        self._service.counters.refused["internal_error"] += 1
        return replies.INTERNAL_ERROR


_HOOKS = [name for name in vars(Policy) if name.startswith("handle_")]
