from __future__ import annotations

import ssl

import pytest

from sniffer.tls.suite_table import SUITES
from sniffer.tls.suites import suite


@pytest.mark.parametrize(
    ("code", "name", "exchange", "encryption", "mac", "secret"),
    [
        (0x1301, "TLS_AES_128_GCM_SHA256", None, "AES_128_GCM", "AEAD", None),
        (0x1303, "TLS_CHACHA20_POLY1305_SHA256", None, "CHACHA20_POLY1305", "AEAD", None),
        (0x1305, "TLS_AES_128_CCM_8_SHA256", None, "AES_128_CCM_8", "AEAD", None),
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE", "AES_128_GCM", "AEAD", True),
        (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE", "AES_256_CBC", "SHA384", True),
        (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE", "CHACHA20_POLY1305", "AEAD", True),
        (0x0005, "TLS_RSA_WITH_RC4_128_SHA", "RSA", "RC4_128", "SHA", False),
        (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "RSA", "3DES_EDE_CBC", "SHA", False),
        (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "RSA_EXPORT", "RC4_40", "MD5", False),
        (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", "DHE_EXPORT", "DES40_CBC", "SHA", True),
        (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "DH_anon", "RC4_128", "MD5", True),
        (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE", "AES_128_CBC", "SHA", True),
        (0x0031, "TLS_DH_RSA_WITH_AES_128_CBC_SHA", "DH", "AES_128_CBC", "SHA", False),
        (0xC09C, "TLS_RSA_WITH_AES_128_CCM", "RSA", "AES_128_CCM", "AEAD", False),
        (0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8", "RSA", "AES_128_CCM_8", "AEAD", False),
        (0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA", "RSA_PSK", "3DES_EDE_CBC", "SHA", False),
        (0x0000, "TLS_NULL_WITH_NULL_NULL", "NULL", "NULL", "NULL", False),
        (0xC0B4, "TLS_SHA256_SHA256", None, "NULL", "SHA256", None),
        (0x00FF, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", None, None, None, None),
        (0xFAFA, "0xFAFA", None, None, None, None),
    ],
)
def test_a_suite_is_taken_apart(
    code: int, name: str, exchange: str | None, encryption: str | None, mac: str | None, secret: bool | None
) -> None:
    parts = suite(code)
    assert (parts.name, parts.key_exchange, parts.encryption, parts.mac, parts.forward_secrecy) == (name, exchange, encryption, mac, secret)


def test_every_suite_of_the_registry_has_all_parts_or_none() -> None:
    for code, name in SUITES.items():
        parts = suite(code)
        assert parts.name == name
        if "_WITH_" in name:
            assert parts.key_exchange and parts.encryption and parts.mac, name
            assert name.startswith(f"TLS_{parts.key_exchange.split('_')[0]}"), name


def test_openssls_suites_are_in_the_table() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    assert {cipher["id"] & 0xFFFF for cipher in context.get_ciphers()} <= set(SUITES)
