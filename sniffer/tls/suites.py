"""A cipher suite taken apart: what IMC-style tables of «key exchange × cipher × MAC» need.

TLS 1.3 suites (RFC 8446 appendix B.4) name no key exchange: the handshake's own extensions do.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from sniffer.tls.suite_table import SUITES

_AEAD_MARKS = ("_GCM", "_CCM", "_POLY1305", "_MGM", "AEGIS")
_CODES = {name: code for code, name in SUITES.items()}
_FORWARD_SECRET = ("ECDHE", "DHE", "DH_anon", "ECDH_anon", "ECCPWD", "PSK_DHE")


class Suite(msgspec.Struct, frozen=True, gc=False):
    """``key_exchange`` and ``forward_secrecy`` are None where the suite does not say (TLS 1.3, unknown suites)."""

    name: str
    key_exchange: str | None
    encryption: str | None
    mac: str | None
    forward_secrecy: bool | None


@lru_cache(1024)
def suite(code: int) -> Suite:
    """The suite of a code point; an unknown one is named by its hex and has no parts."""
    name = SUITES.get(code)
    if name is None:
        return Suite(f"0x{code:04X}", None, None, None, None)
    if "_WITH_" not in name:
        return _without_key_exchange(name)
    keys, rest = name.removeprefix("TLS_").split("_WITH_", 1)
    exchange = _key_exchange(keys)
    encryption, mac = _cipher_and_mac(rest)
    return Suite(name, exchange, encryption, mac, exchange.removesuffix("_EXPORT") in _FORWARD_SECRET)


def suite_named(name: str) -> Suite:
    """The suite of an IANA name; one that the registry lacks has no parts."""
    code = _CODES.get(name)
    return Suite(name, None, None, None, None) if code is None else suite(code)


def _without_key_exchange(name: str) -> Suite:
    """TLS 1.3 suites, and the signalling values, which are no ciphers at all."""
    if name.endswith("_SCSV"):
        return Suite(name, None, None, None, None)
    encryption, mac = _cipher_and_mac(name.removeprefix("TLS_"))
    return Suite(name, None, encryption, mac, None)


def _key_exchange(keys: str) -> str:
    """The key exchange without the way of authentication: ECDHE of ECDHE_RSA, DHE_EXPORT of DHE_DSS_EXPORT."""
    export = "_EXPORT" if keys.endswith("_EXPORT") else ""
    keys = keys.removesuffix("_EXPORT")
    if keys.endswith("_anon") or keys == "PSK_DHE":
        return keys + export
    first, _, second = keys.partition("_")
    if second == "PSK" and first == "RSA":
        return "RSA_PSK" + export
    return first + export


def _cipher_and_mac(text: str) -> tuple[str, str]:
    """ "AES_128_GCM_SHA256" → ("AES_128_GCM", "AEAD"): an AEAD's trailing hash is its PRF, not a MAC."""
    cipher, _, last = text.rpartition("_")
    if any(mark in text for mark in _AEAD_MARKS):
        return (cipher if last.startswith("SHA") or last == "SM3" else text), "AEAD"
    if text in ("SHA256_SHA256", "SHA384_SHA384"):
        return "NULL", text.partition("_")[0]
    return (cipher, last) if cipher else (text, "NULL")
