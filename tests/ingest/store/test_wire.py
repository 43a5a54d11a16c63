"""The server's side of a store over a socket: every body has an answer."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.wire import ROUTES, answer

from .conftest import FULL_DATES, session


def test_answers_are_json_with_dates_as_text(duck: DuckStore) -> None:
    duck.create([session("a", **FULL_DATES)])
    assert answer(duck, "get", b'{"dataset":"sessions","id":"a"}') == (
        200,
        b'{"dataset":"sessions","id":"a","fields":'
        b'{"@timestamp":"2026-11-24T12:00:00.123456Z","tls.server.not_after":"0001-01-01T00:00:00.000000Z"}}',
    )
    assert answer(duck, "get", b'{"dataset":"sessions","id":"b"}') == (200, b"null")
    assert answer(duck, "aggregate", b'{"dataset":"sessions"}') == (200, b'[{"count":1}]')


@pytest.mark.parametrize(
    ("route", "body", "said"),
    [
        ("nothing", b"{}", "no route /store/nothing"),
        ("aggregate", b"", "no question"),
        ("aggregate", b'{"dataset":"sessions","surprise":1}', "unknown field `surprise`"),
        ("select", b'{"dataset":"sessions","limit":0}', "limit must be 1 to"),
        ("get", b'{"dataset":"sessions"}', "missing required field `id`"),
    ],
)
def test_a_bad_question_is_400(duck: DuckStore, route: str, body: bytes, said: str) -> None:
    status, content = answer(duck, route, body)
    assert status == 400
    refusal = msgspec.json.decode(content)
    assert refusal["reason"] == "bad_query"
    assert said in refusal["message"]


def test_a_store_that_does_not_answer_is_503(duck: DuckStore) -> None:
    duck._connection.close()
    status, content = answer(duck, "aggregate", b'{"dataset":"sessions"}')
    assert status == 503
    assert msgspec.json.decode(content)["reason"] == "store_unavailable"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(route=st.sampled_from(ROUTES), body=st.binary(max_size=60))
def test_any_bytes_have_an_answer(duck: DuckStore, route: str, body: bytes) -> None:
    assert answer(duck, route, body)[0] in (200, 400)
