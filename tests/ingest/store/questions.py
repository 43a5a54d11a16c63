"""Documents and questions made for comparing the stores: everything the schema allows, extremes among it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ingest.store.protocol import Document
from ingest.store.query import Filter, Metric, Op, Query, Selection
from ingest.store.schema import DATASETS, Dataset, Field, FieldType
from ingest.store.values import date_text

FROM = datetime(2026, 8, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 24, tzinfo=UTC)

_KEYWORDS = [
    "",
    "tls",
    "TLS",
    "*",
    "a b",
    "straße",
    "ZÜRICH",
    "пошта",
    "\U0001f4e7",
    "\uffff",
    "e\u0301",
    "\u00e9",
    "a\u0000b",
    "x" * 3_000,
    "0",
    "null",
]
_ADDRESSES = [
    "0.0.0.0",
    "255.255.255.255",
    "10.0.0.1",
    "10.0.0.2",
    "192.0.2.7",
    "::",
    "::1",
    "2001:db8::1",
    "2001:db8:0:1::",
    "fe80::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "64:ff9b::a00:1",
]
_NETWORKS = [
    "10.0.0.0/8",
    "10.0.0.0/31",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "2001:db8::/64",
    "fe80::/10",
    "192.0.2.7",
    "::ffff:0:0/96",
    "255.255.255.255/32",
]
_INTEGERS = [0, 1, -1, 25, 465, 587, 2**31, 2**53, -(2**53), 10**12]
_NUMBERS = [0.0, 1.0, -1.5, 0.1, 1e-300, -5e-324, 1.7e300, 0.30000000000000004, 1e16]
_ODD_DATES = [
    datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]

_moments = st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 23), timezones=st.just(UTC))  # noqa: DTZ001
_near = st.sampled_from([datetime(2026, 11, 1, tzinfo=UTC) + timedelta(microseconds=n * 333) for n in range(-4, 5)])
_times = st.one_of(_moments, _near)
_dates = st.one_of(st.sampled_from(_ODD_DATES), _times)
_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(_KEYWORDS)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_KEYWORDS), inner, max_size=3)),
    max_leaves=6,
).filter(lambda value: value is not None)
_text = st.one_of(st.sampled_from(_KEYWORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))

VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    "keyword": _text,
    "keywords": st.lists(_text, min_size=1, max_size=4),
    "ip": st.sampled_from(_ADDRESSES),
    "integer": st.one_of(st.sampled_from(_INTEGERS), st.integers(0, 5)),
    "number": st.one_of(st.sampled_from(_NUMBERS), st.integers(0, 4).map(float)),
    "boolean": st.booleans(),
    "date": _dates,
    "json": _json,
}


@st.composite
def fields_of(draw: st.DrawFn, dataset: Dataset) -> dict[str, Any]:
    """A document's fields: few or many, the time always."""
    chosen = draw(st.lists(st.sampled_from(dataset.fields), max_size=14, unique_by=lambda field: field.name))
    fields = {field.name: draw(VALUES[field.type]) for field in chosen}
    return {**fields, "@timestamp": draw(_times)}


@st.composite
def documents(draw: st.DrawFn, dataset: Dataset, id: str) -> Document:
    return Document(dataset=dataset.name, id=id, fields=draw(fields_of(dataset)))


def _filtered(field: Field, op: Op, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    return values.map(lambda given: Filter(field.name, op, tuple(given)))


def _asked(field: Field) -> st.SearchStrategy[Any]:
    """One value as a question writes it."""
    match field.type:
        case "date":
            return _dates.map(date_text)
        case "keywords":
            return _text
        case _:
            return VALUES[field.type]


def _filters_on(field: Field) -> st.SearchStrategy[Filter]:
    one = st.lists(_asked(field), min_size=1, max_size=1)
    some = st.lists(_asked(field), min_size=1, max_size=3)
    kinds = [_filtered(field, op, some) for op in ("eq", "ne")]  # type: ignore[arg-type]
    kinds += [st.sampled_from([Filter(field.name, "exists"), Filter(field.name, "missing")])]
    if field.type in ("integer", "number", "date"):
        kinds += [_filtered(field, op, one) for op in ("gte", "gt", "lte", "lt")]  # type: ignore[arg-type]
    if field.type in ("keyword", "keywords"):
        kinds.append(_filtered(field, "prefix", one.map(lambda texts: [texts[0][:2]])))
    if field.type == "ip":
        kinds.append(_filtered(field, "cidr", st.lists(st.sampled_from(_NETWORKS), min_size=1, max_size=2)))
    return st.one_of(kinds)


def filters_for(dataset: Dataset) -> st.SearchStrategy[Filter]:
    return st.sampled_from([field for field in dataset.fields if field.type != "json"]).flatmap(_filters_on)


def _metrics_for(dataset: Dataset) -> st.SearchStrategy[Metric]:
    by_kind: dict[str, tuple[FieldType, ...]] = {
        "sum": ("integer", "number"),
        "min": ("integer", "number", "date"),
        "max": ("integer", "number", "date"),
        "distinct": ("keyword", "ip", "integer", "number", "boolean", "date"),
    }
    choices: list[tuple[Any, str | None]] = [("count", None)]
    choices += [(kind, field.name) for kind, types in by_kind.items() for field in dataset.fields if field.type in types]
    where = st.lists(filters_for(dataset), max_size=2).map(tuple)
    return st.builds(lambda choice, narrowed: Metric("", choice[0], choice[1], narrowed), st.sampled_from(choices), where)


_spans = st.tuples(st.none() | _times, st.none() | _times)


@st.composite
def queries(draw: st.DrawFn, names: tuple[str, ...] = tuple(DATASETS)) -> Query:
    dataset = DATASETS[draw(st.sampled_from(names))]
    groupable = [field.name for field in dataset.fields if field.type not in ("keywords", "json")]
    interval = draw(st.none() | st.sampled_from(["minute", "hour", "day", "week", "month"]))
    keys = [name for name in groupable if not (interval and name == "@timestamp")]
    group_by = tuple(draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)))
    drawn = draw(st.lists(_metrics_for(dataset), min_size=1, max_size=4))
    metrics = tuple(Metric(f"m{place}", one.kind, one.field, one.where) for place, one in enumerate(drawn))
    # Sums of doubles depend on the order of adding in their last digit: no order is asked of them.
    rankable = [*group_by, *(metric.name for metric in metrics if metric.kind != "sum")]
    since, until = draw(_spans)
    return Query(
        dataset=dataset.name,
        since=since,
        until=until,
        where=tuple(draw(st.lists(filters_for(dataset), max_size=2))),
        group_by=group_by,
        interval=interval,
        metrics=metrics,
        order_by=draw(st.none() | st.sampled_from(rankable)) if rankable else None,
        descending=draw(st.booleans()),
        limit=draw(st.none() | st.integers(1, 5)),
    )


@st.composite
def selections(draw: st.DrawFn, names: tuple[str, ...] = tuple(DATASETS)) -> Selection:
    dataset = DATASETS[draw(st.sampled_from(names))]
    since, until = draw(_spans)
    return Selection(
        dataset=dataset.name,
        since=since,
        until=until,
        where=tuple(draw(st.lists(filters_for(dataset), max_size=2))),
        fields=tuple(draw(st.lists(st.sampled_from([field.name for field in dataset.fields]), max_size=3, unique=True))),
        ascending=draw(st.booleans()),
        limit=draw(st.integers(7, 60)),
    )
