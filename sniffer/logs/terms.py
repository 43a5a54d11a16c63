"""What a handshake agreed on, from the words that Zeek and Suricata have for it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from sniffer.tls.conversation import TLS_1_3, Terms, key_exchange
from sniffer.tls.suites import Suite, suite, suite_named

_VERSION = re.compile(r"(TLS|SSL) ?v?(\d)[. ]?(\d)?(?:[- ]?draft.*)?", re.IGNORECASE)
_NO_SUITE = Suite("", None, None, None, None)


@lru_cache(4096)
def terms_of(version: str | None, cipher: str | int | None, curve: str | None) -> Terms:
    """``version`` as logged ("TLSv12", "TLS 1.2", "SSLv3"), ``cipher`` an IANA name or a code point."""
    protocol, number = version_of(version)
    parts = _suite(cipher)
    exchange, secret = key_exchange(TLS_1_3, curve, False, False) if number == "1.3" else (None, None)
    return Terms(
        version=number,
        version_protocol=protocol,
        cipher=parts.name or None,
        key_exchange=exchange or parts.key_exchange,
        encryption=parts.encryption,
        mac=parts.mac,
        forward_secrecy=parts.forward_secrecy if secret is None else secret,
    )


def version_of(text: str | None) -> tuple[Literal["tls", "ssl"] | None, str | None]:
    """("tls", "1.2") of "TLSv12" or "TLS 1.2"; Suricata's "TLSv1" is 1.0."""
    match = _VERSION.fullmatch(text or "")
    if match is None:
        return None, None
    protocol: Literal["tls", "ssl"] = "ssl" if match[1].upper() == "SSL" else "tls"
    return protocol, f"{match[2]}.{match[3] or '0'}"


def _suite(cipher: str | int | None) -> Suite:
    if isinstance(cipher, int):
        return suite(cipher) if cipher <= 0xFFFF else _NO_SUITE
    return suite_named(cipher) if cipher and not cipher.startswith("unknown") else _NO_SUITE
