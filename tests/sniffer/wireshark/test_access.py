"""POP3 and IMAP by both engines: every session of the observers' tables, cut into segments, must show them the same."""

from __future__ import annotations

import random
from io import BytesIO
from typing import Any

import pytest

from sniffer.engine import read_connections
from sniffer.session import Session, observe, session_record
from sniffer.settings import EngineSettings, ports_of
from sniffer.sniff_settings import SniffSettings
from sniffer.weird import Weird
from sniffer.wireshark.engine import read_sessions
from tests.sniffer.handshakes import handshake
from tests.sniffer.imap.test_observer import CASES as IMAP_CASES
from tests.sniffer.imap.test_observer import OFFER as IMAP_OFFER
from tests.sniffer.playbook import Turns, turns
from tests.sniffer.pop3.test_observer import CASES as POP3_CASES
from tests.sniffer.pop3.test_observer import OFFER as POP3_OFFER

PROTOCOLS = frozenset({"smtp", "pop3", "imap"})
SETTINGS = SniffSettings(protocols=PROTOCOLS)
PORTS = ports_of(PROTOCOLS)
UPGRADED = {
    143: turns(IMAP_OFFER + "C a2 STARTTLS\nS a2 OK go"),
    110: turns(POP3_OFFER + "C STLS\nS +OK go"),
}
SESSIONS: list[tuple[int, str, Turns]] = [
    *[(143, case[0], turns(case[1])) for case in IMAP_CASES if not case[2]],
    *[(110, case[0], turns(case[1])) for case in POP3_CASES if not case[2]],
    *[(port, f"TLS {version}", said + list(handshake(version))) for port, said in UPGRADED.items() for version in ("1.0", "1.2", "1.3")],
    *[(port, "implicit", list(handshake("1.2"))) for port in (993, 995, 143, 110)],
]


def frames(wire: Any, segment: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for number, (port, _, said) in enumerate(SESSIONS):
        talk = wire.Dialogue(client=("198.18.0.1", 20000 + number), server=("192.0.2.25", port), segment=segment)
        talk.time += number * 10**9
        talk.open()
        for from_client, data in said:
            talk.say(0 if from_client else 1, data)
        found += talk.close().frames
    return found


def by_port(sessions: list[Session]) -> dict[int, dict[str, Any]]:
    """What each session showed, by the client's port."""
    return {session.connection.client_port: without_times(session_record(session)) for session in sessions}


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    for listed in (record["smtp"]["evidence"], record["smtp"]["dialogue"]):
        for item in listed:
            del item["at"]
    return record


def both(capture: bytes) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    connections = read_connections(BytesIO(capture), settings=EngineSettings(ports=PORTS), weird=Weird())
    packets = [session for connection in connections if (session := observe(connection, SETTINGS))]
    wireshark = list(read_sessions(BytesIO(capture), settings=SETTINGS, ports=PORTS, weird=Weird()))
    return by_port(packets), by_port(wireshark)


def named(found: dict[int, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{SESSIONS[port - 20000][0]} {SESSIONS[port - 20000][1]}": record for port, record in found.items()}


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("segment", [9, 1400])
def test_both_say_the_same_of_every_session(wire: Any, segment: int) -> None:
    packets, wireshark = (named(found) for found in both(wire.pcap(frames(wire, segment))))
    assert len(packets) > 80
    assert packets.keys() == wireshark.keys()
    different = [name for name in packets if packets[name] != wireshark[name]]
    assert different == []


@pytest.mark.usefixtures("tshark")
def test_what_wireshark_cannot_read_is_no_failure(wire: Any) -> None:
    """Its POP3 dissector looks for TLS behind the first segment that answers STLS, though the answer ends in the next."""
    packets, wireshark = (named(found) for found in both(wire.pcap(frames(wire, 7))))
    assert packets.keys() == wireshark.keys()
    different = [name for name in packets if packets[name] != wireshark[name]]
    assert different == [f"110 TLS {version}" for version in ("1.0", "1.2", "1.3")]
    assert {wireshark[name]["smtp"]["verdict"] for name in different} <= {"tls", "incomplete"}


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("seed", [1, 2])
def test_loss_makes_neither_accuse_more(wire: Any, seed: int) -> None:
    rng = random.Random(seed)
    whole, _ = both(wire.pcap(frames(wire, 40)))
    kept = [frame for frame in frames(wire, 40) if rng.random() > 0.04]
    for found in both(wire.pcap(kept)):
        for port, record in found.items():
            if record["smtp"]["verdict"].startswith("stripped"):
                assert whole[port]["smtp"]["verdict"].startswith("stripped")
