"""Errors of the collector. Each carries a stable snake_case ``reason``.

CollectorError
├── SettingsError      a setting that cannot work: the intake refuses to start
├── CertificateError   the configured certificate or key cannot be used
├── NotDurable         the sink did not make a record durable
├── BoxError           a mail box that cannot be used now: tried again later
└── MailLeft           one mail of a box that is not taken: it stays where it lies
"""

from __future__ import annotations

from typing import Literal

Refusal = Literal["full", "closing", "too_large", "failed"]
"""Why nothing was stored, as far as the sender's reply depends on it; all but ``too_large`` may succeed when repeated."""


class CollectorError(Exception):
    """Base of the tree."""

    reason: str = "collector_error"


class SettingsError(CollectorError):
    """A setting that cannot work; the text names it and says what to write instead."""

    reason = "settings_invalid"


class CertificateError(CollectorError):
    """A certificate or key file that cannot be read or do not belong together."""

    reason = "certificate_unusable"


class NotDurable(CollectorError):
    """A record was not made durable: nothing may be acknowledged."""

    def __init__(self, reason: str, kind: Refusal, retry_after: float = 60.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.retry_after = retry_after
        """Seconds a sender should wait before it repeats."""


class BoxError(CollectorError):
    """A mail box (an IMAP folder, a Maildir) that cannot be used now. Nothing is lost: what it holds stays in it."""

    def __init__(self, reason: str, detail: str, *, patient: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.patient = patient
        """Whether trying again soon can do harm: a mail server locks accounts after some wrong passwords."""


class MailLeft(CollectorError):
    """One mail that is not taken; it stays in its box and is counted once."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
