"""Golden sessions: captures made by us, what is printed of them, and what Wireshark says of the same bytes.

Together they show every field of `sniff --json` that the contract names, every verdict, and every word about a
certificate.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography import x509

from sniffer.tls.names import Match
from sniffer.tls.trust import Trust
from sniffer.verdict import Verdict
from tests.golden.sessions.make_cases import HERE, sniffed

CASES = sorted(path.parent.name for path in HERE.glob("*/expected.ndjson"))
CONTRACT = [
    "@timestamp",
    "event.dataset",
    "event.duration",
    "source.ip",
    "source.port",
    "source.bytes",
    "source.packets",
    "destination.ip",
    "destination.port",
    "destination.bytes",
    "destination.packets",
    "network.community_id",
    "network.vlan.id",
    "observer.name",
    "observer.ingress.interface.name",
    "smtp.verdict",
    "network.direction",
    "smtp.evidence",
    "smtp.dialogue",
    "smtp.software",
    "smtp.banner",
    "smtp.helo",
    "smtp.ehlo",
    "smtp.starttls.offered",
    "smtp.starttls.requested",
    "smtp.starttls.reply_code",
    "smtp.auth.offered_in_clear",
    "smtp.auth.used_in_clear",
    "smtp.mail_in_clear",
    "tls.established",
    "tls.version",
    "tls.version_protocol",
    "tls.cipher",
    "tls.curve",
    "tls.resumed",
    "tls.client.server_name",
    "tls.client.ja3",
    "tls.client.ja4",
    "tls.server.subject",
    "tls.server.issuer",
    "tls.server.not_before",
    "tls.server.not_after",
    "tls.server.hash.sha256",
    "tls.server.x509.alternative_names",
    "tls.server.x509.public_key_algorithm",
    "tls.server.x509.public_key_size",
    "tls.certificate.trust",
    "tls.certificate.match",
]
BOTH_WAYS = (
    "smtp.ehlo",
    "smtp.starttls.offered",
    "smtp.starttls.requested",
    "smtp.auth.offered_in_clear",
    "smtp.auth.used_in_clear",
    "smtp.mail_in_clear",
    "tls.established",
    "tls.resumed",
)
"""Fields of which both values are shown."""
Record = dict[str, Any]


def capture_of(case: str) -> Path:
    return next((HERE / case).glob("capture.*"))


def expected(case: str) -> list[Record]:
    return [json.loads(line) for line in (HERE / case / "expected.ndjson").read_text().splitlines()]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from leaves(inner, f"{path}.{name}" if path else name)


def shown() -> dict[str, dict[Any, str]]:
    """Field → each of its values, and a case that shows it."""
    found: dict[str, dict[Any, str]] = {}
    for case in CASES:
        for record in expected(case):
            for field, value in leaves(record):
                found.setdefault(field, {}).setdefault(json.dumps(value), case)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_read_as_expected(case: str) -> None:
    assert [json.loads(line) for line in sniffed(capture_of(case)).splitlines()] == expected(case)


def test_every_field_of_the_contract_is_shown(record_property: Any) -> None:
    found = shown()
    for field in CONTRACT:
        record_property(field, ", ".join(sorted(set(found.get(field, {}).values()))))
    assert [field for field in CONTRACT if field not in found] == []
    assert [field for field in BOTH_WAYS if set(found[field]) != {"true", "false"}] == []


def test_every_verdict_and_word_is_shown() -> None:
    found = shown()
    assert {json.loads(value) for value in found["smtp.verdict"]} == set(get_args(Verdict))
    assert {json.loads(value) for value in found["tls.certificate.trust"]} == set(get_args(Trust))
    assert {json.loads(value) for value in found["tls.certificate.match"]} == set(get_args(Match))
    assert {json.loads(value) for value in found["network.direction"]} == {"inbound", "outbound", "external"}
    assert {json.loads(value) for value in found["event.dataset"]} == {"smtp.session", "pop3.session", "imap.session"}


@pytest.mark.parametrize("case", [case for case in CASES if case[:4] not in ("pop3", "imap", "tls-")])
def test_a_case_is_named_by_its_verdict(case: str) -> None:
    verdict = expected(case)[0]["smtp"]["verdict"].replace("_", "-")
    assert case.startswith(verdict)


# what Wireshark says

WIRESHARK = {
    "ip.src": "source.ip",
    "ipv6.src": "source.ip",
    "tcp.srcport": "source.port",
    "ip.dst": "destination.ip",
    "ipv6.dst": "destination.ip",
    "tcp.dstport": "destination.port",
    "communityid": "network.community_id",
    "vlan.id": "network.vlan.id",
    "frame.interface_name": "observer.ingress.interface.name",
    "tls.handshake.extensions_server_name": "tls.client.server_name",
    "tls.handshake.ja3": "tls.client.ja3",
}
"""Wireshark's field of a client's packet → ours."""


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("case", CASES)
def test_wireshark_says_the_same(case: str) -> None:
    packets = dissected(capture_of(case), *WIRESHARK, "tcp.len", "tls.handshake.certificate", "tcp.stream")
    for record in expected(case):
        facts = dict(leaves(record))
        ours, theirs = sides(packets, facts)
        for name, field in WIRESHARK.items():
            said = {packet[name].split(",")[0] for packet in ours if packet[name]}
            if field in facts and said:
                assert said == {str(facts[field])}, (name, field)
        assert (len(ours), len(theirs)) == (facts["source.packets"], facts["destination.packets"])
        if case != "incomplete":  # ours counts what was sent, lost or not
            assert (payload(ours), payload(theirs)) == (facts["source.bytes"], facts["destination.bytes"])
        check_certificate(next((p["tls.handshake.certificate"] for p in theirs if p["tls.handshake.certificate"]), ""), facts)


def dissected(capture: Path, *fields: str) -> list[dict[str, str]]:
    command = [
        "tshark",
        "-r",
        str(capture),
        "--enable-protocol",
        "communityid",
        "-d",
        "tcp.port==465,tls",
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]
    said = subprocess.run([*command, *(word for field in fields for word in ("-e", field))], check=True, capture_output=True, text=True)
    return [dict(zip(fields, line.split("|"), strict=True)) for line in said.stdout.splitlines()]


def sides(packets: list[dict[str, str]], facts: Record) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The client's packets of a session, and the server's."""
    port = str(facts["source.port"])
    return [p for p in packets if p["tcp.srcport"] == port], [p for p in packets if p["tcp.dstport"] == port]


def payload(packets: list[dict[str, str]]) -> int:
    return sum(int(packet["tcp.len"]) for packet in packets)


def check_certificate(shown: str, facts: Record) -> None:
    """The certificate as Wireshark cuts it out, read by `cryptography`."""
    assert bool(shown) == ("tls.server.hash.sha256" in facts)
    if not shown:
        return
    der = bytes.fromhex(shown.split(",")[0].replace(":", ""))
    found = x509.load_der_x509_certificate(der)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert facts["tls.server.hash.sha256"] == hashlib.sha256(der).hexdigest().upper()
    assert facts["tls.server.subject"] == found.subject.rfc4514_string()
    assert facts["tls.server.issuer"] == found.issuer.rfc4514_string()
    assert facts["tls.server.not_before"] == found.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert facts["tls.server.not_after"] == found.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert facts["tls.server.x509.alternative_names"] == names
    assert facts["tls.server.x509.public_key_size"] == found.public_key().key_size  # type: ignore[union-attr]
