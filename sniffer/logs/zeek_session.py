"""Lines of Zeek's logs about one connection → what they say together.

============================ =====================================================================================
``tls``                      STARTTLS got its 220 (``tls`` in smtp.log, or SMTP and then TLS), and ssl.log says established
``implicit_tls``             TLS and no SMTP before it, on a port that is for that (465)
``tls_failed``               STARTTLS got its 220, ssl.log says not established, and what Zeek missed cannot explain it
``incomplete``               all else: ``tls=F`` is Zeek's default, which a refusal, a masked command and no offer share
============================ =====================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TypeVar

import msgspec

from sniffer.evidence import WORDS
from sniffer.logs.ends import client_first
from sniffer.logs.entries import Certificate, Ends, Entry, ZeekConn, ZeekSmtp, ZeekSsl
from sniffer.logs.logged import LoggedSession, LoggedTls
from sniffer.logs.terms import version_of
from sniffer.observation import Side, Sign
from sniffer.sniff_settings import SniffSettings
from sniffer.times import rfc3339
from sniffer.verdict import Verdict

_RESET = ("RSTO", "RSTR")
_ENDED = ("SF", "S2", "S3", *_RESET)
"""Zeek's connection states in which it saw the beginning, an answer and an end."""
_E = TypeVar("_E")


class Lines(msgspec.Struct, frozen=True):
    """The lines of one connection, by log. Zeek writes one of ssl and conn; of several the first counts."""

    smtp: tuple[ZeekSmtp, ...]
    ssl: ZeekSsl | None
    conn: ZeekConn | None

    @property
    def all(self) -> tuple[ZeekSmtp | ZeekSsl | ZeekConn, ...]:
        return tuple(line for line in (self.conn, *self.smtp, self.ssl) if line is not None)

    @property
    def smtp_spoken(self) -> bool:
        return bool(self.smtp) or (self.conn is not None and "smtp" in self.conn.services)

    @property
    def tls_spoken(self) -> bool:
        return self.ssl is not None or (self.conn is not None and "ssl" in self.conn.services)

    @property
    def starttls(self) -> bool:
        return any(line.tls for line in self.smtp) or (self.smtp_spoken and self.tls_spoken)


def zeek_session(uid: str | None, entries: Sequence[Entry], leaf: Certificate | None, settings: SniffSettings) -> LoggedSession | None:
    """``leaf`` is x509.log's line of the server's certificate. None when nothing says that the connection was mail."""
    lines = Lines(tuple(_of(ZeekSmtp, entries)), next(iter(_of(ZeekSsl, entries)), None), next(iter(_of(ZeekConn, entries)), None))
    if not lines.smtp_spoken and not lines.tls_spoken:
        return None
    first = lines.all[0]
    ends, turned = client_first(first.ends, settings.smtp_ports)
    at = lines.conn.at if lines.conn else min(line.at for line in lines.all)
    established = _established(lines)
    verdict = _verdict(lines, established, ends, settings)
    return LoggedSession(
        program="zeek",
        name=uid,
        at=at,
        ends=ends,
        verdict=verdict,
        evidence=_evidence(lines, verdict, at),
        lines=lines.all,
        helo=next((line.helo for line in lines.smtp if line.helo), None),
        starttls=lines.starttls,
        mail_in_clear=any(line.mail for line in lines.smtp) or None,
        tls=_tls(lines.ssl, established, leaf) if lines.ssl else None,
        **_volume(lines.conn, turned),
    )


def _of(kind: type[_E], entries: Sequence[Entry]) -> list[_E]:
    return [entry for entry in entries if isinstance(entry, kind)]


def _verdict(lines: Lines, established: bool | None, ends: Ends, settings: SniffSettings) -> Verdict:
    if not lines.smtp_spoken and ends.destination_port in settings.implicit_ports:
        return "implicit_tls"
    if not lines.starttls or established is None:
        return "incomplete"
    return "tls" if established else "tls_failed"


def _established(lines: Lines) -> bool | None:
    """Zeek's T is an observation. Its F is a default too, so it counts only with an alert that Zeek could read, or when
    the whole connection was seen and ended; and never when bytes were missed."""
    ssl, conn = lines.ssl, lines.conn
    if ssl is None or ssl.established is None:
        return None
    if ssl.established:
        return True
    if conn is not None and (conn.missed or _gaps(conn)):
        return None
    if ssl.alert is not None and f"alert_{ssl.alert}" in WORDS:
        return False
    if conn is None or conn.missed is None or not _seen_whole(conn):
        return None
    hidden = version_of(ssl.handshake.version)[1] == "1.3" and conn.state not in _RESET  # its Finished is encrypted: older Zeeks miss it
    return None if hidden else False


def _seen_whole(conn: ZeekConn) -> bool:
    return conn.state in _ENDED and (conn.history or "").startswith("S")


def _gaps(conn: ZeekConn) -> tuple[Side, ...]:
    """Sides of which Zeek missed bytes."""
    sides: tuple[tuple[str, Side], ...] = (("G", "client"), ("g", "server"))
    return tuple(side for letter, side in sides if letter in (conn.history or ""))


def _evidence(lines: Lines, verdict: Verdict, at: int) -> tuple[Sign, ...]:
    when = rfc3339(at)
    signs = [Sign("from_log", "server", _said(lines), when)]
    if verdict == "tls_failed":
        signs.append(_failure(lines, when))
    if verdict == "incomplete" and lines.conn is not None:
        signs += [Sign(f"loss_{side}", side, "", when) for side in _gaps(lines.conn)]
        if lines.conn.history and not lines.conn.history.startswith("S"):
            signs.append(Sign("late_start", "client", "", when))
    return tuple(signs)


def _failure(lines: Lines, when: str) -> Sign:
    if lines.ssl is not None and lines.ssl.alert is not None and f"alert_{lines.ssl.alert}" in WORDS:
        return Sign(f"alert_{lines.ssl.alert}", "server", "", when)
    return Sign("reset" if lines.conn is not None and lines.conn.state in _RESET else "closed", "server", "", when)


def _said(lines: Lines) -> str:
    """The values that decide, in Zeek's own words."""
    said = [f"smtp.log tls={_letter(reduce(_either, (line.tls for line in lines.smtp)))}"] if lines.smtp else []
    if lines.ssl is not None:
        alert = f" last_alert={lines.ssl.alert}" if lines.ssl.alert else ""
        said.append(f"ssl.log established={_letter(lines.ssl.established)}{alert}")
    if lines.conn is not None:
        said.append(f"conn.log service={','.join(lines.conn.services) or '-'} conn_state={lines.conn.state or '-'}")
    return f"Zeek: {', '.join(said)}"[:256]


def _either(one: bool | None, other: bool | None) -> bool | None:
    return one or other if other is not None else one


def _letter(value: bool | None) -> str:
    return "-" if value is None else "T" if value else "F"


def _tls(ssl: ZeekSsl, established: bool | None, leaf: Certificate | None) -> LoggedTls:
    logged = ssl.certificate
    if leaf is None or logged is None:
        return LoggedTls(ssl.handshake, established, logged or leaf)
    certificate = msgspec.structs.replace(leaf, sha256=leaf.sha256 or logged.sha256, status=logged.status, named=logged.named)
    return LoggedTls(ssl.handshake, established, certificate)


def _volume(conn: ZeekConn | None, turned: bool) -> dict[str, int | None]:
    if conn is None:
        return {}
    client, server = (conn.client_bytes, conn.client_packets), (conn.server_bytes, conn.server_packets)
    if turned:
        client, server = server, client
    return {
        "duration": conn.duration,
        "client_bytes": client[0],
        "client_packets": client[1],
        "server_bytes": server[0],
        "server_packets": server[1],
    }
