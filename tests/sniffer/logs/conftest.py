"""Lines of logs, made short."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sniffer.logs.limits import LogLimits
from sniffer.logs.reader import LogReader
from sniffer.networks import Networks
from sniffer.sniff_settings import SniffSettings

SETTINGS = SniffSettings(own_networks=Networks(["198.51.100.0/24"]))
ENDS: dict[str, Any] = {"id.orig_h": "203.0.113.1", "id.orig_p": 40000, "id.resp_h": "198.51.100.25", "id.resp_p": 25}
SMTP: dict[str, Any] = {"ts": 1795514400.1, "uid": "C1", **ENDS, "trans_depth": 1, "helo": "a.example", "tls": True}
SSL: dict[str, Any] = {
    "ts": 1795514400.2,
    "uid": "C1",
    **ENDS,
    "version": "TLSv12",
    "cipher": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "resumed": False,
    "established": True,
}
CONN: dict[str, Any] = {
    "ts": 1795514400.0,
    "uid": "C1",
    **ENDS,
    "proto": "tcp",
    "service": "smtp,ssl",
    "conn_state": "SF",
    "missed_bytes": 0,
    "history": "ShADadFf",
}
EVENT: dict[str, Any] = {
    "timestamp": "2026-11-24T10:00:00.200000+0000",
    "flow_id": 7,
    "src_ip": "203.0.113.1",
    "src_port": 40000,
    "dest_ip": "198.51.100.25",
    "dest_port": 25,
    "proto": "TCP",
}


def without(line: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in names}


def json_lines(*lines: dict[str, Any]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


class Reading:
    """A reader and what it gave."""

    def __init__(self) -> None:
        self.reader = LogReader(SETTINGS, LogLimits())

    def read(self, log: bytes) -> str | None:
        return self.reader.read(io.BufferedReader(io.BytesIO(log)))  # type: ignore[arg-type]  # bytes in memory are raw enough

    def sessions(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.reader.sessions()]

    def only(self, *lines: dict[str, Any]) -> dict[str, Any]:
        """The one session of these JSON lines."""
        assert self.read(json_lines(*lines)) is None
        (session,) = self.sessions()
        return session


@pytest.fixture
def reading() -> Iterator[Reading]:
    reading = Reading()
    yield reading
    reading.reader.close()
