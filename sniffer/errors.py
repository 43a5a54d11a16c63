"""Errors of the sniffer.

SnifferError
├── JobFailed               job_failed
├── NoTshark                no_tshark
├── UnknownTshark           unknown_tshark
└── CaptureError            a capture that cannot be read, or not to its end
    ├── NotACapture         not_a_capture
    ├── UnsupportedLink     unsupported_link
    ├── CutShort            cut_short
    ├── DamagedRecord       damaged_record
    └── DamagedCompression  damaged_compression

What stood before the damage is always reported first: readers yield it, then raise. A packet that cannot be used
is never an error: it is counted (``sniffer.weird``).
"""

from __future__ import annotations


class SnifferError(Exception):
    """Root of the sniffer's errors."""

    reason = "sniffer_error"


class JobFailed(SnifferError):
    """A second process ended without its results."""

    reason = "job_failed"


class NoTshark(SnifferError):
    """The second engine was asked for where Wireshark's tshark is not installed."""

    reason = "no_tshark"


class UnknownTshark(SnifferError):
    """tshark gives a packet in a form that the second engine does not know: a release newer than those it was tried with."""

    reason = "unknown_tshark"


class CaptureError(SnifferError):
    """The capture cannot be read, or not to its end. ``at`` is the byte offset (after decompression) where known."""

    reason = "capture_error"

    def __init__(self, text: str, at: int | None = None) -> None:
        super().__init__(text if at is None else f"{text} at byte {at}")
        self.at = at

    def anew(self) -> CaptureError:
        """The same, not raised yet. An error that is kept and raised keeps every frame it passed, and they it: with a capture's buffers in
        them, and garbage collection off, that is memory nobody gets back."""
        made = type(self)(str(self))
        made.at = self.at
        return made


class NotACapture(CaptureError):
    """The bytes begin with no magic number that we know."""

    reason = "not_a_capture"


class UnsupportedLink(CaptureError):
    """No packet could be decoded: the link type is not one of ours."""

    reason = "unsupported_link"


class CutShort(CaptureError):
    """The capture ends inside a record."""

    reason = "cut_short"


class DamagedRecord(CaptureError):
    """A record's header or block cannot be true; nothing after it can be found."""

    reason = "damaged_record"


class DamagedCompression(CaptureError):
    """The compressed stream is damaged or cut."""

    reason = "damaged_compression"
