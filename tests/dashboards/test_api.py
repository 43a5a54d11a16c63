from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from dashboards.timerange import text_of
from ingest.store.query import Filter, Query, Selection
from tests.dashboards.conftest import Site
from tests.dashboards.filler import NOW

JSON = {"Content-Type": "application/json"}


def test_aggregate_is_the_stores_own_answer(full: Site) -> None:
    query = Query(
        dataset="sessions", group_by=("smtp.verdict",), order_by="count", where=(Filter("network.direction", "eq", ("inbound",)),)
    )
    answer = full.client.post("/api/aggregate", content=msgspec.json.encode(query), headers=JSON)
    assert answer.json()["rows"] == full.store.aggregate(query)


def test_select_pages_by_cursor_until_the_end(full: Site) -> None:
    seen, after = [], None
    while True:
        selection = Selection(dataset="reports", limit=50, after=after, fields=("report.id",))
        page = full.client.post("/api/select", content=msgspec.json.encode(selection), headers=JSON).json()
        seen += [d["id"] for d in page["documents"]]
        after = page["after"]
        if after is None:
            break
    [row] = full.store.aggregate(Query(dataset="reports"))
    assert len(seen) == len(set(seen)) == row["count"] > 100


def test_a_dataset_is_filtered_by_the_pages_parameters(full: Site) -> None:
    day = text_of(NOW - timedelta(days=3))
    answer = full.client.get("/api/sessions", params={"country": "TN", "verdict": "stripped_offer", "since": day, "limit": 7}).json()
    assert 0 < len(answer["documents"]) <= 7
    assert {(d["far_end.geo.country_iso_code"], d["smtp.verdict"]) for d in answer["documents"]} == {("TN", "stripped_offer")}
    assert all(d["@timestamp"] >= day for d in answer["documents"])


def test_without_a_range_it_is_all_time_as_on_the_command_line(full: Site) -> None:
    found = full.client.get("/api/sessions", params={"limit": 5000}).json()
    assert len(found["documents"]) == full.store.aggregate(Query(dataset="sessions"))[0]["count"] > 1000


def test_an_unknown_or_wrong_parameter_is_refused_by_name(full: Site) -> None:
    for asked, named in (("limt=3", "did you mean limit?"), ("limit=many", "limit: ")):
        answer = full.client.get(f"/api/sessions?{asked}")
        assert answer.status_code == 400
        assert named in answer.json()["error"]["says"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/aggregate", b'{"dataset":"nosuch"}', 400),
        ("/api/aggregate", b'{"dataset":"sessions","group_by":["nosuch"]}', 400),
        ("/api/aggregate", b'{"dataset":"sessions","extra":1}', 400),
        ("/api/aggregate", b"[" * 100_000, 400),
        ("/api/aggregate", b'{"dataset":"' + b"x" * 300_000 + b'"}', 400),
        ("/api/select", b'{"dataset":"sessions","limit":1000000}', 400),
        ("/api/select", b'{"dataset":"sessions","after":"rubbish"}', 400),
    ],
)
def test_bad_questions_are_refused_in_words(full: Site, path: str, body: bytes, status: int) -> None:
    answer = full.client.post(path, content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.json()["error"]["reason"] in ("bad_query", "bad_request")


def test_a_form_cannot_ask(full: Site) -> None:
    assert full.client.post("/api/aggregate", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 400


def test_what_is_not_there_is_404(full: Site) -> None:
    for path in ("/api/nosuch", "/api/sessions/nosuch", "/api/nosuch/x"):
        assert full.client.get(path).json()["error"]["reason"] == "not_found"


def test_a_state_is_set_by_our_own_pages_only(changeable: Site) -> None:
    id = changeable.client.get("/api/incidents", params={"severity": "medium", "last": "all"}).json()["documents"][0]["id"]
    body = b'{"state":"acknowledged"}'
    assert changeable.client.post(f"/api/incidents/{id}/state", content=body, headers=JSON).status_code == 403
    answer = changeable.client.post(f"/api/incidents/{id}/state", content=body, headers={**JSON, "Authorization": "Bearer x"})
    assert answer.status_code == 200
    assert changeable.client.get(f"/api/incidents/{id}").json()["state"] == "acknowledged"


def test_metrics_and_openapi(full: Site) -> None:
    assert full.client.get("/metrics").text == "stripwatch_up 1\n"
    assert "/api/aggregate" in full.client.get("/api/openapi.json").json()["paths"]
    assert full.client.get("/docs").status_code == 404
