"""The ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, SSL 2.0 form: RFC 5246 appendix E.2)."""

from __future__ import annotations

from struct import unpack

import msgspec

from sniffer.remembered import remembered
from sniffer.tls.extensions import read_extensions, vector8, vector16

SERVER_NAME, GROUPS, POINT_FORMATS, SIGNATURE_ALGORITHMS, ALPN = 0, 10, 11, 13, 16
SESSION_TICKET, PRE_SHARED_KEY, SUPPORTED_VERSIONS, KEY_SHARE = 35, 41, 43, 51
_RANDOM = 32
LONGEST_SESSION_ID = 32
"""Bytes (RFC 5246 section 7.4.1.2): who meets more takes the hello for none."""
_NAMES_KEPT = 2048


class ClientHello(msgspec.Struct, frozen=True, gc=False):
    """Vectors stay bytes: most hellos are one of a few kinds, and what is made of them is cached by these bytes."""

    version: int
    """legacy_version."""
    session_id: bytes
    ciphers: bytes
    """Two bytes a suite."""
    extensions: tuple[int, ...]
    """Extension types in their order."""
    server_name: str | None = None
    groups: bytes = b""
    point_formats: bytes = b""
    signature_algorithms: bytes = b""
    protocols: bytes = b""
    """The ALPN list: each name after its length byte."""
    versions: bytes = b""
    """supported_versions, two bytes each."""
    whole: bool = True
    """False when the extensions did not fit their lengths, and for SSL 2.0 hellos: no fingerprint is made of it."""


def parse_client_hello(body: bytes) -> ClientHello | None:
    """The hello of a handshake message's body; None when it is none."""
    session = vector8(body, 2 + _RANDOM)
    if session is None or len(session) > LONGEST_SESSION_ID:
        return None
    position = 3 + _RANDOM + len(session)
    ciphers = vector16(body, position)
    if ciphers is None or len(ciphers) % 2:
        return None
    position += 2 + len(ciphers)
    compressions = vector8(body, position)
    if compressions is None:
        return None
    position += 1 + len(compressions)
    found, whole = read_extensions(body, position)
    get = dict(found).get
    return ClientHello(
        body[0] << 8 | body[1],
        session,
        ciphers,
        tuple([kind for kind, _ in found]),
        server_name(get(SERVER_NAME, b"")),
        vector16(get(GROUPS, b""), 0) or b"",
        vector8(get(POINT_FORMATS, b""), 0) or b"",
        vector16(get(SIGNATURE_ALGORITHMS, b""), 0) or b"",
        vector16(get(ALPN, b""), 0) or b"",
        vector8(get(SUPPORTED_VERSIONS, b""), 0) or b"",
        whole,
    )


def parse_ssl2_hello(data: bytes) -> ClientHello | None:
    """A hello in SSL 2.0's form, as old clients send it for any version: 2-byte length with the top bit set."""
    if len(data) < 11 or not data[0] & 0x80 or data[2] != 1 or data[3:5] not in _SSL2_VERSIONS:
        return None
    length = (data[0] & 0x7F) << 8 | data[1]
    version, specs, session, challenge = unpack(">HHHH", data[3:11])
    if specs == 0 or specs % 3 or length != 9 + specs + session + challenge or not 8 <= challenge <= 32:
        return None
    raw = data[11 : 11 + specs]
    ciphers = b"".join(raw[at + 1 : at + 3] for at in range(0, len(raw) - 2, 3) if raw[at] == 0)
    return ClientHello(version, b"", ciphers, (), whole=False)


_SSL2_VERSIONS = (b"\x00\x02", b"\x03\x00", b"\x03\x01", b"\x03\x02", b"\x03\x03")


@remembered(_NAMES_KEPT, 1024)
def server_name(extension: bytes) -> str | None:
    """The first host name of a server_name extension (RFC 6066 section 3); None when it holds none."""
    names = vector16(extension, 0)
    position = 0
    while names and position + 3 <= len(names):
        name = vector16(names, position + 1)
        if name is None:
            return None
        if names[position] == 0:
            return name.decode("ascii", "replace").rstrip(".") or None
        position += 3 + len(name)
    return None


def first_protocol(protocols: bytes) -> bytes:
    """The first name of an ALPN list (RFC 7301 section 3.1); empty when there is none."""
    return vector8(protocols, 0) or b""
