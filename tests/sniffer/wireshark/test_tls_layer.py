"""The TLS layer of tshark's JSON, in the forms that Wireshark's releases give it."""

from __future__ import annotations

from typing import Any

import pytest

from sniffer.tls.client_hello import ClientHello
from sniffer.tls.server_hello import ServerHello
from sniffer.wireshark.tls_layer import tls_piece

ALPN = {
    "tls.handshake.extension.type": "16",
    "tls.handshake.extensions_alpn_list": {
        "tls.handshake.extensions_alpn_str_raw": ["736d7470", 90, 4, 0, 26],
        "tls.handshake.extensions_alpn_str": "smtp",
    },
}
PRE_SHARED_KEY = {"tls.handshake.extension.type": "41", "tls.handshake.extension.len": "2"}
SECRET = {"tls.handshake.extension.type": "23", "tls.handshake.extension.len": "0"}


def of_4_4(*extensions: dict[str, Any]) -> dict[str, Any]:
    """The branches of a field of its own; a single one is no list."""
    return {"tls.handshake.extension": list(extensions) if len(extensions) > 1 else extensions[0]}


def of_4_0(*extensions: dict[str, Any]) -> dict[str, Any]:
    """A text for people each."""
    return {f"Extension: number {number} (len=4)": extension for number, extension in enumerate(extensions)}


def message(kind: int, **fields: Any) -> Any:
    handshake = {"tls.handshake.type": str(kind), "tls.handshake.version": "0x0303", **fields}
    layer = {"tls.record": {"tls.record.content_type": "22", "tls.record.length": "200", "tls.handshake": handshake}}
    (record,) = tls_piece(b"\x16\x03\x01", layer).records
    return record.messages[0]


@pytest.mark.parametrize("form", [of_4_4, of_4_0])
def test_the_extensions_of_a_client_hello(form: Any) -> None:
    suites = {
        "tls.handshake.ciphersuites_raw": ["1302", 76, 2, 0, 0],
        "tls.handshake.ciphersuites": {"tls.handshake.ciphersuite": "0x1302"},
    }
    hello = message(1, **suites, **form(SECRET, ALPN, PRE_SHARED_KEY))
    assert isinstance(hello, ClientHello)
    assert hello.extensions == (23, 16, 41)
    assert hello.protocols == b"\x04smtp"


@pytest.mark.parametrize("form", [of_4_4, of_4_0])
@pytest.mark.parametrize(("extensions", "resumes", "protocol"), [((PRE_SHARED_KEY,), True, None), ((SECRET, ALPN), False, "smtp")])
def test_the_extensions_of_a_server_hello(form: Any, extensions: Any, resumes: bool, protocol: str | None) -> None:
    hello = message(2, **{"tls.handshake.ciphersuite": "0x1302"}, **form(*extensions))
    assert isinstance(hello, ServerHello)
    assert (hello.psk, hello.protocol) == (resumes, protocol)


def test_a_client_hello_without_any_suite_is_none_of_ssl_2() -> None:
    """As Go sends it when it has none for a version."""
    hello = message(1, **{"tls.handshake.cipher_suites_length": "0", "tls.handshake.ciphersuites": ""}, **of_4_4(SECRET, ALPN))
    assert isinstance(hello, ClientHello)
    assert (hello.ciphers, hello.extensions, hello.whole) == (b"", (23, 16), True)
