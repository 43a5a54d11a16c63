"""tshark's last words → the sniffer's errors, by the same reasons as the packet engine's."""

from __future__ import annotations

from collections.abc import Iterable

from sniffer.errors import CaptureError, CutShort, DamagedCompression, DamagedRecord, NotACapture, UnsupportedLink

_WORDS: tuple[tuple[str, type[CaptureError], str], ...] = (
    ("cut short in the middle of a packet", CutShort, "the capture ends inside a record"),
    ("isn't a capture file", NotACapture, "neither pcap nor pcapng"),
    ("damaged or corrupt", DamagedRecord, "a record with an impossible length"),
    ("network type that", UnsupportedLink, "a link type that Wireshark does not know"),
    ("can't be decompressed", DamagedCompression, "the compressed stream is damaged"),
    ("decompress", DamagedCompression, "the compressed stream is damaged"),
)
_NOISE = ("Running as user",)


def damage_of(words: Iterable[str], status: int) -> CaptureError | None:
    """The error that tshark's standard error and exit status tell; None when it ended well."""
    said = [line.strip() for line in words if line.strip() and not line.startswith(_NOISE)]
    for phrase, error, text in _WORDS:
        if any(phrase in line for line in said):
            return error(text)
    if status == 0:
        return None
    return CaptureError(f"tshark ended with status {status}" + (f": {said[-1]}" if said else ""))
