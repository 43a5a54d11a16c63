"""Real signatures, and a real name server on loopback whose answers a test chooses."""

from __future__ import annotations

import base64
import gzip
import json
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from typing import Any

import dkim
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.judge import MailJudge
from ingest.provenance.settings import JudgeSettings
from ingest.reports.model import DmarcReport, Report, TlsReport
from ingest.reports.reader import FoundReport, read_reports
from ingest.spool.record import SpoolRecord

ARRIVED = 1_790_000_000
"""Seconds; the mails of these tests arrive then, whatever the time is."""


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def key_record(key: rsa.RSAPrivateKey | None = None, tags: str = "v=DKIM1; k=rsa") -> str:
    der = (key or rsa_key()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{tags}; p={base64.b64encode(der).decode()}"


@cache
def edwards_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@dataclass
class Nameserver:
    """``records``: (name, kind) → texts. ``refuse`` answers everything with SERVFAIL, ``silent`` with nothing."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    refuse: bool = False
    silent: bool = False
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    address: str = ""
    ttl: int = 300

    def answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if self.silent:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        texts = self.records.get((name, kind))
        if self.refuse:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif texts:
            response.answer.append(dns.rrset.from_text_list(question.name, self.ttl, "IN", kind, [_shown(kind, text) for text in texts]))
        elif texts is None and not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


def _shown(kind: str, text: str) -> str:
    return " ".join(f'"{text[i : i + 250]}"' for i in range(0, len(text), 250)) if kind == "TXT" else text


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    known = Nameserver()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            answer = known.answer(data)
            if answer is not None:
                socket.sendto(answer, self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        known.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield known
        server.shutdown()
        thread.join()


class Signer(dkim.DKIM):  # type: ignore[misc]
    """dkimpy's signer with tags of the test's choice; ``None`` leaves one out. Signed an hour before the arrival."""

    tags: dict[bytes, bytes | None]

    def gen_header(self, fields: list[tuple[bytes, bytes]], *args: Any, **options: Any) -> bytes:
        wanted: dict[bytes, bytes | None] = {**dict(fields), b"t": b"%d" % (ARRIVED - 3600), **self.tags}
        last = wanted.pop(b"b")
        chosen = [(name, value) for name, value in wanted.items() if value is not None]
        header: bytes = super().gen_header([*chosen, (b"b", last)], *args, **options)
        return header


@dataclass
class Mail:
    """A report's mail, made step by step: ``bytes`` of it, signed or not."""

    message: EmailMessage
    raw: bytes = b""

    def sign(
        self,
        domain: str = "sender.example",
        selector: str = "s1",
        key: bytes | None = None,
        headers: tuple[str, ...] = ("From", "To", "Subject", "Date", "Content-Type"),
        algorithm: str = "rsa-sha256",
        length: bool = False,
        canonical: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
        **tags: bytes | None,
    ) -> Mail:
        """Sign what is there by now."""
        self.raw = self.bytes()
        signer = Signer(self.raw, signature_algorithm=algorithm.encode())
        signer.tags = {name.encode(): value for name, value in tags.items()}
        names = [name.encode() for name in headers]
        key = key or pem(rsa_key())
        signature = signer.sign(selector.encode(), domain.encode(), key, canonicalize=canonical, include_headers=names, length=length)
        self.raw = signature + self.raw
        return self

    def bytes(self) -> bytes:
        return self.raw or self.message.as_bytes().replace(b"\n", b"\r\n")


def tls_json(contact: str | None = "tls@sender.example", domain: str = "example.org", org: str = "Sender", successful: int = 3) -> bytes:
    policy = {"policy-type": "sts", "policy-domain": domain}
    summary = {"total-successful-session-count": successful, "total-failure-session-count": 0}
    return json.dumps(
        {
            "organization-name": org,
            "date-range": {"start-datetime": "2026-09-20T00:00:00Z", "end-datetime": "2026-09-20T23:59:59Z"},
            "contact-info": contact,
            "report-id": "r1",
            "policies": [{"policy": policy, "summary": summary}],
        }
    ).encode()


def dmarc_xml(domain: str = "example.org") -> bytes:
    return (
        "<feedback><report_metadata><org_name>Sender</org_name><email>a@sender.example</email><report_id>d1</report_id>"
        "<date_range><begin>1789900000</begin><end>1789986399</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><p>none</p></policy_published>"
        "<record><row><source_ip>198.51.100.9</source_ip><count>4</count><policy_evaluated><disposition>none</disposition>"
        "<dkim>pass</dkim><spf>pass</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers>"
        "<auth_results><spf><domain>example.org</domain><result>pass</result></spf></auth_results></record></feedback>"
    ).encode()


def mail(body: bytes | None = None, sender: str = "Reports <tls@sender.example>", submitter: str | None = "sender.example") -> Mail:
    body = tls_json() if body is None else body
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "tls-reports@example.org"
    message["Subject"] = "Report Domain: example.org Submitter: sender.example Report-ID: <r1>"
    message["Date"] = "Mon, 21 Sep 2026 03:00:00 +0000"
    if submitter is not None:
        message["TLS-Report-Submitter"] = submitter
    subtype = "tlsrpt+gzip" if body.startswith(b"{") else "gzip"
    message.set_content("A report.\n")
    message.add_attachment(gzip.compress(body, mtime=0), maintype="application", subtype=subtype, filename="report.gz")
    return Mail(message)


def record(body: bytes, way: Any = "smtp", **header: Any) -> SpoolRecord:
    usual = {"peer_address": "192.0.2.77", "helo": "mx.sender.example", "mail_from": "bounce@sender.example"}
    return SpoolRecord(way=way, content="mail", body=body, **{"arrived_at": ARRIVED * 10**9, **usual, **header})


def report_in(body: bytes) -> Report:
    found = next(iter(read_reports(body)))
    assert isinstance(found, FoundReport)
    assert isinstance(found.report, TlsReport | DmarcReport)
    return found.report


Verdict = tuple[str, str | None, str | None]


@pytest.fixture
def verdict(nameserver: Nameserver) -> Callable[..., Verdict]:
    """(provenance, left_out, finding) of a mail's first report, judged with the key s1._domainkey.sender.example known."""
    nameserver.records.setdefault(("s1._domainkey.sender.example", "TXT"), [key_record()])

    def judged(raw: bytes, report: Report | None = None, settings: JudgeSettings | None = None, **header: Any) -> Verdict:
        judge = MailJudge(DnsResolver([nameserver.address], seconds=0.4), settings)
        result = judge(record(raw, **header), report or report_in(raw))
        return result.provenance, result.left_out, result.finding

    return judged
