import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents.errors import BadSession
from ingest.documents.sessions import session_document
from ingest.enrich.enricher import Enricher
from ingest.enrich.prefixes import PrefixTable
from ingest.store.schema import SESSIONS

ENRICHER = Enricher([PrefixTable.from_csv(["192.0.2.0/24,DE,64510,Our Net", "198.51.100.0/24,TN,64500,Their Net"])])
SESSION: dict[str, Any] = {
    "@timestamp": "2026-11-20T10:00:00.123456Z",
    "event": {"dataset": "smtp.session", "duration": 5, "id": "0123456789abcdef0123456789abcdef"},
    "source": {"ip": "198.51.100.7", "port": 40000, "bytes": 10, "packets": 2},
    "destination": {"ip": "192.0.2.25", "port": 25},
    "network": {"direction": "inbound", "vlan": {"id": 7}, "path": "a sensor's own idea"},
    "observer": {"name": "gw1", "ingress": {"interface": {"name": "eth0"}}},
    "smtp": {
        "verdict": "stripped_command",
        "evidence": [{"word": "masked_command", "side": "client", "text": "XXXXXXXX", "at": "2026-11-20T10:00:00Z"}],
        "starttls": {"offered": True},
    },
    "tls": {"server": {"x509": {"alternative_names": ["mx.example"]}}},
    "unknown": {"field": 1},
}
ORIGIN = {"spool.id": "s-1"}


def changed(path: str, value: Any) -> dict[str, Any]:
    session = copy.deepcopy(SESSION)
    *steps, last = path.split(".")
    inner = session
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return session


def test_a_session_becomes_flat_enriched_fields() -> None:
    document = session_document(SESSION, ENRICHER, ORIGIN)
    fields = document.fields
    assert document.id == "0123456789abcdef0123456789abcdef"
    assert document.time.microsecond == 123456
    assert fields["far_end.ip"] == "198.51.100.7"
    assert fields["far_end.geo.country_iso_code"] == "TN"
    assert fields["far_end.network"] == "198.51.100.0/24"
    assert fields["network.path"] == "gw1 eth0 vlan 7: AS64500 → 192.0.2.25 (AS64510)"
    assert fields["smtp.evidence_words"] == ["masked_command"]
    assert fields["tls.server.x509.alternative_names"] == ["mx.example"]
    assert fields["spool.id"] == "s-1"
    assert all(SESSIONS.has(name) for name in fields)


@pytest.mark.parametrize("evidence", [5, "x", {"word": "a"}, [5, {"word": 5}]])
def test_evidence_of_another_shape_has_no_words(evidence: Any) -> None:
    document = session_document(changed("smtp.evidence", evidence), ENRICHER, ORIGIN)
    assert "smtp.evidence_words" not in document.fields


def test_outbound_the_far_end_is_the_server() -> None:
    fields = session_document(changed("network.direction", "outbound"), ENRICHER, ORIGIN).fields
    assert fields["far_end.ip"] == "192.0.2.25"
    assert fields["far_end.geo.country_iso_code"] == "DE"


def test_dotted_names_say_the_same_as_nested_ones() -> None:
    dotted = {name: value for name, value in SESSION.items() if name not in ("source", "smtp")}
    dotted |= {"source.ip": "198.51.100.7", "source": {"port": 40000, "bytes": 10, "packets": 2}}
    dotted |= {"smtp.starttls": {"offered": True}, "smtp": {"verdict": "stripped_command", "evidence": SESSION["smtp"]["evidence"]}}
    assert session_document(dotted, ENRICHER, ORIGIN) == session_document(SESSION, ENRICHER, ORIGIN)


def test_an_address_has_one_form_whoever_writes_it() -> None:
    fields = session_document(changed("source.ip", "::ffff:198.51.100.7"), ENRICHER, ORIGIN).fields
    assert fields["source.ip"] == fields["far_end.ip"] == "198.51.100.7"
    assert fields["far_end.network"] == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("source.ip", "nowhere", "source.ip"),
        ("source.port", "25", "a whole number is wanted"),
        ("source.bytes", True, "a whole number is wanted"),
        ("source.bytes", 2**70, "a whole number is wanted"),
        ("smtp.verdict", "fine", "none of the nine"),
        ("smtp.verdict", None, "smtp.verdict is missing"),
        ("@timestamp", "yesterday", "@timestamp"),
        ("@timestamp", 5, "RFC 3339"),
        ("@timestamp", "0001-01-01T00:00:00+05:00", "@timestamp: a time outside the years 1 to 9999"),
        ("source.ip", "fe80::1%eth0", "source.ip: .* scope id"),
    ],
)
def test_a_bad_value_is_named(path: str, value: Any, complaint: str) -> None:
    with pytest.raises(BadSession, match=complaint):
        session_document(changed(path, value), ENRICHER, ORIGIN)


def test_without_an_id_of_its_own_the_flow_is_the_identity() -> None:
    one = session_document(changed("event.id", None), ENRICHER, ORIGIN)
    again = session_document(changed("event.id", "x!"), ENRICHER, {"spool.id": "s-2"})
    other = changed("source.port", 40001)
    del other["event"]["id"]
    assert one.id == again.id != session_document(other, ENRICHER, ORIGIN).id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(["@timestamp", "event.id", "source", "source.ip", "smtp.evidence", "smtp.starttls", "tls", "network.vlan.id"])


@given(paths, json_values)
def test_whatever_a_sensor_posts_is_a_document_or_a_bad_session(path: str, value: Any) -> None:
    try:
        document = session_document(changed(path, value), ENRICHER, ORIGIN)
    except BadSession:
        return
    assert all(SESSIONS.has(name) for name in document.fields)
