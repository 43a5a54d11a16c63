"""LMTP (RFC 2033): for mail that another server took already. After DATA each accepted recipient gets its own reply."""

from __future__ import annotations

from aiosmtpd.smtp import syntax

from collector.smtp.session import MailSession
from ingest.spool.record import Way


class LmtpSession(MailSession):
    """LHLO instead of EHLO; everything else is the mail session's."""

    way: Way = "lmtp"

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:
        """The only greeting."""
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        """RFC 2033 section 4.1: HELO and EHLO are refused."""
        await self.push("500 5.5.1 LHLO is spoken here")

    async def smtp_HELO(self, hostname: str) -> None:
        """RFC 2033 section 4.1: HELO and EHLO are refused."""
        await self.push("500 5.5.1 LHLO is spoken here")

    async def _answer(self, reply: str) -> None:
        """One record holds all recipients, so all of them have the same fate."""
        for _ in range(len(self._mail().rcpt_tos)):
            await self.push(reply)
