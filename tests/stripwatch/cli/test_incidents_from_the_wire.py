"""From frames to incidents by the command line: what a tap that sees port 53 and certificates makes of a gateway's day."""

from __future__ import annotations

import ipaddress
import json
import ssl
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stripwatch.demo.capture import Conversation, Frame, pcapng
from tests.stripwatch.cli.conftest import Run

DAY = datetime(2026, 11, 10, tzinfo=UTC)
GATEWAY, RESOLVER, SERVER, FORGED = "192.0.2.30", "192.0.2.53", "203.0.113.40", "203.0.113.66"
MX = "mx.partner.example"


def microseconds(minutes: float) -> int:
    return int((DAY + timedelta(minutes=minutes)).timestamp() * 1e6)


def answers(at: float, name: str, kind: str, *contents: str, port: int) -> list[Frame]:
    """A question of the gateway's, and an answer with each of the contents, milliseconds apart."""
    query = dns.message.make_query(name, kind, id=port)
    frames = [datagram(microseconds(at), (GATEWAY, port), (RESOLVER, 53), query.to_wire())]
    for number, content in enumerate(contents, 1):
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(query.question[0].name, 3600, "IN", kind, content))
        frames.append(datagram(microseconds(at) + 1000 * number, (RESOLVER, 53), (GATEWAY, port), answer.to_wire()))
    return frames


def datagram(at: int, source: tuple[str, int], target: tuple[str, int], payload: bytes) -> Frame:
    ends = [ipaddress.ip_address(address).packed for address, _ in (source, target)]
    udp = struct.pack(">HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 60, 17, 0, *ends)
    return Frame(at, 0, b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00" + head + udp)


def in_clear(server: str, port: int, at: float) -> list[Frame]:
    talk = Conversation(GATEWAY, port, server, 25, microseconds(at)).open()
    talk.lines(f"S: 220 {MX} ESMTP", "C: EHLO gw.example.org", f"S: 250-{MX}|250 SIZE 1000", "C: MAIL FROM:<>", "S: 250 ok")
    talk.lines("C: RCPT TO:<a@partner.example>", "S: 250 ok", "C: DATA", "S: 354 go on", "C: x|.", "S: 250 ok", "C: QUIT", "S: 221 bye")
    return talk.close().frames


def over_tls(context: ssl.SSLContext, interface: int, port: int, at: float) -> list[Frame]:
    """STARTTLS and a real handshake of TLS 1.2, which shows the certificate."""
    talk = Conversation(GATEWAY, port, SERVER, 25, microseconds(at), interface).open()
    talk.lines(f"S: 220 {MX} ESMTP", "C: EHLO gw.example.org", f"S: 250-{MX}|250 STARTTLS", "C: STARTTLS", "S: 220 go on")
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode, asking.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, from_client := ssl.MemoryBIO(), server_hostname=MX)
    server = context.wrap_bio(to_server, from_server := ssl.MemoryBIO(), server_side=True)
    for _ in range(3):
        for side, out, into, is_client in ((client, from_client, to_server, True), (server, from_server, to_client, False)):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            said = out.read()
            if said:
                talk.say(is_client, said)
                into.write(said)
    return talk.close().frames


def server_context(folder: Path, name: str, issuer: str) -> ssl.SSLContext:
    own = ec.generate_private_key(ec.SECP256R1())
    signing = own if issuer == name else ec.generate_private_key(ec.SECP256R1())
    subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(own.public_key()).serial_number(7)
    builder = builder.not_valid_before(DAY - timedelta(days=30)).not_valid_after(DAY + timedelta(days=60))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(signing, hashes.SHA256())
    private = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context


def incidents(run: Run, folder: Path, frames: list[Frame]) -> dict[str, dict[str, Any]]:
    """What is found in a capture of these frames, by rule."""
    path = folder / "tap.pcapng"
    path.write_bytes(pcapng(frames, ("uplink-a", "uplink-b")))
    assert run("sniff", path, STRIPWATCH_NETWORKS_OURS="192.0.2.0/24").returncode == 0
    found = [json.loads(line) for line in run("incidents", "--json").stdout.splitlines()]
    return {incident["rule"]: incident for incident in found}


def test_mail_in_clear_to_a_domain_with_tlsa_records(run: Run, tmp_path: Path) -> None:
    frames = answers(0, "partner.example", "MX", f"10 {MX}.", port=40001) + answers(0.1, MX, "A", SERVER, port=40002)
    frames += answers(0.2, f"_25._tcp.{MX}", "TLSA", "3 1 1 " + "ab" * 32, port=40003)
    frames += [frame for number in range(4) for frame in in_clear(SERVER, 41000 + number, 1 + number)]
    found = incidents(run, tmp_path, frames)
    assert set(found) == {"offer_removed", "policy_violated"}
    assert all((one["affected"], one["total"], one["severity"]) == (4, 4, "high") for one in found.values())
    assert found["policy_violated"]["subject"] == MX


def test_a_question_that_was_answered_twice(run: Run, tmp_path: Path) -> None:
    frames = answers(0, "partner.example", "MX", f"10 {MX}.", port=40001) + answers(0.1, MX, "A", FORGED, SERVER, port=40002)
    found = incidents(run, tmp_path, frames + in_clear(FORGED, 41000, 1))
    assert found["mx_spoofed"]["subject"] == FORGED
    assert (found["mx_spoofed"]["affected"], found["mx_spoofed"]["direction"]) == (1, "outbound")


@pytest.mark.parametrize("name", [MX, "interceptor.invalid"])
def test_another_certificate_on_one_path(run: Run, tmp_path: Path, name: str) -> None:
    own, other = server_context(tmp_path, MX, "Some CA"), server_context(tmp_path, name, name)
    frames = [frame for number in range(25) for frame in over_tls(own, 0, 41000 + number, 10 * number)]
    frames += [frame for number in range(25) for frame in over_tls(other, 1, 42000 + number, 10 * number + 5)]
    found = incidents(run, tmp_path, frames)
    assert set(found) == {"certificate_changed"}
    assert (found["certificate_changed"]["severity"], found["certificate_changed"]["affected"]) == ("high", 25)
    assert "uplink-b" in found["certificate_changed"]["path"]
    assert "a self-signed certificate" in found["certificate_changed"]["summary"]
