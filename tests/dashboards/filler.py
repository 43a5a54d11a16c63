"""Documents that look like a month of a mail site's life, consistent with the schema and with each other.

Inbound and outbound sessions from some twenty countries with weekly rhythm; stripping on two outbound paths and one
inbound network; TLS and DMARC reports that agree, some unsigned, one in conflict; incidents with evidence; arrivals.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.incidents import wilson
from ingest.store.protocol import Document

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAYS = 30


@dataclass(frozen=True, slots=True)
class Far:
    """A counterpart network. ``stripped`` and ``clear`` are shares of its sessions."""

    country: str
    number: int
    operator: str
    kind: str
    network: str
    weight: int
    stripped: float = 0.0
    clear: float = 0.02
    direction: str = "both"


FARS = (
    Far("DE", 3320, "Deutsche Telekom AG", "isp", "203.0.113", 30),
    Far("US", 15169, "Google LLC", "hosting", "198.51.100", 60, clear=0.0),
    Far("US", 8075, "Microsoft Corporation", "hosting", "198.51.101", 45, clear=0.0),
    Far("FR", 16276, "OVH SAS", "hosting", "203.0.114", 18, clear=0.05),
    Far("NL", 1103, "SURF B.V.", "academic", "203.0.115", 9),
    Far("GB", 2856, "British Telecommunications PLC", "isp", "203.0.116", 12),
    Far("SG", 7473, "Singapore Telecommunications", "isp", "203.0.117", 8, stripped=0.03),
    Far("TN", 37705, "TOPNET", "isp", "203.0.118", 14, stripped=0.94, direction="outbound"),
    Far("IQ", 50710, "EarthLink Telecommunications", "isp", "203.0.119", 6, stripped=0.26, direction="outbound"),
    Far("KE", 33771, "Safaricom Limited", "corporation", "203.0.120", 5, stripped=0.2),
    Far("NP", 17501, "WorldLink Communications", "isp", "203.0.121", 3, stripped=0.22, direction="inbound"),
    Far("MT", 15735, "GO P.L.C.", "isp", "203.0.122", 2),
    Far("JP", 2497, "Internet Initiative Japan Inc.", "isp", "203.0.123", 11),
    Far("BR", 28573, "Claro NXT", "isp", "203.0.124", 8, clear=0.1),
    Far("IN", 9829, "National Internet Backbone", "isp", "203.0.125", 10, clear=0.12),
    Far("ZA", 37153, "xneelo", "hosting", "203.0.126", 4),
    Far("AU", 1221, "Telstra Limited", "isp", "203.0.127", 6),
    Far("PL", 5617, "Orange Polska", "isp", "203.0.128", 7, clear=0.06),
    Far("CH", 3303, "Swisscom", "financial", "203.0.129", 6),
    Far("NC", 18200, "OPT Nouvelle-Caledonie", "isp", "203.0.130", 1, stripped=0.5),
)
SUITES = (
    ("1.3", "TLS_AES_256_GCM_SHA384", "ECDHE", "AES-256-GCM", "AEAD", True, 62),
    ("1.3", "TLS_CHACHA20_POLY1305_SHA256", "ECDHE", "ChaCha20-Poly1305", "AEAD", True, 6),
    ("1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE", "AES-256-GCM", "AEAD", True, 22),
    ("1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE", "AES-128-CBC", "SHA-1", True, 4),
    ("1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA", "AES-128-GCM", "AEAD", False, 3),
    ("1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "RSA", "3DES-CBC", "SHA-1", False, 2),
)
CERTIFICATES = (
    ("trusted", "mx", 70),
    ("self_signed", "neither", 9),
    ("trusted", "domain", 6),
    ("expired", "mx", 4),
    ("unknown_issuer", "neither", 3),
)
SOFTWARE = ("Postfix", "Exim 4.97", "Microsoft ESMTP MAIL Service", "Haraka")
OFFER = ("250-mx.example.net", "250-PIPELINING", "250-SIZE 52428800", "250-STARTTLS", "250-ENHANCEDSTATUSCODES", "250 8BITMIME")


def documents(sessions: int = 3000, seed: int = 7, now: datetime = NOW) -> list[Document]:
    """A whole store's documents; ``sessions`` sets the size."""
    rng = random.Random(seed)
    wire = [session(rng, number, now) for number in range(sessions)]
    reports = list(_reports(rng, now))
    return [*wire, *reports, *_incidents(wire, reports, now), *_arrivals(rng, now)]


def session(rng: random.Random, number: int, now: datetime = NOW, **changes: Any) -> Document:
    """One session. ``changes`` replace fields by name, with ``__`` for a dot and None to drop."""
    far = rng.choices(FARS, [f.weight for f in FARS])[0]
    direction = far.direction if far.direction != "both" else rng.choice(("inbound", "outbound"))
    verdict = _verdict(rng, far, direction)
    fields = {**_ends(rng, far, direction, now), **_talk(rng, verdict, direction)}
    if verdict in ("tls", "implicit_tls"):
        fields |= _tls(rng)
    elif verdict == "tls_failed":
        fields |= {"tls.established": False, "tls.version": "1.2"}
    for name, value in changes.items():
        fields[name.replace("__", ".")] = value
    fields = {name: value for name, value in fields.items() if value is not None}
    return Document(dataset="sessions", id=hashlib.sha256(f"session {number}".encode()).hexdigest()[:32], fields=fields)


def _verdict(rng: random.Random, far: Far, direction: str) -> str:
    if rng.random() < far.stripped:
        return "stripped_offer" if direction == "outbound" else "stripped_command"
    if rng.random() < far.clear:
        return rng.choice(("cleartext_offered", "cleartext_not_offered"))
    return rng.choices(("tls", "implicit_tls", "starttls_refused", "tls_failed", "incomplete"), (91, 3, 1, 2, 3))[0]


def _time(rng: random.Random, now: datetime) -> datetime:
    while True:
        moment = now - timedelta(seconds=rng.uniform(60, DAYS * 86400))
        if moment.weekday() < 5 or rng.random() < 0.35:
            return moment.replace(microsecond=0)


def _ends(rng: random.Random, far: Far, direction: str, now: datetime) -> dict[str, Any]:
    far_ip = f"{far.network}.{rng.randint(1, 3 if far.stripped else 60)}"
    our_ip = "192.0.2.25" if direction == "inbound" else "192.0.2.30"
    source, destination = (far_ip, our_ip) if direction == "inbound" else (our_ip, far_ip)
    interface = "uplink-b" if far.country in ("TN", "IQ", "NP") else rng.choice(("uplink-a", "uplink-b"))
    place = {"geo.country_iso_code": far.country, "as.number": far.number, "as.organization.name": far.operator}
    ours = {"geo.country_iso_code": "CH", "as.number": 64500, "as.organization.name": "Example Org"}
    return {
        "@timestamp": _time(rng, now),
        "event.dataset": "smtp.session",
        "event.duration": rng.randint(80_000_000, 9_000_000_000),
        "event.ingested": now,
        "source.ip": source,
        "source.port": rng.randint(1025, 65000),
        "source.bytes": rng.randint(300, 200_000),
        "source.packets": rng.randint(8, 200),
        "destination.ip": destination,
        "destination.port": 25,
        "destination.bytes": rng.randint(300, 5_000),
        "destination.packets": rng.randint(8, 100),
        **{f"source.{k}": v for k, v in (place if direction == "inbound" else ours).items()},
        **{f"destination.{k}": v for k, v in (ours if direction == "inbound" else place).items()},
        "destination.domain": "mx.example.org" if direction == "inbound" else f"mx.{far.operator.split()[0].lower().strip(',')}.example",
        "network.direction": direction,
        "network.community_id": "1:" + hashlib.sha1(f"{source}{destination}{rng.random()}".encode()).hexdigest()[:27] + "=",
        "network.path": _path(interface, far, direction, destination),
        "observer.name": "gateway",
        "observer.ingress.interface.name": interface,
        "far_end.ip": far_ip,
        **{f"far_end.{k}": v for k, v in place.items()},
        "far_end.as.kind": far.kind,
        "far_end.network": f"{far.network}.0/24",
    }


def _path(interface: str, far: Far, direction: str, destination: str) -> str:
    source, target = (64500, far.number) if direction == "outbound" else (far.number, 64500)
    return f"gateway {interface}: AS{source} → {destination} (AS{target})"


def _talk(rng: random.Random, verdict: str, direction: str) -> dict[str, Any]:
    offers = list(OFFER)
    evidence: list[dict[str, Any]] = []
    if verdict == "stripped_offer":
        offers[3] = "250-XXXXXXXA"
        evidence.append({"word": "masked_offer", "side": "server", "text": "250-XXXXXXXA", "at": 0.3})
    if verdict == "cleartext_not_offered":
        del offers[3]
    lines = [("server", "220 mx.example.net ESMTP Postfix"), ("client", "EHLO gw.example.org"), *(("server", o) for o in offers)]
    if verdict in ("tls", "tls_failed"):
        lines += [("client", "STARTTLS"), ("server", "220 2.0.0 Ready to start TLS")]
    if verdict == "starttls_refused":
        lines += [("client", "STARTTLS"), ("server", "454 4.7.0 TLS not available due to local problem")]
    if verdict == "stripped_command":
        lines += [("client", "XXXXXXXX"), ("server", "500 5.5.1 Unrecognized command")]
        evidence.append({"word": "masked_command", "side": "client", "text": "XXXXXXXX", "at": 0.4})
    clear = verdict.startswith(("cleartext", "stripped")) or verdict == "starttls_refused"
    if clear:
        lines += [
            ("client", "MAIL FROM:<…>"),
            ("server", "250 2.1.0 Ok"),
            ("client", "DATA"),
            ("server", "354 End data with <CR><LF>.<CR><LF>"),
        ]
    fields: dict[str, Any] = {
        "smtp.verdict": verdict,
        "smtp.dialogue": [{"at": round(0.1 * n, 1), "side": side, "text": text} for n, (side, text) in enumerate(lines)],
        "smtp.software": rng.choice(SOFTWARE),
        "smtp.banner": "220 mx.example.net ESMTP Postfix",
        "smtp.helo": "gw.example.org",
        "smtp.ehlo": True,
        "smtp.starttls.offered": verdict not in ("stripped_offer", "cleartext_not_offered", "implicit_tls"),
        "smtp.starttls.requested": verdict in ("tls", "tls_failed", "starttls_refused"),
        "smtp.mail_in_clear": clear,
        "smtp.auth.offered_in_clear": rng.random() < 0.05,
    }
    if verdict in ("incomplete", "implicit_tls"):
        fields |= {"smtp.dialogue": lines[:0], "smtp.starttls.offered": None, "smtp.ehlo": None}
    if evidence:
        fields |= {"smtp.evidence": evidence, "smtp.evidence_words": [evidence[0]["word"]]}
    return fields


def _tls(rng: random.Random) -> dict[str, Any]:
    version, cipher, exchange, encryption, mac, secrecy, _ = rng.choices(SUITES, [s[-1] for s in SUITES])[0]
    fields: dict[str, Any] = {
        "tls.established": True,
        "tls.version": version,
        "tls.version_protocol": "tls",
        "tls.cipher": cipher,
        "tls.key_exchange": exchange,
        "tls.encryption": encryption,
        "tls.mac": mac,
        "tls.forward_secrecy": secrecy,
        "tls.curve": "x25519" if secrecy else None,
        "tls.client.server_name": "mx.example.net",
        "tls.client.ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
    }
    if version == "1.3":
        return fields | {"tls.certificate.trust": "not_observable", "tls.certificate.match": "not_observable"}
    trust, match, _ = rng.choices(CERTIFICATES, [c[-1] for c in CERTIFICATES])[0]
    serial = rng.randint(1, 40)
    return fields | {
        "tls.certificate.trust": trust,
        "tls.certificate.match": match,
        "tls.server.subject": "CN=mx.example.net",
        "tls.server.issuer": "CN=R11,O=Let's Encrypt,C=US",
        "tls.server.not_before": datetime(2026, 10, 1, tzinfo=UTC),
        "tls.server.not_after": datetime(2026, 12, 30, tzinfo=UTC),
        "tls.server.hash.sha256": hashlib.sha256(str(serial).encode()).hexdigest().upper(),
        "tls.server.x509.alternative_names": ["mx.example.net", "mail.example.net"],
        "tls.server.x509.public_key_algorithm": "RSA" if serial % 3 else "EC",
        "tls.server.x509.public_key_size": (2048 if serial % 5 else 4096) if serial % 3 else 256,
    }


REPORTERS = (
    ("Google Inc.", "verified"),
    ("Microsoft Corporation", "verified"),
    ("Comcast", "posted"),
    ("mail.ru", "verified"),
    ("Unknown Sender", "unsigned"),
)


def _reports(rng: random.Random, now: datetime) -> Iterator[Document]:
    for back in range(DAYS):
        begin = (now - timedelta(days=back + 1)).replace(hour=0, minute=0, second=0)
        for organisation, provenance in REPORTERS:
            if rng.random() < 0.8:
                yield from _tlsrpt(rng, begin, organisation, provenance)
            if rng.random() < 0.6:
                yield from _dmarc(rng, begin, organisation, provenance)


def _head(begin: datetime, kind: str, organisation: str, provenance: str, suffix: str = "") -> tuple[str, dict[str, Any]]:
    report_id = f"{begin:%Y%m%d}.{kind}.{organisation.split()[0].lower()}"
    uid = hashlib.sha256(f"{report_id}{suffix}".encode()).hexdigest()[:32]
    return uid, {
        "@timestamp": begin,
        "report.uid": uid,
        "organization.name": organisation,
        "report.id": report_id,
        "policy.domain": "example.org",
        "report.begin": begin,
        "report.end": begin + timedelta(days=1),
        "provenance": provenance,
        "counted": provenance in ("verified", "posted", "imported"),
        **({"left_out": provenance} if provenance == "unsigned" else {}),
    }


def _tlsrpt(rng: random.Random, begin: datetime, organisation: str, provenance: str) -> Iterator[Document]:
    uid, head = _head(begin, "tlsrpt", organisation, provenance)
    weekday = 1.0 if begin.weekday() < 5 else 0.3
    well = int(rng.uniform(300, 900) * weekday)
    details = []
    if rng.random() < 0.35:
        details.append(("starttls-not-supported", FARS[10], rng.randint(2, 40)))
    if rng.random() < 0.2:
        details.append(("certificate-host-mismatch", FARS[3], rng.randint(1, 9)))
    failed = sum(amount for *_, amount in details)
    for place, (result, far, amount) in enumerate(details):
        yield Document(
            dataset="tlsrpt_failures",
            id=f"{uid}-f{place}",
            fields={
                **head,
                "tlsrpt.policy_type": "sts",
                "tlsrpt.sts_mode": "testing",
                "tlsrpt.result_type": result,
                "tlsrpt.failed_session_count": amount,
                "tlsrpt.sending_mta_ip": f"{far.network}.{rng.randint(1, 9)}",
                "tlsrpt.receiving_mx_hostname": "mx.example.org",
                "far_end.ip": f"{far.network}.1",
                "far_end.geo.country_iso_code": far.country,
                "far_end.as.number": far.number,
                "far_end.as.organization.name": far.operator,
            },
        )
    policy = {"tlsrpt.policy_type": "sts", "tlsrpt.sts_mode": "testing", "tlsrpt.mx_host": ["mx.example.org"]}
    sums = {"tlsrpt.successful_sessions": well, "tlsrpt.failed_sessions": failed}
    yield Document(dataset="tlsrpt", id=f"{uid}-p0", fields={**head, **policy, **sums})
    warnings = {"report.warnings": ["policy_domain_missing"]} if rng.random() < 0.1 else {}
    yield Document(
        dataset="reports",
        id=uid,
        fields={
            **head,
            "report.kind": "tlsrpt",
            "report.records": 1,
            "report.messages": well + failed,
            "report.failures": failed,
            "report.contact": "smtp-tls-reporting@google.example",
            "event.hash": hashlib.sha256(uid.encode()).hexdigest(),
            "conflict": False,
            "way": "https" if provenance == "posted" else "smtp",
            "peer.ip": "198.51.100.7",
            **warnings,
        },
    )


def _dmarc(rng: random.Random, begin: datetime, organisation: str, provenance: str) -> Iterator[Document]:
    uid, head = _head(begin, "dmarc", organisation, provenance)
    total = failures = 0
    for place in range(rng.randint(1, 5)):
        far = rng.choice(FARS)
        aligned = rng.random() < 0.8
        amount = rng.randint(1, 60)
        total, failures = total + amount, failures + (0 if aligned else amount)
        yield Document(
            dataset="dmarc",
            id=f"{uid}-{place}",
            fields={
                **head,
                "dmarc.count": amount,
                "dmarc.disposition": "none" if aligned else rng.choice(("none", "quarantine")),
                "dmarc.dkim": "pass" if aligned else "fail",
                "dmarc.spf": "pass" if aligned and rng.random() < 0.8 else "fail",
                "dmarc.aligned": aligned,
                "dmarc.header_from": "example.org",
                "dmarc.policy": "quarantine",
                "source.ip": f"{far.network}.{place + 1}",
                "far_end.ip": f"{far.network}.{place + 1}",
                "far_end.geo.country_iso_code": far.country,
                "far_end.as.number": far.number,
                "far_end.as.organization.name": far.operator,
            },
        )
    conflict = begin.day == 13 and organisation == "mail.ru"
    fields = {
        **head,
        "report.kind": "dmarc",
        "report.records": 3,
        "report.messages": total,
        "report.failures": failures,
        "conflict": conflict,
        "way": "smtp",
        "event.hash": hashlib.sha256(uid.encode()).hexdigest(),
    }
    yield Document(dataset="reports", id=uid, fields=fields | ({"counted": False, "left_out": "conflict"} if conflict else {}))


def _incidents(wire: list[Document], reports: list[Document], now: datetime) -> Iterator[Document]:
    tunisia = [d for d in wire if d.fields["far_end.geo.country_iso_code"] == "TN"]
    nepal = [d for d in wire if d.fields["far_end.geo.country_iso_code"] == "NP"]
    unsupported = [d for d in reports if d.fields.get("tlsrpt.result_type") == "starttls-not-supported"]
    yield incident(
        "starttls_stripped", "high", "TN", tunisia, now, agreement="wire_only", summary="Mail to Tunisia loses STARTTLS on uplink-b"
    )
    yield incident(
        "starttls_stripped",
        "critical",
        "NP",
        nepal,
        now,
        agreement="wire_and_reports",
        others=unsupported,
        summary="Mail from Nepal arrives with STARTTLS masked, and its senders report the same",
    )
    yield incident("weak_tls", "low", "BR", wire[:40], now, state="acknowledged", summary="TLS 1.0 with 3DES from three networks in Brazil")
    yield incident(
        "certificate_changed",
        "medium",
        "FR",
        wire[40:60],
        now,
        state="closed",
        summary="mx.ovh.example changed to a self-signed certificate",
    )


def incident(
    rule: str,
    severity: str,
    country: str,
    about: list[Document],
    now: datetime,
    *,
    state: str = "open",
    agreement: str = "wire_only",
    others: list[Document] | None = None,
    summary: str = "",
) -> Document:
    """One incident over the sessions given; evidence is the stripped ones and ``others``, newest first."""
    shown = sorted((d for d in about if "smtp.evidence" in d.fields), key=lambda d: d.time, reverse=True)[:12]
    affected = max(1, sum(1 for d in about if "smtp.evidence" in d.fields))
    low, high = wilson.interval(affected, len(about))
    times = [d.time for d in about] or [now]
    proof = [*shown[:6], *(others or [])[:4], *shown[6:]]
    return Document(
        dataset="incidents",
        id=hashlib.sha256(f"{rule} {country}".encode()).hexdigest()[:24],
        fields={
            "@timestamp": min(times),
            "rule": rule,
            "state": state,
            "severity": severity,
            "scope": "country",
            "subject": country,
            "summary": summary,
            "country": country,
            "affected": affected,
            "total": len(about),
            "share": affected / max(1, len(about)),
            "lower": low,
            "upper": high,
            "first_seen": min(times),
            "last_seen": max(times),
            "window.begin": now - timedelta(days=DAYS),
            "window.end": now,
            "evidence": [{"dataset": d.dataset, "id": d.id} for d in proof],
            "keys": {
                "dataset": "sessions",
                "since": (now - timedelta(days=DAYS)).isoformat(),
                "until": now.isoformat(),
                "where": {"far_end.geo.country_iso_code": [country], "smtp.verdict": ["stripped_offer", "stripped_command"]},
            },
            "sources": ["wire", "tlsrpt"] if others else ["wire"],
            "agreement": agreement,
            "updated": now,
        },
    )


def _arrivals(rng: random.Random, now: datetime) -> Iterator[Document]:
    for number in range(120):
        way = rng.choice(("smtp", "smtp", "https", "sniffer"))
        outcome = rng.choices(("stored", "duplicate", "dead_letter"), (90, 7, 3))[0]
        items = {"stored": 0, "duplicate": 0, "conflict": 0, "dead_letter": 0, outcome: 40 if way == "sniffer" else 1}
        yield Document(
            dataset="arrivals",
            id=f"arrival-{number}",
            fields={
                "@timestamp": _time(rng, now),
                "way": way,
                "content": "sessions" if way == "sniffer" else "report",
                "outcome": outcome,
                "bytes": rng.randint(400, 90_000),
                **items,
            },
        )


HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "<a href=\"javascript:document.title='owned'\">click</a>",
    "</script><script>document.title='owned'</script>",
    "{{ 7 * 7 }}${7*7}%{customdata}",
    "\u202egnihsihp\u202c\x00\x1b[31m\r\nSet-Cookie: a=b",
    "' OR 1=1 --",
    "<b style='position:fixed;inset:0'>&lt;b&gt;",
)


def hostile_documents(now: datetime = NOW) -> list[Document]:
    """Every foreign string of a document is an attack of some kind."""
    rng = random.Random(3)
    found = []
    for number, text in enumerate(HOSTILE):
        one = session(
            rng,
            90_000 + number,
            now,
            smtp__verdict="stripped_offer",
            smtp__banner=text,
            smtp__software=text,
            smtp__helo=text,
            destination__domain=text,
            network__path=text,
            network__direction=text,
            observer__name=text,
            far_end__as__organization__name=text,
            far_end__as__kind=text,
            far_end__geo__country_iso_code=text,
            tls__established=True,
            tls__version=text,
            tls__key_exchange=text,
            tls__encryption=text,
            tls__server__subject=text,
            tls__server__x509__alternative_names=[text],
            tls__server__x509__public_key_algorithm=text,
            smtp__dialogue=[{"at": text, "side": "server", "text": text}, {"at": 1, "side": text, "text": 5}, {}],
            smtp__evidence=[{"word": f"masked_{text}", "side": "server", "text": text}, {"word": 5}, {}],
            smtp__evidence_words=[text],
        )
        found.append(one)
        uid, head = _head(now - timedelta(days=1), "tlsrpt", text, "verified", str(number))
        head |= {"organization.name": text, "report.id": text, "policy.domain": text}
        found.append(
            Document(
                dataset="tlsrpt_failures",
                id=f"{uid}-f",
                fields={
                    **head,
                    "tlsrpt.result_type": text,
                    "tlsrpt.failed_session_count": 3,
                    "tlsrpt.receiving_mx_hostname": text,
                    "tlsrpt.additional_information": text,
                    "far_end.geo.country_iso_code": text,
                    "far_end.as.organization.name": text,
                },
            )
        )
        found.append(
            Document(
                dataset="tlsrpt",
                id=f"{uid}-p",
                fields={
                    **head,
                    "tlsrpt.policy_type": text,
                    "tlsrpt.mx_host": [text],
                    "tlsrpt.successful_sessions": 5,
                    "tlsrpt.failed_sessions": 3,
                },
            )
        )
        found.append(
            Document(
                dataset="dmarc",
                id=f"{uid}-d",
                fields={
                    **head,
                    "dmarc.count": 4,
                    "dmarc.header_from": text,
                    "dmarc.policy": text,
                    "dmarc.dkim": text,
                    "dmarc.reasons": [text],
                },
            )
        )
        found.append(
            Document(
                dataset="reports",
                id=uid,
                fields={
                    **head,
                    "report.kind": "tlsrpt",
                    "report.messages": 8,
                    "report.failures": 3,
                    "report.records": 1,
                    "report.warnings": [text],
                    "report.contact": text,
                    "way": text,
                },
            )
        )
        bad = incident("starttls_stripped", "high", text, [one], now, summary=text)
        found.append(
            Document(
                dataset="incidents",
                id=f"hostile-{number}",
                fields={**bad.fields, "subject": text, "scope": text, "path": text, "sources": [text]},
            )
        )
    return found
