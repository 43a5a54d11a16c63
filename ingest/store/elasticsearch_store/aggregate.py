"""Grouped figures from Elasticsearch, all pages of one point in time.

Distinct values are counted by enumerating them, which is exact, as long as there are at most MAX_ENUMERATED pairs
of group and value; beyond that Elasticsearch estimates them (HyperLogLog++ at its highest precision, within about 1 %).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

from ingest.store.answer import too_many_groups
from ingest.store.elasticsearch_store import search
from ingest.store.elasticsearch_store.search import Json
from ingest.store.errors import StoreUnavailable
from ingest.store.query import MAX_GROUPS, Metric, Query, Row

MAX_ENUMERATED = 200_000
_GROUPS_A_PAGE = 5_000
_VALUES_A_PAGE = 10_000
_KEEP_ALIVE = "1m"
Key = tuple[Any, ...]


def aggregate(client: Elasticsearch, index: str, query: Query) -> list[Row]:
    """The rows of a checked query, in no order. Raises TooManyGroups, StoreUnavailable, and the client's errors."""
    with _point_in_time(client, index) as view:
        buckets = _buckets(view, query)
        rows = {key: search.row_of(query, key, bucket) for key, bucket in buckets.items()}
        for metric in query.metrics:
            if metric.kind == "distinct" and rows:
                _count_exactly(view, query, metric, rows)
    return list(rows.values())


class _View:
    """One point in time of a dataset's indices."""

    def __init__(self, client: Elasticsearch, id_: str) -> None:
        self._client = client
        self.id = id_

    def search(self, query: Json, aggregations: Json) -> Json:
        """The answer to a search that wants no documents. Raises StoreUnavailable when a shard's part is missing."""
        answer = self._client.search(
            pit={"id": self.id, "keep_alive": _KEEP_ALIVE},
            size=0,
            track_total_hits=True,
            allow_partial_search_results=False,
            query=query,
            aggs=aggregations or None,
        ).body
        self.id = answer.get("pit_id", self.id)
        whole: Json = complete(answer)
        return whole

    def pages(self, query: Json, sources: list[Json], size: int, aggregations: Json) -> Iterator[list[Json]]:
        """The buckets of a composite aggregation, page by page."""
        composite: Json = {"size": size, "sources": sources}
        while True:
            answer = self.search(query, {"groups": {"composite": composite, **({"aggs": aggregations} if aggregations else {})}})
            groups = answer.get("aggregations", {}).get("groups", {"buckets": []})
            yield groups["buckets"]
            if "after_key" not in groups or len(groups["buckets"]) < size:
                return
            composite["after"] = groups["after_key"]


def complete(answer: Any) -> Any:
    """The answer, when it speaks for all shards. Raises StoreUnavailable."""
    shards = answer.get("_shards", {})
    if answer.get("timed_out") or shards.get("failed"):
        raise StoreUnavailable(f"Elasticsearch answered without {shards.get('failed', 'some')} of its shards")
    return answer


@contextmanager
def _point_in_time(client: Elasticsearch, index: str) -> Iterator[_View]:
    view = _View(client, client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE, ignore_unavailable=True).body["id"])
    try:
        yield view
    finally:
        client.options(ignore_status=404).close_point_in_time(id=view.id)


def _buckets(view: _View, query: Query) -> dict[Key, Json]:
    where = search.query_filter(query)
    aggregations = search.metric_aggregations(query)
    sources = search.composite_sources(query)
    if not sources:
        answer = view.search(where, aggregations)
        total = answer["hits"]["total"]["value"]
        return {(): {"doc_count": total, **(answer.get("aggregations") or _nothing(query))}}
    buckets: dict[Key, Json] = {}
    for page in view.pages(where, sources, _GROUPS_A_PAGE, aggregations):
        for bucket in page:
            buckets[tuple(bucket["key"].values())] = bucket
        if len(buckets) > MAX_GROUPS:
            raise too_many_groups()
    return buckets


def _nothing(query: Query) -> Json:
    """What the aggregations would say where there is no index yet."""
    empty: Json = {}
    for place, metric in enumerate(query.metrics):
        figure: Json = {"value": 0 if metric.kind in ("sum", "distinct") else None}
        empty[f"m{place}"] = {"doc_count": 0, "v": figure, **figure}
    return empty


def _count_exactly(view: _View, query: Query, metric: Metric, rows: dict[Key, Row]) -> None:
    """Put the exact number of values in the place of the estimate, where they can be enumerated."""
    if sum(row[metric.name] for row in rows.values()) > MAX_ENUMERATED:
        return
    counts: Counter[Key] = Counter()
    sources = [*search.composite_sources(query), search.distinct_source(query, metric)]
    for page in view.pages(search.query_filter(query, metric.where), sources, _VALUES_A_PAGE, {}):
        counts.update(tuple(bucket["key"].values())[:-1] for bucket in page)
        if counts.total() > MAX_ENUMERATED * 2:
            return
    for key, row in rows.items():
        row[metric.name] = counts[key]
