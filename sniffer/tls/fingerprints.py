"""JA3 and JA4 of a ClientHello: which software asked, as far as its offers tell.

JA3: MD5 of version, suites, extensions, groups and point formats in decimal, GREASE left out.
JA4: FoxIO's «JA4 Algorithm» (TLS client; BSD licence): readable part, hash of sorted suites, hash of sorted extensions
and signature algorithms. SNI, key shares and random bytes stand in neither, so both are cached by the rest.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5, sha256
from struct import unpack

import msgspec

from sniffer.tls.client_hello import ALPN, SERVER_NAME, ClientHello, first_protocol
from sniffer.tls.codes import is_grease

_KEPT = 2048
_JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_NOTHING = "000000000000"
"""JA4's mark for an empty list, where a hash of nothing would look like something."""


class Fingerprints(msgspec.Struct, frozen=True, gc=False):
    """``ja3`` is 32 hex digits, ``ja4`` as FoxIO writes it."""

    ja3: str
    ja4: str


def fingerprints(hello: ClientHello) -> Fingerprints | None:
    """Both fingerprints; None for a hello that is damaged or in SSL 2.0's form."""
    if not hello.whole:
        return None
    return _fingerprints(
        hello.version,
        hello.ciphers,
        hello.extensions,
        hello.groups,
        hello.point_formats,
        hello.signature_algorithms,
        hello.versions,
        first_protocol(hello.protocols),
    )


@lru_cache(_KEPT)
def _fingerprints(
    version: int,
    ciphers: bytes,
    extensions: tuple[int, ...],
    groups: bytes,
    formats: bytes,
    signatures: bytes,
    versions: bytes,
    protocol: bytes,
) -> Fingerprints:
    suites = _codes(ciphers)
    kinds = [kind for kind in extensions if not is_grease(kind)]
    return Fingerprints(
        _ja3(version, suites, kinds, _codes(groups), formats), _ja4(version, suites, kinds, _codes(signatures), _codes(versions), protocol)
    )


def _codes(data: bytes) -> list[int]:
    """Two-byte codes without GREASE; an odd byte at the end is dropped."""
    count = len(data) // 2
    return [code for code in unpack(f">{count}H", data[: count * 2]) if not is_grease(code)]


def _ja3(version: int, suites: list[int], kinds: list[int], groups: list[int], formats: bytes) -> str:
    parts = (str(version), *("-".join(map(str, part)) for part in (suites, kinds, groups, formats)))
    return md5(",".join(parts).encode(), usedforsecurity=False).hexdigest()


def _ja4(version: int, suites: list[int], kinds: list[int], signatures: list[int], versions: list[int], protocol: bytes) -> str:
    highest = max(versions, default=version)
    readable = "".join(
        (
            "t",
            _JA4_VERSIONS.get(highest, "00"),
            "d" if SERVER_NAME in kinds else "i",
            f"{min(len(suites), 99):02d}{min(len(kinds), 99):02d}",
            _protocol_ends(protocol),
        )
    )
    offers = _hexes(sorted(kind for kind in kinds if kind not in (SERVER_NAME, ALPN)))
    if offers and signatures:
        offers += "_" + _hexes(signatures)
    return f"{readable}_{_short_hash(_hexes(sorted(suites)))}_{_short_hash(offers)}"


def _hexes(codes: list[int]) -> str:
    return ",".join(f"{code:04x}" for code in codes)


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else _NOTHING


def _protocol_ends(protocol: bytes) -> str:
    """First and last character of the first ALPN name, of its hex where either is not alphanumeric."""
    if not protocol:
        return "00"
    ends = bytes((protocol[0], protocol[-1]))
    if ends.isalnum():
        return ends.decode("ascii")
    digits = protocol.hex()
    return digits[0] + digits[-1]
