"""The demo's reports, in the shapes that large senders use: mails with gzip and zip attachments, and bodies to POST.

Reporters are invented, addresses from documentation and benchmark ranges; the domain reported on is example.org.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Literal

DAYS = 7
DOMAIN = "example.org"
TLS_ADDRESS, DMARC_ADDRESS = "tls-reports@example.org", "dmarc@example.org"


@dataclass(frozen=True, slots=True)
class Mailed:
    """A report that comes by SMTP."""

    sender: str
    recipient: str
    message: bytes
    signer: str | None
    """Domain whose key signs it; None: a forger sends it as it is."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A report that comes by HTTPS."""

    path: Literal["/v1/tlsrpt", "/v1/dmarc"]
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reporter:
    """A reporting organisation and how it delivers: ``google``, ``microsoft``, ``yahoo``: mails in their shapes;
    ``tlsrpt-reporter``: HTTPS."""

    name: str
    domain: str
    shape: Literal["google", "microsoft", "yahoo", "tlsrpt-reporter"]


CLOUD = Reporter("Sample Mail Cloud", "cloud.example", "google")
MUSTER = Reporter("Muster Hosting", "muster.example", "microsoft")
CARRIER = Reporter("Invented Carrier One", "carrier-one.example", "tlsrpt-reporter")
PACIFIC = Reporter("Example Pacific", "pacific.example", "yahoo")
SIGNERS = (CLOUD.domain, MUSTER.domain, PACIFIC.domain)


def tls_report(reporter: Reporter, begin: datetime, successful: int, failures: list[dict[str, Any]]) -> dict[str, Any]:
    """One RFC 8460 report about a day of mail to example.org."""
    end = begin + timedelta(days=1, seconds=-1)
    stamp = "%Y-%m-%dT%H:%M:%S" + ("" if reporter.shape == "microsoft" else "Z")
    policy = {
        "policy-type": "sts",
        "policy-string": ["version: STSv1", "mode: testing", "mx: mx.example.org", "max_age: 604800"],
        "policy-domain": DOMAIN,
        "mx-host": ["mx.example.org"],
    }
    summary = {
        "total-successful-session-count": successful,
        "total-failure-session-count": sum(failure["failed-session-count"] for failure in failures),
    }
    return {
        "organization-name": reporter.name,
        "date-range": {"start-datetime": begin.strftime(stamp), "end-datetime": end.strftime(stamp)},
        "contact-info": f"smtp-tls-reporting@{reporter.domain}",
        "report-id": f"{begin:%Y-%m-%d}_{DOMAIN}_{reporter.domain}",
        "policies": [{"policy": policy, "summary": summary, **({"failure-details": failures} if failures else {})}],
    }


def _failure(result: str, sender: str, count: int) -> dict[str, Any]:
    return {
        "result-type": result,
        "sending-mta-ip": sender,
        "receiving-mx-hostname": "mx.example.org",
        "receiving-ip": "192.0.2.25",
        "failed-session-count": count,
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One DMARC row: address, messages, DKIM and SPF in alignment."""

    source_ip: str
    count: int
    dkim: bool
    spf: bool


def dmarc_report(reporter: Reporter, begin: datetime, rows: list[Row]) -> str:
    """One RFC 7489 aggregate report about a day of mail from example.org."""
    first = int(begin.timestamp())
    records = "\n".join(_record(row) for row in rows)
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>{reporter.name}</org_name>
    <email>noreply-dmarc@{reporter.domain}</email>
    <report_id>{first}.{DOMAIN}.{reporter.domain}</report_id>
    <date_range><begin>{first}</begin><end>{first + 86399}</end></date_range>
  </report_metadata>
  <policy_published><domain>{DOMAIN}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>
{records}
</feedback>
"""


def _record(row: Row) -> str:
    dkim, spf = ("pass" if row.dkim else "fail"), ("pass" if row.spf else "fail")
    return f"""  <record>
    <row>
      <source_ip>{row.source_ip}</source_ip><count>{row.count}</count>
      <policy_evaluated><disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated>
    </row>
    <identifiers><header_from>{DOMAIN}</header_from></identifiers>
    <auth_results>
      <dkim><domain>{DOMAIN}</domain><selector>s1</selector><result>{dkim}</result></dkim>
      <spf><domain>{DOMAIN}</domain><result>{spf}</result></spf>
    </auth_results>
  </record>"""


def deliveries(now: datetime) -> Iterator[Mailed | Posted]:
    """A week of reports, oldest first: each day's TLS reports of three reporters and DMARC reports of two; at the end a TLS
    report that somebody else sends in one reporter's name."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS, 0, -1):
        begin = today - timedelta(days=day)
        for reporter, successful, failures in _tls_day(day):
            yield _tls_delivery(reporter, begin, tls_report(reporter, begin, successful, failures))
        for reporter, rows in _dmarc_day(day):
            yield _dmarc_delivery(reporter, begin, dmarc_report(reporter, begin, rows))
    yield _forged(today - timedelta(days=1))


def _forged(begin: datetime) -> Mailed:
    """Failures that never were, without the signature of who is said to report them."""
    report = tls_report(MUSTER, begin, 0, [_failure("starttls-not-supported", "198.18.2.40", 90_000)])
    mail = _tls_mail(MUSTER, begin, {**report, "report-id": f"{report['report-id']}_2"})
    return replace(mail, signer=None)


def _tls_day(day: int) -> Iterator[tuple[Reporter, int, list[dict[str, Any]]]]:
    yield CLOUD, 4200 + 60 * day, []
    yield MUSTER, 900 + 11 * day, [_failure("certificate-expired", "198.18.2.40", 2)] if day == 5 else []
    stripped = [_failure("starttls-not-supported", "198.18.4.100", 38 + day), _failure("validation-failure", "198.18.4.101", 4)]
    yield CARRIER, 3, stripped


def _dmarc_day(day: int) -> Iterator[tuple[Reporter, list[Row]]]:
    yield CLOUD, [Row("192.0.2.30", 380 + 9 * day, True, True), Row("198.18.1.12", 6, True, False)]
    spoofed = [Row("198.19.6.180", 140, False, False)] if day <= 2 else []
    yield PACIFIC, [Row("192.0.2.30", 75 + day, True, True), *spoofed]


def _tls_delivery(reporter: Reporter, begin: datetime, report: dict[str, Any]) -> Mailed | Posted:
    if reporter.shape == "tlsrpt-reporter":
        return Posted("/v1/tlsrpt", "application/tlsrpt+gzip", _compressed(report))
    return _tls_mail(reporter, begin, report)


def _compressed(report: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(report).encode(), mtime=0)


def _tls_mail(reporter: Reporter, begin: datetime, report: dict[str, Any]) -> Mailed:
    name = f"{reporter.domain}!{DOMAIN}!{int(begin.timestamp())}!{int(begin.timestamp()) + 86399}!001.json.gz"
    message = _message(
        reporter, TLS_ADDRESS, begin, f"Report Domain: {DOMAIN} Submitter: {reporter.domain} Report-ID: <{report['report-id']}>"
    )
    message["TLS-Report-Domain"] = DOMAIN
    message["TLS-Report-Submitter"] = reporter.domain
    message.set_content(f"This is an aggregate TLS report from {reporter.name}.\n")
    message.add_attachment(_compressed(report), maintype="application", subtype="tlsrpt+gzip", filename=name)
    if reporter.shape == "google":
        message.set_type("multipart/report")
        message.set_param("report-type", "tlsrpt")
    return Mailed(f"smtp-tls-reporting@{reporter.domain}", TLS_ADDRESS, message.as_bytes(policy=SMTP), reporter.domain)


def _dmarc_delivery(reporter: Reporter, begin: datetime, report: str) -> Mailed:
    name = f"{reporter.domain}!{DOMAIN}!{int(begin.timestamp())}!{int(begin.timestamp()) + 86399}"
    message = _message(reporter, DMARC_ADDRESS, begin, f"Report domain: {DOMAIN} Submitter: {reporter.domain} Report-ID: {begin:%Y%m%d}")
    if reporter.shape == "google":  # the whole mail is one zip, no text beside it
        message.set_content(_zipped(report.encode(), f"{name}.xml"), maintype="application", subtype="zip", filename=f"{name}.zip")
    else:
        message.set_content(f"This is an aggregate report from {reporter.name}.\n")
        compressed = gzip.compress(report.encode(), mtime=0)
        message.add_attachment(compressed, maintype="application", subtype="gzip", filename=f"{name}.xml.gz")
    return Mailed(f"noreply-dmarc@{reporter.domain}", DMARC_ADDRESS, message.as_bytes(policy=SMTP), reporter.domain)


def _zipped(data: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def _message(reporter: Reporter, to: str, begin: datetime, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"{reporter.name} <noreply@{reporter.domain}>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(begin + timedelta(days=1, hours=3))
    message["Message-ID"] = f"<{int(begin.timestamp())}.{to.partition('@')[0]}@{reporter.domain}>"
    return message
