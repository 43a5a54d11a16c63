"""Logs in, sessions out. Logs are read one after the other, in any order; sessions come when all of them are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO

import msgspec

from sniffer.errors import CaptureError
from sniffer.logs.entries import Certificate, Entry, ZeekConn, ZeekSmtp, ZeekSsl
from sniffer.logs.errors import BadLine
from sniffer.logs.eve_entries import eve_entry, flow_id_of
from sniffer.logs.eve_session import eve_session
from sniffer.logs.join import Join
from sniffer.logs.limits import LogLimits
from sniffer.logs.lines import log_lines
from sniffer.logs.logged import LoggedSession, logged_json
from sniffer.logs.zeek_entries import Kind, conn_entry, is_mail, kind_of, smtp_entry, ssl_entry, uid_of, x509_entry
from sniffer.logs.zeek_lines import Fields, ZeekHeader, flat
from sniffer.logs.zeek_session import zeek_session
from sniffer.sniff_settings import SniffSettings

_OBJECT = msgspec.json.Decoder(dict[str, Any])


class _Damage:
    """Counts the lines that could not be read, and remembers the first."""

    def __init__(self) -> None:
        self.lines = 0
        self._bad = 0
        self._first = ""
        self._end: CaptureError | None = None

    def line(self, why: str) -> None:
        self._bad += 1
        self._first = self._first or f"line {self.lines}: {why}"

    def end(self, error: CaptureError) -> None:
        self._end = error

    @property
    def problem(self) -> str | None:
        """``damaged_lines`` or the compression's reason, and what of it."""
        lines = f"damaged_lines: {self._bad} of {self.lines} lines ({self._first})" if self._bad else None
        if self._end is None:
            return lines
        return f"{self._end.reason}: {self._end}" + (f"; {lines}" if lines else "")


class LogReader:
    """Reads any number of logs; ``sessions`` then joins them. Both raise JoinFull, ``read`` also OSError."""

    def __init__(self, settings: SniffSettings, limits: LogLimits) -> None:
        self._settings = settings
        self._limits = limits
        self._ports = set(settings.smtp_ports)
        self._telling = _telling(self._ports)
        self._join = Join(limits)

    def close(self) -> None:
        self._join.close()

    def read(self, stream: BinaryIO) -> str | None:
        """Take what one log says of mail. Lines that cannot be read are counted, and the others used; None when all is well, else what
        is not, in one line."""
        damage = _Damage()
        take = self._taker()
        for line in log_lines(stream, self._limits.line_bytes):
            if isinstance(line, CaptureError):
                damage.end(line)
                break
            damage.lines += 1
            try:
                if line is None:
                    raise BadLine(f"longer than {self._limits.line_bytes} bytes")
                take(line)
            except BadLine as error:
                damage.line(str(error))
        return damage.problem

    def sessions(self) -> Iterator[bytes]:
        """Each session as a line of JSON, in the order of the programs' names for them."""
        for key, entries in self._join.connections():
            session = self._session(key, entries)
            if session is not None:
                yield logged_json(session, self._settings)

    def _session(self, key: str, entries: list[Entry]) -> LoggedSession | None:
        program, _, rest = key.partition("|")
        name = rest.partition("\t")[0] or None
        if program == "suricata":
            return eve_session(name, entries, self._settings)
        return zeek_session(name, entries, self._leaf(entries), self._settings)

    def _leaf(self, entries: list[Entry]) -> Certificate | None:
        ids = (entry.certificate_id for entry in entries if isinstance(entry, ZeekSsl))
        return self._join.certificate(next(ids, None))

    def _taker(self) -> Callable[[bytes], None]:
        """What takes the lines of one log. Each line shows its form anew, as logs are put together."""
        header = ZeekHeader()

        def take(line: bytes) -> None:
            if line.startswith(b"{"):
                self._json(line)
            elif line:
                fields = header.read(line.decode("utf-8", "replace"))
                if fields is not None:
                    self._zeek(fields, _kind(header.names))

        return take

    def _json(self, line: bytes) -> None:
        if not line.endswith(b"}"):
            raise BadLine("the JSON object is cut")
        if not self._telling.search(line):
            return
        try:
            found = _OBJECT.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadLine(f"no JSON: {error}") from error
        if "event_type" in found:
            self._eve(found)
        else:
            fields = flat(found)
            self._zeek(fields, kind_of(fields))

    def _eve(self, event: dict[str, Any]) -> None:
        entry = eve_entry(event, self._settings.smtp_ports, self._limits)
        if entry is not None:
            self._join.add(_key("suricata", flow_id_of(event), entry), entry)

    def _zeek(self, fields: Fields, kind: Kind | None) -> None:
        if kind is None:
            return
        if kind == "x509":
            self._join.add_certificate(*x509_entry(fields, self._limits))
        elif is_mail(kind, fields, self._ports):
            entry = _ENTRIES[kind](fields, self._limits)
            self._join.add(_key("zeek", uid_of(fields), entry), entry)
            if kind == "smtp" or (isinstance(entry, ZeekConn) and "smtp" in entry.services):
                self._learn(entry.ends.destination_port)

    def _learn(self, port: int) -> None:
        """SMTP was found on this port: TLS on it is mail's, in what is read from now on."""
        if port not in self._ports and len(self._ports) < len(self._settings.smtp_ports) + self._limits.ports:
            self._ports.add(port)
            self._telling = _telling(self._ports)


_ENTRIES: dict[Kind, Callable[[Fields, LogLimits], ZeekSmtp | ZeekSsl | ZeekConn]] = {
    "smtp": smtp_entry,
    "ssl": ssl_entry,
    "conn": conn_entry,
}
_kind = lru_cache(64)(kind_of)


def _telling(ports: Iterable[int]) -> re.Pattern[bytes]:
    """What a JSON line about mail has in it: the others, nearly all of a busy site's, are not even decoded."""
    return re.compile(rb'smtp|trans_depth|"certificate[."]|(?:port|_p)"\s*:\s*(?:%s)\b' % b"|".join(b"%d" % port for port in sorted(ports)))


def _key(program: str, name: str | None, entry: Entry) -> str:
    """Connections are the same when the program's name for them and both ends are, or, without a name, their time too."""
    ends = entry.ends
    sides = sorted(((ends.source_ip, ends.source_port), (ends.destination_ip, ends.destination_port)))
    return f"{program}|{name or ''}\t{sides}" + ("" if name else f"\t{entry.at}")
