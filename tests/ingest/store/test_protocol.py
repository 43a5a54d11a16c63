"""What every store must do, on each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.store.admission import MAX_ID_BYTES
from ingest.store.errors import DocumentRejected, QueryError
from ingest.store.protocol import CREATED, EXISTS, Document, select_all
from ingest.store.query import COUNT, Filter, Metric, Query, Selection
from ingest.store.values import MAX_KEYWORD_BYTES

from .conftest import NOON, AnyStore, session, sessions

FULL = session(
    "full",
    source__ip="192.0.2.7",
    source__port=51_234,
    smtp__verdict="stripped_offer",
    smtp__evidence_words=["masked_offer", "no_offer"],
    smtp__evidence=[{"word": "masked_offer", "side": "server", "text": "250-XXXXXXXX", "at": 0.25}],
    smtp__starttls__offered=False,
    tls__server__not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    destination__ip="2001:db8::25",
    smtp__banner="220 пошта Ünïcode \u0000 \U0001f4e7",
)


def test_a_document_comes_back_as_it_went_in(store: AnyStore) -> None:
    assert store.create([FULL]) == [CREATED]
    assert store.get("sessions", "full") == FULL
    assert store.get("sessions", "another") is None
    assert store.get("dmarc", "full") is None


def test_create_tells_new_from_known(store: AnyStore) -> None:
    first = sessions(3)
    assert store.create(first) == [CREATED] * 3
    assert store.create([*first, session("new")]) == [EXISTS, EXISTS, EXISTS, CREATED]


def test_create_never_replaces(store: AnyStore) -> None:
    store.create([session("a", smtp__helo="first")])
    assert store.create([session("a", smtp__helo="second")]) == [EXISTS]
    found = store.get("sessions", "a")
    assert found is not None
    assert found.fields["smtp.helo"] == "first"


def test_a_repeat_within_one_call_exists_already(store: AnyStore) -> None:
    twice = [session("a", smtp__helo="one"), session("b"), session("a", smtp__helo="two")]
    assert store.create(twice) == [CREATED, CREATED, EXISTS]
    assert store.aggregate(Query(dataset="sessions")) == [{"count": 2}]
    found = store.get("sessions", "a")
    assert found is not None
    assert found.fields["smtp.helo"] == "one"


def test_one_call_may_write_several_datasets(store: AnyStore) -> None:
    row = Document(dataset="dmarc", id="full", fields={"@timestamp": NOON, "dmarc.count": 3})
    assert store.create([FULL, row]) == [CREATED, CREATED]
    assert store.get("dmarc", "full") == row


def test_an_empty_call_writes_nothing(store: AnyStore) -> None:
    assert store.create([]) == []
    store.put([])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Document(dataset="nothing", id="x", fields={"@timestamp": NOON}), "unknown_dataset: nothing"),
        (session(""), "bad_id: 0 bytes"),
        (session("x" * (MAX_ID_BYTES + 1)), "bad_id: 513 bytes"),
        (session("x", invented=1), "unknown_field: invented"),
        (session("x", source__ip="300.1.2.3"), "bad_value: source.ip:"),
        (session("x", source__ip="fe80::1%eth0"), "bad_value: source.ip:"),
        (session("x", source__port="25"), "bad_value: source.port: str where an integer belongs"),
        (session("x", source__port=True), "bad_value: source.port: bool where an integer belongs"),
        (session("x", source__bytes=2**53 + 1), "bad_value: source.bytes: an integer beyond 2**53"),
        (session("x", smtp__ehlo=1), "bad_value: smtp.ehlo: int where true or false belongs"),
        (session("x", smtp__helo="\ud800"), "bad_value: smtp.helo: text that is not Unicode"),
        (session("x", smtp__helo="é" * MAX_KEYWORD_BYTES), "bad_value: smtp.helo: text of 65532 bytes"),
        (session("x", smtp__evidence_words="word"), "bad_value: smtp.evidence_words: str where a list of texts belongs"),
        (session("x", smtp__evidence={1: object()}), "bad_value: smtp.evidence: not JSON"),
        (session("x", tls__server__not_after=datetime(2026, 1, 1)), "bad_value: tls.server.not_after: a date without a time zone"),  # noqa: DTZ001
        (Document(dataset="sessions", id="x", fields={}), "no_timestamp"),
    ],
)
def test_what_can_never_be_stored_is_rejected_and_the_rest_is_stored(store: AnyStore, bad: Document, reason: str) -> None:
    fates = store.create([session("before"), bad, session("after")])
    assert [fate.outcome for fate in fates] == ["created", "rejected", "created"]
    assert fates[1].reason.startswith(reason)
    assert store.aggregate(Query(dataset="sessions")) == [{"count": 2}]
    with pytest.raises(DocumentRejected, match=reason.split(":", maxsplit=1)[0]):
        store.put([bad])


def test_the_longest_keyword_and_integer_are_kept(store: AnyStore) -> None:
    longest = session("x", smtp__helo="é" * (MAX_KEYWORD_BYTES // 2), source__bytes=2**53, destination__bytes=-(2**53))
    assert store.create([longest]) == [CREATED]
    assert store.get("sessions", "x") == longest
    row = store.aggregate(Query(dataset="sessions", group_by=("smtp.helo",), metrics=(Metric("m", "max", "source.bytes"),)))
    assert row == [{"smtp.helo": longest.fields["smtp.helo"], "m": 2**53}]


def test_addresses_are_canonical_and_an_empty_list_is_absent(store: AnyStore) -> None:
    odd = session("x", source__ip="::FFFF:192.0.2.1", destination__ip="2001:DB8:0:0:0:0:0:1", smtp__evidence_words=[], smtp__helo=None)
    store.create([odd])
    found = store.get("sessions", "x")
    assert found is not None
    assert found.fields == {"@timestamp": NOON, "source.ip": "192.0.2.1", "destination.ip": "2001:db8::1"}


def test_put_replaces_and_makes(store: AnyStore) -> None:
    def incident(state: str, at: datetime = NOON) -> Document:
        return Document(dataset="incidents", id="i", fields={"@timestamp": at, "state": state, "share": 0.5})

    store.put([incident("open")])
    store.put([incident("closed", NOON - timedelta(days=400)), incident("acknowledged", NOON + timedelta(days=40))])
    assert store.get("incidents", "i") == incident("acknowledged", NOON + timedelta(days=40))
    assert store.aggregate(Query(dataset="incidents", group_by=("state",))) == [{"state": "acknowledged", "count": 1}]


def test_put_rewrites_a_document_written_once(store: AnyStore) -> None:
    store.create([session("a", smtp__helo="x", smtp__banner="gone")])
    store.put([session("a", smtp__helo="y")])
    assert store.get("sessions", "a") == session("a", smtp__helo="y")
    assert store.aggregate(Query(dataset="sessions", group_by=("smtp.helo",))) == [{"smtp.helo": "y", "count": 1}]


def test_retention_drops_what_is_older_and_only_that(store: AnyStore) -> None:
    months = [datetime(2026, month, 15, tzinfo=UTC) for month in (1, 2, 3)]
    store.create([session(f"{month.month}-{n}", at=month + timedelta(days=n)) for month in months for n in range(4)])
    store.create([session("ancient", at=datetime(1999, 1, 1, tzinfo=UTC)), session("odd", at=datetime(2900, 1, 1, tzinfo=UTC))])
    assert store.delete_before("sessions", datetime(2026, 3, 17, tzinfo=UTC)) == 11
    left = [document.id for document in select_all(store, Selection(dataset="sessions", ascending=True))]
    assert left == ["3-2", "3-3", "odd"]
    assert store.delete_before("sessions", datetime(2026, 3, 17, tzinfo=UTC)) == 0
    assert store.create([session("1-0", at=months[0])]) == [CREATED]


def test_pages_walk_every_document_once_in_order(store: AnyStore) -> None:
    same_time = [session(f"t{n}") for n in range(7)]
    store.create([*sessions(9, step=timedelta(microseconds=1)), *same_time])
    for ascending in (False, True):
        found = list(select_all(store, Selection(dataset="sessions", limit=3, ascending=ascending)))
        keys = [(document.time, document.id) for document in found]
        assert keys == sorted(keys, reverse=not ascending)
        assert len(set(keys)) == 16


def test_a_page_that_ends_with_the_last_document_has_no_cursor(store: AnyStore) -> None:
    store.create(sessions(4))
    page = store.select(Selection(dataset="sessions", limit=4))
    assert page.after is None
    half = store.select(Selection(dataset="sessions", limit=2))
    assert half.after is not None
    assert store.select(Selection(dataset="sessions", limit=2, after=half.after)).after is None


def test_chosen_fields_come_with_the_time(store: AnyStore) -> None:
    store.create([FULL])
    page = store.select(Selection(dataset="sessions", fields=("smtp.evidence", "smtp.helo", "source.ip")))
    assert page.documents[0].fields == {name: FULL.fields[name] for name in ("@timestamp", "smtp.evidence", "source.ip")}


def test_since_is_inclusive_and_until_exclusive_to_the_microsecond(store: AnyStore) -> None:
    store.create(sessions(5, step=timedelta(microseconds=1)))
    since, until = NOON + timedelta(microseconds=1), NOON + timedelta(microseconds=3)
    assert store.aggregate(Query(dataset="sessions", since=since, until=until)) == [{"count": 2}]
    page = store.select(Selection(dataset="sessions", since=since, until=until))
    assert [document.id for document in page.documents] == ["s00002", "s00001"]


def test_an_empty_store_answers(store: AnyStore) -> None:
    metrics = (COUNT, Metric("sum", "sum", "source.bytes"), Metric("max", "max", "@timestamp"), Metric("who", "distinct", "source.ip"))
    narrowed = Metric("some", "count", where=(Filter("smtp.verdict", "eq", ("tls",)),))
    answer = store.aggregate(Query(dataset="sessions", metrics=(*metrics, narrowed)))
    assert answer == [{"count": 0, "sum": 0, "max": None, "who": 0, "some": 0}]
    assert store.aggregate(Query(dataset="sessions", group_by=("smtp.verdict",), metrics=metrics)) == []
    assert store.select(Selection(dataset="sessions")).documents == []
    assert store.get("sessions", "x") is None
    assert store.delete_before("sessions", NOON) == 0


def test_a_network_holds_its_addresses(store: AnyStore) -> None:
    addresses = ["10.0.0.1", "10.0.0.255", "10.0.1.0", "2001:db8::1", "2001:db9::1"]
    store.create([session(f"n{place}", source__ip=address) for place, address in enumerate(addresses)] + [session("none")])

    def count(*networks: str) -> int:
        found: int = store.aggregate(Query(dataset="sessions", where=(Filter("source.ip", "cidr", networks),)))[0]["count"]
        return found

    assert count("10.0.0.0/24") == 2
    assert count("10.0.0.77/24", "2001:db8::/32") == 3
    assert count("0.0.0.0/0") == 3
    assert count("::/0") == 5
    assert count("10.0.1.0") == 1


def test_an_answer_is_ordered_with_none_last(store: AnyStore) -> None:
    verdicts = ["tls", "tls", "incomplete", None, None, None, "starttls_refused"]
    store.create([session(f"v{place}", smtp__verdict=verdict) for place, verdict in enumerate(verdicts)])
    query = Query(dataset="sessions", group_by=("smtp.verdict",))
    assert [row["smtp.verdict"] for row in store.aggregate(query)] == ["incomplete", "starttls_refused", "tls", None]
    by_count = Query(dataset="sessions", group_by=("smtp.verdict",), order_by="count", limit=3)
    assert [row["smtp.verdict"] for row in store.aggregate(by_count)] == [None, "tls", "incomplete"]
    by_key = Query(dataset="sessions", group_by=("smtp.verdict",), order_by="smtp.verdict")
    assert [row["smtp.verdict"] for row in store.aggregate(by_key)] == ["tls", "starttls_refused", "incomplete", None]


def test_weeks_begin_on_monday_and_months_on_the_first(store: AnyStore) -> None:
    store.create([session("sunday", at=datetime(2026, 11, 1, 23, 59, tzinfo=UTC)), session("monday", at=datetime(2026, 11, 2, tzinfo=UTC))])
    weeks = store.aggregate(Query(dataset="sessions", interval="week"))
    assert [row["@timestamp"] for row in weeks] == [datetime(2026, 10, 26, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)]
    months = store.aggregate(Query(dataset="sessions", interval="month"))
    assert months == [{"@timestamp": datetime(2026, 11, 1, tzinfo=UTC), "count": 2}]


def test_a_question_that_cannot_be_asked_is_refused(store: AnyStore) -> None:
    with pytest.raises(QueryError, match="no dataset 'nothing'"):
        store.aggregate(Query(dataset="nothing"))
    with pytest.raises(QueryError, match="no dataset"):
        store.get("nothing", "x")
    with pytest.raises(QueryError, match="no field"):
        store.select(Selection(dataset="sessions", fields=("nope",)))
    with pytest.raises(QueryError, match="cursor"):
        store.select(Selection(dataset="sessions", after="garbage!"))
