"""What other TLS libraries than OpenSSL say, held against what both ends told (``tests/golden/tls-stacks``)."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from sniffer.engine import read_connections
from sniffer.settings import EngineSettings
from sniffer.tls import TlsFacts, observe_tls
from sniffer.weird import Weird

HERE = Path(__file__).parents[2] / "golden" / "tls-stacks"
ANSWERS = {"yes": True, "no": False, "": None}
Row = dict[str, str]


def expected(stack: str) -> dict[int, Row]:
    with (HERE / "expected.csv").open(newline="") as file:
        return {int(row["port"]): row for row in csv.DictReader(file) if row["stack"] == stack}


def seen(stack: str) -> dict[int, TlsFacts]:
    capture = io.BytesIO(gzip.decompress((HERE / f"{stack}.pcap.gz").read_bytes()))
    return {
        connection.client_port: observe_tls(connection.client.data, 0, connection.server.data, 0)
        for connection in read_connections(capture, settings=EngineSettings(ports=frozenset((465,))), weird=Weird())
    }


@pytest.mark.parametrize("stack", ["go", "java"])
def test_each_handshake_is_told_as_both_ends_did(stack: str) -> None:
    rows, found = expected(stack), seen(stack)
    assert found.keys() == rows.keys()
    for port, row in rows.items():
        facts = found[port]
        assert facts.established is ANSWERS[row["established"]], row
        for field, said in (("version", facts.version), ("cipher", facts.cipher), ("curve", facts.curve)):
            assert said == row[field] or not row[field], (field, row)
        assert facts.resumed is ANSWERS[row["resumed"]] or not row["resumed"], row
