"""Errors of live capture, each with what to do about it.

SnifferError
└── LiveError
    ├── NoDumpcap           no_dumpcap
    ├── CaptureForbidden    capture_forbidden
    ├── NoSuchInterface     no_such_interface
    ├── BadCaptureFilter    bad_capture_filter
    └── CaptureEnded        capture_ended
"""

from __future__ import annotations

from sniffer.errors import SnifferError


class LiveError(SnifferError):
    """Root of what keeps a live capture from running."""

    reason = "live_error"


class NoDumpcap(LiveError):
    """Wireshark's dumpcap is not installed."""

    reason = "no_dumpcap"

    def __init__(self) -> None:
        super().__init__("dumpcap is not installed; on Debian: apt install wireshark-common")


class CaptureForbidden(LiveError):
    """dumpcap may not be run, or may not capture."""

    reason = "capture_forbidden"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"no permission to capture; on Debian: dpkg-reconfigure wireshark-common (answer yes) and adduser USER wireshark; "
            f"elsewhere: setcap cap_net_raw,cap_net_admin=ep {path}"
        )


class NoSuchInterface(LiveError):
    """The interface does not exist."""

    reason = "no_such_interface"

    def __init__(self, interface: str) -> None:
        super().__init__(f"there is no interface {interface!r}; dumpcap -D lists them")


class BadCaptureFilter(LiveError):
    """libpcap does not take the filter."""

    reason = "bad_capture_filter"


class CaptureEnded(LiveError):
    """dumpcap ended by itself: the interface went away, or it failed."""

    reason = "capture_ended"
