from __future__ import annotations

import ssl

import pytest

from sniffer.tls import observe_tls
from tests.sniffer.handshakes import changed, client_context, converse, handshake, host, server_context, sides

ALL_VERSIONS = ["1.0", "1.1", "1.2", "1.3"]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_real_handshake(version: str) -> None:
    client, server = sides(handshake(version))
    facts = observe_tls(client, 0, server, 0)
    assert facts.established is True
    assert facts.version == version
    assert facts.version_protocol == "tls"
    assert facts.server_name == "mx.example"
    assert facts.curve
    assert facts.key_exchange == ("ECDHE-MLKEM" if version == "1.3" and "MLKEM" in facts.curve else "ECDHE")  # OpenSSL 3.5 prefers that
    assert facts.forward_secrecy is True
    assert facts.resumed is False
    assert facts.signs == ()
    assert facts.cipher and facts.cipher.startswith("TLS_")
    assert facts.chain == ((host().der,) if version != "1.3" else ())


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_offsets_do_not_matter(version: str) -> None:
    client, server = sides(handshake(version))
    assert observe_tls(b"STARTTLS\r\n" + client, 10, b"220 go\r\n" + server, 8) == observe_tls(client, 0, server, 0)


@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_records_may_be_cut_small(version: str, size: int) -> None:
    client, server = sides(handshake(version))
    assert observe_tls(smaller(client, size), 0, smaller(server, size), 0) == observe_tls(client, 0, server, 0)


def smaller(data: bytes, size: int) -> bytes:
    """The same handshake messages in records of at most ``size`` bytes."""
    out, position, plain = b"", 0, True
    while position < len(data):
        end = position + 5 + int.from_bytes(data[position + 3 : position + 5], "big")
        plain = plain and data[position] == 22
        body = data[position + 5 : end]
        step = size if plain else len(body) or 1
        for start in range(0, len(body) or 1, step):
            piece = body[start : start + step]
            out += data[position : position + 3] + len(piece).to_bytes(2, "big") + piece
        position = end
    return out


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_resumed_session_says_so(version: str) -> None:
    client_side, server_side = client_context(), server_context(host(), version)
    _, session = converse(client_side, server_side)
    said, _ = converse(client_side, server_side, session=session)
    facts = observe_tls(*interleave(sides(said)))
    assert facts.resumed is True
    assert facts.established is True
    assert facts.chain == ()


def interleave(both: tuple[bytes, bytes]) -> tuple[bytes, int, bytes, int]:
    return both[0], 0, both[1], 0


def test_static_rsa_and_anonymous_suites_are_taken_apart() -> None:
    client, server = sides(handshake("1.2", "mx.example", "AECDH:@SECLEVEL=0"))
    facts = observe_tls(client, 0, server, 0)
    assert facts.cipher and "ECDH_anon" in facts.cipher
    assert facts.key_exchange == "ECDH_anon"
    assert facts.chain == ()


def test_no_common_version_fails_by_the_servers_alert() -> None:
    said, _ = converse(client_context("1.3"), server_context(host(), "1.2"))
    facts = observe_tls(*interleave(sides(said)))
    assert facts.established is False
    assert [(sign.word, sign.side) for sign in facts.signs] == [("alert_protocol_version", "server")]
    assert facts.version is None
    assert facts.ja3


@pytest.mark.parametrize(("version", "words"), [("1.2", {"alert_unknown_ca"}), ("1.3", {"alert_encrypted", "alert_unknown_ca"})])
def test_a_client_that_distrusts_the_certificate(version: str, words: set[str]) -> None:
    client_side = client_context()
    client_side.verify_mode = ssl.CERT_REQUIRED
    said, _ = converse(client_side, server_context(host(), version))
    facts = observe_tls(*interleave(sides(said)))
    assert facts.established is False
    assert {sign.word for sign in facts.signs} & words
    assert {sign.side for sign in facts.signs} == {"client"}
    assert facts.version == version


@pytest.mark.parametrize(
    ("lengths", "lost", "established"),
    [
        ((19,), False, False),  # an alert
        ((19,), True, False),
        ((35,), False, False),  # an alert with 16 bytes of padding, as Java's
        ((35,), True, None),  # or a Certificate without any, whose Finished is lost
        ((25, 53), False, True),  # that Certificate, and its Finished
        ((45,), False, True),  # a Finished with the shortest tag
        ((25, 30), False, None),
    ],
)
def test_what_is_too_short_for_a_finished_is_none(lengths: tuple[int, ...], lost: bool, established: bool | None) -> None:
    client, server = sides(handshake("1.3"))
    hello = client[: 5 + int.from_bytes(client[3:5], "big")]
    encrypted = b"".join(b"\x17\x03\x03" + length.to_bytes(2, "big") + bytes(length) for length in lengths)
    facts = observe_tls(hello + b"\x14\x03\x03\x00\x01\x01" + encrypted, 0, server, 0, client_lost=lost)
    assert facts.established is established
    assert [sign.word for sign in facts.signs] == ([] if established else ["alert_encrypted"])


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_loss_never_makes_a_failure(version: str) -> None:
    client, server = sides(handshake(version))
    for keep in range(len(client)):
        assert observe_tls(client[:keep], 0, server, 0, client_lost=True).established is not False, keep
    for keep in range(0, len(server), 3):
        assert observe_tls(client, 0, server[:keep], 0, server_lost=True).established is not False, keep
        assert observe_tls(client[: keep // 2], 0, server[:keep], 0, True, True).established is not False, keep


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_one_side_alone_says_what_it_can(version: str) -> None:
    client, server = sides(handshake(version))
    from_server = observe_tls(b"", 0, server, 0, client_lost=True)
    assert from_server.version == version
    assert from_server.established is (None if version == "1.3" else True)
    from_client = observe_tls(client, 0, b"", 0, server_lost=True)
    assert from_client.server_name == "mx.example"
    assert from_client.version is None


def test_a_handshake_that_stops_has_failed() -> None:
    client, server = sides(handshake("1.2"))
    hello = 5 + int.from_bytes(client[3:5], "big")
    facts = observe_tls(client[:hello], 0, server[:200], 0)
    assert facts.established is False
    assert facts.signs == ()


@pytest.mark.parametrize(("version", "established"), [("1.2", True), ("1.3", None)])
def test_a_hello_that_the_server_understood_was_none_of_this_garbage(version: str, established: bool | None) -> None:
    """An octet changed on the way to the tap: the server goes on as after a hello, so what we hold isn't what it got."""
    client, server = sides(handshake(version))
    assert observe_tls(b"\x16\xff" + client[2:], 0, server, 0).established is established
    assert observe_tls(b"\x16\xff" + client[2:], 0, server[:9], 0).established is False


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_server_whose_answer_the_client_understood_sent_none_of_this_garbage(version: str) -> None:
    client, server = sides(handshake(version))
    assert observe_tls(client, 0, b"\x16\xff" + server[2:], 0).established is True
    begun = client[: 5 + int.from_bytes(client[3:5], "big")]
    assert observe_tls(begun, 0, b"\x16\xff" + server[2:], 0).established is False


def test_a_hello_that_only_the_client_could_read_was_there_all_the_same() -> None:
    client, server = sides(handshake("1.2"))
    unread = server[:5] + b"\xff" + server[6:]
    assert observe_tls(client, 0, unread, 0).established is True
    assert observe_tls(client, 0, b"\x15\x03\x03\x00\x02\x02\x28", 0).established is False
    assert observe_tls(client, 0, b"", 0).established is False


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("whose", [True, False], ids=["client's", "server's"])
def test_a_hello_that_was_changed_on_the_way_and_refused_is_no_handshake(version: str, whose: bool) -> None:
    """Every byte of it, seen on both sides of where it was changed."""
    client_side, server_side = client_context(version), server_context(host(), version)
    hello = next(data for speaks, data in converse(client_side, server_side)[0] if speaks is whose)
    for at in range(5 + int.from_bytes(hello[3:5], "big")):
        for mask in (0x01, 0xFF):
            said, session = converse(client_side, server_side, on_the_way=(whose, at, mask))
            client, server = sides(said)
            seen = (changed(client, at, mask), server) if whose else (client, changed(server, at, mask))
            established = {observe_tls(*interleave(both)).established for both in ((client, server), seen)}
            assert established == {session is not None}, (at, mask)


def test_garbage_is_named_with_its_place() -> None:
    client, _ = sides(handshake("1.2")[:1])
    facts = observe_tls(client, 0, b"500 what\r\n", 0)
    assert facts.established is False
    assert [(sign.word, sign.side, sign.at) for sign in facts.signs] == [("garbage", "server", 0)]


def test_a_hello_retry_request_is_followed_to_the_second_hello() -> None:
    client_side = client_context("1.3")
    server_side = server_context(host(), "1.3")
    server_side.set_ecdh_curve("secp384r1")
    client, server = sides(converse(client_side, server_side)[0])
    assert server.count(bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891")) == 1
    facts = observe_tls(client, 0, server, 0)
    assert (facts.established, facts.version, facts.curve) == (True, "1.3", "secp384r1")
    assert (facts.resumed, facts.key_exchange, facts.forward_secrecy) == (False, "ECDHE", True)


def test_an_ssl_2_hello_is_a_hello() -> None:
    specs = bytes.fromhex("0000350000050000040000ff")
    hello = bytes((0x80, 9 + len(specs) + 16, 1, 3, 1, 0, len(specs), 0, 0, 0, 16)) + specs + bytes(16)
    assert hello[1] == len(hello) - 2
    facts = observe_tls(hello, 0, b"\x15\x03\x01\x00\x02\x02\x46", 0)
    assert facts.established is False
    assert [sign.word for sign in facts.signs] == ["alert_protocol_version"]
    assert facts.ja3 is None
