"""DKIM keys as they are published (RFC 6376 §3.6.1, RFC 8301, RFC 8460 §3, RFC 8463)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

SMALLEST_RSA = 1024
"""Bits; RFC 8301 §3.2 forbids less."""
LARGEST_RSA = 4096
LARGEST_EXPONENT = 2**32
_BAD_KEYS = (dkim.DKIMException, ValueError, TypeError, LookupError)
"""What dkimpy raises on a key that it cannot read."""


class BadKey(Exception):
    """No key that could verify anything; the word says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key. ``services`` are its service types, ``*`` when it names none."""

    kind: str
    material: Any
    bits: int
    services: frozenset[str]
    strict: bool
    """The signature's ``i=`` must be of exactly the domain ``d=``."""

    def serves(self, service: str) -> bool:
        """Whether it may sign for ``service`` (email, tlsrpt)."""
        return bool(self.services & {"*", service})


def published_key(records: Iterable[bytes]) -> PublicKey:
    """The key among a name's TXT records. Raises BadKey."""
    tags = next((tags for record in records if (tags := _tags(record)) is not None), None)
    if tags is None:
        raise BadKey("key_missing")
    if not tags[b"p"]:
        raise BadKey("key_revoked")
    if b"y" in _words(tags.get(b"t", b"")):  # "MUST NOT treat … differently from unsigned email"
        raise BadKey("key_testing")
    if b"h" in tags and b"sha256" not in _words(tags[b"h"]):
        raise BadKey("key_weak")
    services = frozenset(word.decode("ascii", "replace") for word in _words(tags.get(b"s", b"*")))
    kind, material, bits = _material(tags)
    return PublicKey(kind, material, bits, services, b"s" in _words(tags.get(b"t", b"")))


def _tags(record: bytes) -> dict[bytes, bytes] | None:
    try:
        tags: dict[bytes, bytes] = parse_tag_value(record)
    except (InvalidTagValueList, LookupError):
        return None
    return tags if b"p" in tags and tags.get(b"v", b"DKIM1") == b"DKIM1" else None


def _words(value: bytes) -> list[bytes]:
    return [word.strip().lower() for word in value.split(b":")]


def _material(tags: dict[bytes, bytes]) -> tuple[str, Any, int]:
    plain = b"k=" + tags.get(b"k", b"rsa") + b"; p=" + b"".join(tags[b"p"].split())
    try:
        material, bits, kind, _ = dkim.evaluate_pk("key", plain)
        if kind == b"ed25519":
            return "ed25519", material, 256
        bits = int(material["modulus"]).bit_length()
        exponent = int(material["publicExponent"])
    except _BAD_KEYS as error:
        raise BadKey("key_unreadable") from error
    if bits < SMALLEST_RSA:
        raise BadKey("key_weak")
    if bits > LARGEST_RSA or not 1 < exponent < LARGEST_EXPONENT:
        raise BadKey("key_unreadable")
    return "rsa", material, bits
