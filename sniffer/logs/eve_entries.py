"""Suricata's EVE events → what is kept of those that speak of mail."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sniffer.logs.entries import Certificate, Ends, EveFlow, EveSmtp, EveTls, Handshake
from sniffer.logs.errors import BadLine
from sniffer.logs.limits import LogLimits
from sniffer.logs.values import address, mapping, moment, port, text, texts, whole

Event = dict[str, Any]
_MAIL = ("from", "to", "cc", "subject", "message_id", "date", "received", "x_mailer", "attachment", "url", "body_md5", "subject_md5")
"""Fields that Suricata takes out of a message: it went over the wire in clear."""
_EMPTY_JA4 = "00i000000"
"""Neither version, name, suites nor extensions: Suricata 8 writes this of a hello that it could not read."""
_FLOW_PROTOCOLS = ("app_proto", "app_proto_orig", "app_proto_ts", "app_proto_tc")


def eve_entry(event: Event, ports: Collection[int], limits: LogLimits) -> EveSmtp | EveTls | EveFlow | None:
    """None for an event that says nothing of mail. Raises BadLine."""
    kind = event.get("event_type")
    if kind not in ("smtp", "tls", "flow") or text(event.get("proto"), 16) not in (None, "TCP", "tcp"):
        return None
    if kind == "smtp":
        return _smtp(event, limits)
    by_port = port(event.get("dest_port")) in ports or port(event.get("src_port")) in ports
    return _tls(event, by_port, limits) if kind == "tls" else _flow(event, by_port)


def flow_id_of(event: Event) -> str | None:
    """Suricata's name of the flow, with the sensor's where it says that."""
    flow = whole(event.get("flow_id"))
    return None if flow is None else f"{text(event.get('host'), 200) or ''}|{flow}"


def _smtp(event: Event, limits: LogLimits) -> EveSmtp:
    email = mapping(event.get("email"))
    return EveSmtp(
        **_seen(event), helo=text(mapping(event.get("smtp")).get("helo"), limits.text), mail=any(email.get(name) for name in _MAIL)
    )


def _tls(event: Event, by_port: bool, limits: LogLimits) -> EveTls | None:
    tls = mapping(event.get("tls"))
    from_smtp = tls.get("from_proto") == "smtp"
    if not from_smtp and not by_port:
        return None
    return EveTls(
        **_seen(event),
        handshake=_handshake(tls, limits),
        from_smtp=from_smtp,
        answered=_answered(tls),
        certificate=_certificate(tls, limits),
    )


def _handshake(tls: Event, limits: LogLimits) -> Handshake:
    chosen = texts(tls.get("server_alpns"))
    ja3, ja4 = tls.get("ja3"), text(tls.get("ja4"), 64)
    return Handshake(
        version=text(tls.get("version"), 32),
        cipher=whole(mapping(tls.get("server_handshake")).get("cipher")),
        server_name=text(tls.get("sni"), limits.text),
        resumed=tls.get("session_resumed") is True,
        next_protocol=chosen[0][: limits.text] if chosen else None,
        ja3=text(mapping(ja3).get("hash"), 32),
        ja4=None if ja4 is None or ja4[1:10] == _EMPTY_JA4 else ja4,
    )


def _answered(tls: Event) -> bool:
    """A certificate, a resumption, a JA3S, a chosen ALPN, and the version 1.3 are the server's to say; Suricata writes
    the event, with another version in it, also when the client's hello was all there was."""
    told = ("subject", "issuerdn", "fingerprint", "ja3s", "server_alpns", "certificate", "chain")
    version = tls.get("version")
    return tls.get("session_resumed") is True or any(tls.get(name) for name in told) or (isinstance(version, str) and "1.3" in version)


def _certificate(tls: Event, limits: LogLimits) -> Certificate | None:
    """The fingerprint is SHA-1, which is not ours to show as SHA-256."""
    subject = text(tls.get("subject"), limits.text)
    if subject is None:
        return None
    names = tls.get("subjectaltname")
    return Certificate(
        subject=subject,
        issuer=text(tls.get("issuerdn"), limits.text),
        not_before=moment(tls.get("notbefore")),
        not_after=moment(tls.get("notafter")),
        alternative_names=None if names is None else tuple(name[: limits.text] for name in texts(names, limits.names)),
    )


def _flow(event: Event, by_port: bool) -> EveFlow | None:
    protocols = {event.get(name) for name in _FLOW_PROTOCOLS}
    smtp, tls = "smtp" in protocols, event.get("app_proto") == "tls"
    if not smtp and not (tls and by_port):
        return None
    flow, tcp = mapping(event.get("flow")), mapping(event.get("tcp"))
    seen = _seen(event)
    start, end = moment(flow.get("start")), moment(flow.get("end"))
    if start is not None:
        seen["at"] = start
    return EveFlow(
        **seen,
        smtp=smtp,
        tls=tls,
        starttls=tls and event.get("app_proto_orig") == "smtp",
        duration=None if start is None or end is None else max(end - start, 0),
        client_packets=whole(flow.get("pkts_toserver")),
        server_packets=whole(flow.get("pkts_toclient")),
        gap_client=tcp.get("ts_gap") is True,
        gap_server=tcp.get("tc_gap") is True,
    )


def _seen(event: Event) -> dict[str, Any]:
    at = moment(event.get("timestamp"))
    if at is None:
        raise BadLine("no timestamp")
    return {
        "at": at,
        "ends": Ends(
            address(event.get("src_ip")), port(event.get("src_port")), address(event.get("dest_ip")), port(event.get("dest_port"))
        ),
        "observer": text(event.get("host"), 200),
        "interface": text(event.get("in_iface"), 64),
        "vlan": _vlan(event.get("vlan")),
        "community_id": text(event.get("community_id"), 64),
    }


def _vlan(value: Any) -> int | None:
    """The outer one of several, which stands first."""
    tags = value if isinstance(value, list) else [value]
    return whole(tags[0]) if tags else None
