"""IP addresses between their bytes and their text (RFC 5952).

``socket``'s conversions are the C library's and pure; ``ipaddress`` says the same ten times slower, and every session
has two new addresses.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton


def text(packed: bytes | memoryview) -> str:
    """The text of an address of 4 or 16 bytes."""
    return inet_ntop(AF_INET if len(packed) == 4 else AF_INET6, packed)


def packed(text: str) -> bytes:
    """The 4 or 16 bytes of an address. ValueError when it is none."""
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except OSError as error:
        raise ValueError(f"{text!r} does not appear to be an IP address") from error
