"""The server's plaintext answer: ServerHello or HelloRetryRequest, Certificate, ServerKeyExchange."""

from __future__ import annotations

import msgspec

from sniffer.remembered import remembered
from sniffer.tls.client_hello import ALPN, LONGEST_SESSION_ID, PRE_SHARED_KEY, SUPPORTED_VERSIONS, first_protocol
from sniffer.tls.codes import group_name
from sniffer.tls.extensions import read_extensions, vector8, vector16
from sniffer.tls.records import RETRY_RANDOM

KEY_SHARE = 51
_RANDOM = 32
_NAMED_CURVE = 3
MAX_CHAIN = 16
"""Certificates kept of a chain."""
CERTIFICATES_KEPT = 2048
"""Chains and certificates whose facts are remembered: the same few come all day."""
LONGEST_KEPT = 8192
"""Bytes of one that is."""


class ServerHello(msgspec.Struct, frozen=True, gc=False):
    """``version`` is the negotiated one: supported_versions before legacy_version."""

    version: int
    cipher: int
    session_id: bytes
    retry: bool
    group: str | None = None
    """TLS 1.3 key share's group."""
    psk: bool = False
    """A pre-shared key was chosen (RFC 8446 section 4.2.11)."""
    protocol: str | None = None


def parse_server_hello(body: bytes) -> ServerHello | None:
    """The hello of a handshake message's body; None when it is none."""
    session = vector8(body, 2 + _RANDOM)
    if session is None or len(session) > LONGEST_SESSION_ID:
        return None
    position = 3 + _RANDOM + len(session)
    if position + 3 > len(body):
        return None
    found = dict(read_extensions(body, position + 3)[0])
    version = body[0] << 8 | body[1]
    chosen = found.get(SUPPORTED_VERSIONS, b"")
    if len(chosen) == 2:
        version = chosen[0] << 8 | chosen[1]
    share = found.get(KEY_SHARE, b"")
    protocols = found.get(ALPN)
    return ServerHello(
        version,
        body[position] << 8 | body[position + 1],
        session,
        body[2 : 2 + _RANDOM] == RETRY_RANDOM,
        group_name(share[0] << 8 | share[1]) if len(share) >= 2 else None,
        PRE_SHARED_KEY in found,
        (first_protocol(vector16(protocols, 0) or b"").decode("utf-8", "replace") or None) if protocols else None,
    )


@remembered(CERTIFICATES_KEPT, LONGEST_KEPT)
def certificate_chain(body: bytes) -> tuple[bytes, ...]:
    """The DER certificates of a Certificate message of TLS ≤ 1.2 (RFC 5246 section 7.4.2), leaf first. Cached, so that
    a chain that comes again is the same object, and what is known of it is found at once."""
    chain: list[bytes] = []
    position = 3
    while position + 3 <= len(body) and len(chain) < MAX_CHAIN:
        end = position + 3 + int.from_bytes(body[position : position + 3], "big")
        if end > len(body):
            break
        chain.append(body[position + 3 : end])
        position = end
    return tuple(chain)


def named_curve(body: bytes) -> str | None:
    """The curve of an ECDHE ServerKeyExchange (RFC 8422 section 5.4); None when it is not named."""
    return group_name(body[1] << 8 | body[2]) if len(body) >= 3 and body[0] == _NAMED_CURVE else None
