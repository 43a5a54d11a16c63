from __future__ import annotations

import pytest

from sniffer.logs.terms import terms_of, version_of


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("TLSv12", ("tls", "1.2")),
        ("TLSv10", ("tls", "1.0")),
        ("TLS 1.2", ("tls", "1.2")),
        ("TLSv1", ("tls", "1.0")),
        ("TLS 1.3 draft-23", ("tls", "1.3")),
        ("TLSv13-draft28", ("tls", "1.3")),
        ("SSLv3", ("ssl", "3.0")),
        ("SSLv2", ("ssl", "2.0")),
        ("UNDETERMINED", (None, None)),
        ("0x0305", (None, None)),
        ("unknown-1234", (None, None)),
        (None, (None, None)),
    ],
)
def test_versions(text: str | None, version: tuple[str | None, str | None]) -> None:
    assert version_of(text) == version


def test_suites_by_name_and_by_number() -> None:
    named, numbered = terms_of("TLSv12", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", None), terms_of("TLS 1.2", 0xC02F, None)
    assert named == numbered
    assert (named.key_exchange, named.encryption, named.mac, named.forward_secrecy) == ("ECDHE", "AES_128_GCM", "AEAD", True)


def test_tls_1_3_takes_its_exchange_from_the_group() -> None:
    assert terms_of("TLSv13", "TLS_AES_128_GCM_SHA256", "x25519").key_exchange == "ECDHE"
    assert terms_of("TLSv13", "TLS_AES_128_GCM_SHA256", None).key_exchange is None


@pytest.mark.parametrize("cipher", [None, "", "unknown-49199", 1 << 20])
def test_unknown_suites_have_no_parts(cipher: str | int | None) -> None:
    terms = terms_of("TLSv12", cipher, None)
    assert (terms.cipher, terms.key_exchange, terms.forward_secrecy) == (None, None, None)
