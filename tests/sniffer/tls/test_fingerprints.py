from __future__ import annotations

from struct import pack

import pytest

from sniffer.tls.client_hello import ClientHello
from sniffer.tls.fingerprints import fingerprints


def codes(text: str, base: int = 16) -> bytes:
    numbers = [int(word, base) for word in text.replace("-", ",").split(",") if word]
    return pack(f">{len(numbers)}H", *numbers)


def kinds(text: str, base: int = 16) -> tuple[int, ...]:
    return tuple(int(word, base) for word in text.replace("-", ",").split(",") if word)


CHROME = ClientHello(
    0x0303,
    b"",
    codes("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
    kinds("001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"),
    signature_algorithms=codes("0403,0804,0401,0503,0805,0501,0806,0601"),
    protocols=b"\x02h2\x08http/1.1",
    versions=codes("0304,0303"),
)


def changed(**fields: object) -> ClientHello:
    values = {name: getattr(CHROME, name) for name in CHROME.__struct_fields__}
    return ClientHello(**{**values, **fields})


def ja4(hello: ClientHello) -> str:
    found = fingerprints(hello)
    assert found
    return found.ja4


def test_the_specifications_example_of_ja4() -> None:
    assert ja4(CHROME) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_without_signature_algorithms() -> None:
    assert ja4(changed(signature_algorithms=b"")).endswith("_6d807ffa2a79")


def test_grease_counts_nowhere() -> None:
    assert ja4(
        changed(ciphers=codes("0a0a") + CHROME.ciphers, extensions=(0x1A1A, *CHROME.extensions, 0xFAFA), versions=codes("dada,0304"))
    ) == ja4(CHROME)


def test_empty_lists_are_zeros() -> None:
    assert ja4(ClientHello(0x0301, b"", b"", ())) == "t10i000000_000000000000_000000000000"


def test_order_of_suites_and_extensions_does_not_matter() -> None:
    assert ja4(changed(extensions=tuple(reversed(CHROME.extensions)))) == ja4(CHROME)


@pytest.mark.parametrize(
    ("protocol", "ends"),
    [("ab", "ab"), ("20", "20"), ("abcd", "ad"), ("2061", "21"), ("30ab", "3b"), ("6120", "60"), ("3031abcd", "3d"), ("30abcd31", "01")],
)
def test_the_specifications_odd_protocols(protocol: str, ends: str) -> None:
    name = bytes.fromhex(protocol)
    assert ja4(changed(protocols=bytes((len(name),)) + name))[8:10] == ends


def test_no_protocol_and_one_letter() -> None:
    assert ja4(changed(protocols=b""))[8:10] == "00"
    assert ja4(changed(protocols=b"\x01h"))[8:10] == "hh"


@pytest.mark.parametrize(
    ("ciphers", "extensions", "groups", "formats", "ja3"),
    [
        ("47-53-5-10-49161-49162-49171-49172-50-56-19-4", "0-10-11", "23-24-25", b"\0", "ada70206e40642a3e4461f35503241d5"),
        ("4-5-10-9-100-98-3-6-19-18-99", "", "", b"", "de350869b8c85de67a350c8d186f11e6"),
    ],
)
def test_the_published_examples_of_ja3(ciphers: str, extensions: str, groups: str, formats: bytes, ja3: str) -> None:
    found = fingerprints(ClientHello(769, b"", codes(ciphers, 10), kinds(extensions, 10), groups=codes(groups, 10), point_formats=formats))
    assert found and found.ja3 == ja3


def test_a_damaged_hello_has_none() -> None:
    assert fingerprints(changed(whole=False)) is None
