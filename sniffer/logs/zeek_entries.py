"""Lines of Zeek's logs → what is kept of those that speak of mail.

Which log a line is of, its fields say: JSON lines seldom name it, and files are renamed by rotation.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Literal

from sniffer.logs.entries import Certificate, Ends, Handshake, ZeekConn, ZeekSmtp, ZeekSsl
from sniffer.logs.errors import BadLine
from sniffer.logs.limits import LogLimits
from sniffer.logs.values import address, boolean, interval, moment, port, text, texts, whole
from sniffer.logs.zeek_lines import Fields

Kind = Literal["smtp", "ssl", "conn", "x509"]
_MARKS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("smtp", frozenset({"trans_depth", "tls"})),
    ("ssl", frozenset({"established", "uid"})),
    ("conn", frozenset({"conn_state", "proto"})),
    ("x509", frozenset({"certificate.subject"})),
)
"""Fields that only this log has, and always has."""
_MAIL = ("date", "from", "to", "cc", "reply_to", "msg_id", "in_reply_to", "subject", "first_received", "user_agent", "fuids")
"""Fields that Zeek takes out of a message: it went over the wire in clear."""
_SHA256 = re.compile("[0-9a-fA-F]{64}")
_KEYS = {"rsa": "RSA", "ecdsa": "EC", "dsa": "DSA"}


def kind_of(names: Collection[str]) -> Kind | None:
    """Which log has these fields; None for one that we don't read."""
    return next((kind for kind, marks in _MARKS if all(mark in names for mark in marks)), None)


def is_mail(kind: Kind, fields: Fields, ports: Collection[int]) -> bool:
    """Whether a line of smtp, ssl or conn speaks of mail: by its port, or because Zeek found SMTP. Raises BadLine."""
    if kind == "smtp":
        return True
    if kind == "conn":
        if fields.get("proto") != "tcp":
            return False
        if "smtp" in _services(fields):
            return True
    return port(fields.get("id.resp_p")) in ports or port(fields.get("id.orig_p")) in ports


def uid_of(fields: Fields) -> str | None:
    return text(fields.get("uid"), 64)


def smtp_entry(fields: Fields, limits: LogLimits) -> ZeekSmtp:
    """Raises BadLine, as the others do."""
    return ZeekSmtp(
        **_seen(fields),
        helo=text(fields.get("helo"), limits.text),
        tls=boolean(fields.get("tls")),
        mail=any(fields.get(name) for name in _MAIL),
    )


def ssl_entry(fields: Fields, limits: LogLimits) -> ZeekSsl:
    chain = texts(fields.get("cert_chain_fps")) or texts(fields.get("cert_chain_fuids"))
    return ZeekSsl(
        **_seen(fields),
        handshake=Handshake(
            version=text(fields.get("version"), 32),
            cipher=text(fields.get("cipher"), 100),
            curve=text(fields.get("curve"), 64),
            server_name=text(fields.get("server_name"), limits.text),
            resumed=boolean(fields.get("resumed")) is True,
            next_protocol=text(fields.get("next_protocol"), limits.text),
            ja3=text(fields.get("ja3"), 32),
            ja4=text(fields.get("ja4"), 64),
        ),
        established=boolean(fields.get("established")),
        alert=text(fields.get("last_alert"), 64),
        certificate=_logged_certificate(fields, chain, limits),
        certificate_id=chain[0][:100] if chain else None,
    )


def _logged_certificate(fields: Fields, chain: tuple[str, ...], limits: LogLimits) -> Certificate | None:
    """What ssl.log itself says of the server's certificate."""
    subject = text(fields.get("subject"), limits.text)
    if subject is None and not chain:
        return None
    return Certificate(
        subject=subject,
        issuer=text(fields.get("issuer"), limits.text),
        sha256=_sha256(chain[0]) if chain else None,
        status=text(fields.get("validation_status"), limits.text),
        named=boolean(fields.get("sni_matches_cert")),
    )


def conn_entry(fields: Fields, limits: LogLimits) -> ZeekConn:
    return ZeekConn(
        **_seen(fields),
        services=_services(fields),
        duration=interval(fields.get("duration")),
        state=text(fields.get("conn_state"), 16),
        history=text(fields.get("history"), 100),
        missed=whole(fields.get("missed_bytes")),
        client_bytes=whole(fields.get("orig_bytes")),
        client_packets=whole(fields.get("orig_pkts")),
        server_bytes=whole(fields.get("resp_bytes")),
        server_packets=whole(fields.get("resp_pkts")),
    )


def x509_entry(fields: Fields, limits: LogLimits) -> tuple[str, Certificate]:
    """(its key, the certificate): the fingerprint since Zeek 5, the file id before."""
    key = text(fields.get("fingerprint"), 100) or text(fields.get("id"), 100)
    if key is None:
        raise BadLine("neither fingerprint nor id")
    kind = text(fields.get("certificate.key_type"), 32)
    names = texts(fields.get("san.dns"), limits.names) + texts(fields.get("san.ip"), limits.names)
    return key, Certificate(
        subject=text(fields.get("certificate.subject"), limits.text),
        issuer=text(fields.get("certificate.issuer"), limits.text),
        not_before=moment(fields.get("certificate.not_valid_before")),
        not_after=moment(fields.get("certificate.not_valid_after")),
        sha256=_sha256(key),
        alternative_names=tuple(name[: limits.text] for name in names)[: limits.names],
        key_algorithm=_KEYS.get(kind, kind) if kind else None,
        key_size=whole(fields.get("certificate.key_length")),
    )


def _sha256(fingerprint: str) -> str | None:
    """Sites may choose another hash: it is told by its length."""
    return fingerprint.upper() if _SHA256.fullmatch(fingerprint) else None


def _services(fields: Fields) -> tuple[str, ...]:
    return tuple(service.lstrip("-") for service in (text(fields.get("service"), 200) or "").split(",") if service)


def _seen(fields: Fields) -> dict[str, Any]:
    at = moment(fields.get("ts"))
    if at is None:
        raise BadLine("no ts")
    return {
        "at": at,
        "ends": Ends(
            address(fields.get("id.orig_h")), port(fields.get("id.orig_p")), address(fields.get("id.resp_h")), port(fields.get("id.resp_p"))
        ),
        "observer": text(fields.get("_system_name"), 200),
        "vlan": whole(fields.get("vlan")),
        "community_id": text(fields.get("community_id"), 64),
    }
