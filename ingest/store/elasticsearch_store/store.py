"""The store in an Elasticsearch cluster.

Invariants: every item's status of every bulk request is read; a document is created or exists by its ``_id`` alone,
so nothing depends on a refresh; what this process wrote can be read by it at once (a read refreshes first, only
then), by others within the indices' refresh interval.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from elastic_transport import ApiError
from elasticsearch import BadRequestError

from ingest.store.admission import Rejected, admit, admitted_document
from ingest.store.answer import ordered
from ingest.store.check import TIME, checked_query, checked_selection, known_dataset
from ingest.store.cursor import render_cursor
from ingest.store.elasticsearch_store import search
from ingest.store.elasticsearch_store.aggregate import aggregate, complete
from ingest.store.elasticsearch_store.bulk import (
    FILTER_PATH,
    Action,
    Line,
    Unknown,
    batches,
    delete_line,
    document_from_source,
    document_line,
    item_fates,
)
from ingest.store.elasticsearch_store.connection import answering, connect, error_reason
from ingest.store.elasticsearch_store.indices import index_of, is_before, pattern_of
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.templates import component_templates, index_templates, mappings, micros_field
from ingest.store.errors import DocumentRejected, StoreUnavailable
from ingest.store.protocol import CREATED, EXISTS, Document, Fate, Page
from ingest.store.query import Query, Row, Selection
from ingest.store.schema import DATASETS, Dataset
from ingest.store.values import micros

_MAX_UNSETTLED = 50_000
_DELETED_A_ROUND = 1_000


class ElasticsearchStore:
    """A Store over an Elasticsearch 9 or 8.19 cluster. Making one makes no request."""

    name = "elasticsearch"

    def __init__(self, settings: ElasticsearchSettings) -> None:
        self.settings = settings
        self._client = connect(settings)
        self._lock = threading.Lock()
        self._unrefreshed: set[str] = set()
        self._templated: set[str] = set()
        self._unsettled: dict[tuple[str, str], Fate] = {}
        self.contradicting: dict[str, str] = {}
        """Indices that ``prepare`` could not bring up to date, and why."""

    def prepare(self) -> None:
        """Install the templates and bring the mappings of the indices that are there up to date. An index whose
        mapping contradicts the schema stays as it is and stands in ``contradicting``; its refusals are told a
        document at a time."""
        if not self.settings.manage_templates:
            return
        datasets = list(DATASETS.values())
        with answering(self.settings.hosts):
            for name, body in component_templates(self.settings, datasets).items():
                self._client.cluster.put_component_template(name=name, **body)
            for name, body in index_templates(self.settings, datasets).items():
                self._client.indices.put_index_template(name=name, **_python_names(body))
            for dataset in datasets:
                self._grow_mappings(dataset)

    def create(self, documents: Sequence[Document]) -> list[Fate]:
        """What a call that ended in StoreUnavailable had created all the same is CREATED, not EXISTS, when the same
        documents come again."""
        admitted = admit(documents, admitted_document)
        known, unknown = self._write("create", admitted.documents)
        if unknown:
            self._remember(documents, known)
            raise StoreUnavailable(f"{len(unknown)} of {len(documents)} documents are not known to be stored: {unknown[0].reason}")
        fates = admitted.fates | {place: self._settled(documents[place], fate) for place, fate in known.items()}
        for repeat, earlier in admitted.repeats.items():
            if fates[earlier].outcome == "rejected":
                fates[repeat] = fates[earlier]
        return [fates[place] for place in range(len(documents))]

    def put(self, documents: Sequence[Document]) -> None:
        """Of several documents with one id the last is kept. A document of a dataset that is not mutable is replaced
        where its ``@timestamp`` is the same. Raises DocumentRejected when one of them can never be stored; others
        may be written then."""
        last: dict[tuple[str, str], Document] = {}
        for document in documents:
            try:
                last[document.dataset, document.id] = admitted_document(document)
            except Rejected as rejected:
                raise DocumentRejected(f"{document.dataset} {document.id}: {rejected}") from None
        whole = dict(enumerate(last.values()))
        known, unknown = self._write("index", whole)
        if unknown:
            raise StoreUnavailable(f"{len(unknown)} of {len(whole)} documents are not known to be stored: {unknown[0].reason}")
        for place, fate in known.items():
            if fate.outcome == "rejected":
                raise DocumentRejected(f"{whole[place].dataset} {whole[place].id}: {fate.reason}")

    def delete_before(self, dataset: str, time: datetime) -> int:
        """Months that are wholly older go as indices; of the others the older documents."""
        known_dataset(dataset)
        gone = 0
        with answering(self.settings.hosts):
            for index in self._indices(dataset):
                if is_before(index, time):
                    gone += self._delete_index(index)
            self._client.indices.refresh(index=pattern_of(self.settings.prefix, dataset), ignore_unavailable=True)
            gone += self._delete_documents(dataset, time)
        return gone

    def aggregate(self, query: Query) -> list[Row]:
        query = checked_query(query)
        self._refresh_own(query.dataset)
        with answering(self.settings.hosts):
            return ordered(query, aggregate(self._client, pattern_of(self.settings.prefix, query.dataset), query))

    def select(self, selection: Selection) -> Page:
        selection = checked_selection(selection)
        self._refresh_own(selection.dataset)
        with answering(self.settings.hosts):
            hits = self._hits(selection)
        found = [document_from_source(selection.dataset, hit["_id"], hit["_source"]) for hit in hits[: selection.limit]]
        if len(hits) <= selection.limit:
            return Page(found)
        return Page(found, render_cursor(found[-1].time, found[-1].id))

    def get(self, dataset: str, id: str) -> Document | None:
        """Reads the document itself, not the search index: what any process has written is found at once."""
        known_dataset(dataset)
        with answering(self.settings.hosts):
            indices = self._indices(dataset)
            if not indices or not id:
                return None
            answer = self._client.mget(docs=[{"_index": index, "_id": id} for index in indices]).body
        for found in answer["docs"]:
            if found.get("found"):
                return document_from_source(dataset, id, found["_source"])
            if found.get("error", {}).get("type") not in (None, "index_not_found_exception"):
                raise StoreUnavailable(f"Elasticsearch could not look for {id}: {found['error']}")
        return None

    def refresh(self) -> None:
        """Make everything that is written so far readable for every process."""
        with answering(self.settings.hosts):
            self._client.indices.refresh(index=f"{self.settings.prefix}-*", ignore_unavailable=True)
        with self._lock:
            self._unrefreshed.clear()

    def close(self) -> None:
        self._client.close()

    def _write(self, action: Action, documents: dict[int, Document]) -> tuple[dict[int, Fate], list[Unknown]]:
        """Fates by place, and what is not known. After the first request that is not answered none is sent."""
        lines = [
            document_line(place, action, index_of(self.settings.prefix, document.dataset, document.time), document)
            for place, document in documents.items()
        ]
        self._template_new({index_of(self.settings.prefix, document.dataset, document.time) for document in documents.values()})
        known: dict[int, Fate] = {}
        unknown: list[Unknown] = []
        with self._lock:
            self._unrefreshed.update(document.dataset for document in documents.values())
        for batch in batches(lines, self.settings.batch_documents, self.settings.batch_bytes):
            try:
                fates = self._send(batch)
            except StoreUnavailable as error:
                with self._lock:
                    self._templated.clear()
                return known, [*unknown, Unknown(str(error))]
            for line, fate in zip(batch, fates, strict=True):
                if isinstance(fate, Unknown):
                    unknown.append(fate)
                else:
                    known[line.place] = fate
        return known, unknown

    def _grow_mappings(self, dataset: Dataset) -> None:
        properties = mappings(dataset)["properties"]
        indices = self._indices(dataset.name)
        if not indices or self._put_mapping(",".join(indices), properties) is None:
            return
        for index in indices:
            contradiction = self._put_mapping(index, properties)
            if contradiction is not None:
                self.contradicting[index] = contradiction

    def _put_mapping(self, index: str, properties: dict[str, Any]) -> str | None:
        """None, or what contradicts."""
        try:
            self._client.indices.put_mapping(index=index, properties=properties, ignore_unavailable=True)
        except BadRequestError as error:
            return error_reason(error.body)
        return None

    def _template_new(self, indices: set[str]) -> None:
        """Before the first write to an index, and after an outage, see that the templates are there: an index made
        without them would guess its mapping, for as long as it lives."""
        with self._lock:
            new = indices - self._templated
        if not new or not self.settings.manage_templates:
            return
        with answering(self.settings.hosts):
            found = (
                self._client.options(ignore_status=404)
                .indices.get_index_template(name=f"{self.settings.prefix}-*", filter_path=["index_templates.name"])
                .body.get("index_templates", [])
            )
        if len(found) < len(DATASETS):
            self.prepare()
        with self._lock:
            self._templated |= new

    def _send(self, batch: list[Line]) -> list[Fate | Unknown]:
        """One request; halved when it is too large. Raises StoreUnavailable."""
        operations: list[Any] = [part for line in batch for part in (line.action, line.source) if part is not None]
        try:
            with answering(self.settings.hosts):
                body = self._client.bulk(operations=operations, filter_path=FILTER_PATH).body
        except StoreUnavailable as error:
            cause = error.__cause__
            if not isinstance(cause, ApiError) or cause.meta.status != 413:
                raise
            if len(batch) == 1:
                return [Fate("rejected", f"too_large: {batch[0].size} bytes are more than the store takes")]
            half = len(batch) // 2
            return self._send(batch[:half]) + self._send(batch[half:])
        return item_fates(batch, body)

    def _remember(self, documents: Sequence[Document], known: dict[int, Fate]) -> None:
        with self._lock:
            for place, fate in known.items():
                if fate is CREATED and len(self._unsettled) < _MAX_UNSETTLED:
                    self._unsettled[documents[place].dataset, documents[place].id] = fate

    def _settled(self, document: Document, fate: Fate) -> Fate:
        with self._lock:
            earlier = self._unsettled.pop((document.dataset, document.id), None)
        return earlier if earlier is not None and fate is EXISTS else fate

    def _refresh_own(self, dataset: str) -> None:
        with self._lock:
            mine = dataset in self._unrefreshed
            self._unrefreshed.discard(dataset)
        if mine:
            try:
                with answering(self.settings.hosts):
                    self._client.indices.refresh(index=pattern_of(self.settings.prefix, dataset), ignore_unavailable=True)
            except StoreUnavailable:
                with self._lock:
                    self._unrefreshed.add(dataset)
                raise

    def _hits(self, selection: Selection) -> list[dict[str, Any]]:
        fields = [*selection.fields, TIME] if selection.fields else None
        answer = self._client.search(
            index=pattern_of(self.settings.prefix, selection.dataset),
            ignore_unavailable=True,
            allow_partial_search_results=False,
            query=search.query_filter(selection),
            sort=search.sort_of(selection),
            search_after=search.search_after(selection),
            size=selection.limit + 1,
            source_includes=fields,
            track_total_hits=False,
        ).body
        hits: list[dict[str, Any]] = complete(answer)["hits"]["hits"]
        return hits

    def _indices(self, dataset: str) -> list[str]:
        """The dataset's indices, the newest month first."""
        pattern = pattern_of(self.settings.prefix, dataset)
        return sorted(self._client.indices.get_alias(index=pattern, expand_wildcards="open", ignore_unavailable=True).body, reverse=True)

    def _delete_index(self, index: str) -> int:
        self._client.indices.refresh(index=index, ignore_unavailable=True)
        count: int = self._client.count(index=index, ignore_unavailable=True).body["count"]
        self._client.indices.delete(index=index, ignore_unavailable=True)
        with self._lock:
            self._templated.discard(index)
        return count

    def _delete_documents(self, dataset: str, time: datetime) -> int:
        pattern = pattern_of(self.settings.prefix, dataset)
        older = {"range": {micros_field(TIME): {"lt": micros(time)}}}
        gone = 0
        while True:
            answer = self._client.search(index=pattern, ignore_unavailable=True, query=older, size=_DELETED_A_ROUND, source=False).body
            hits = complete(answer)["hits"]["hits"]
            if not hits:
                return gone
            lines = [delete_line(place, hit["_index"], hit["_id"]) for place, hit in enumerate(hits)]
            fates = self._send(lines)
            unknown = [fate for fate in fates if isinstance(fate, Unknown)]
            if unknown:
                raise StoreUnavailable(f"documents could not be deleted: {unknown[0].reason}")
            gone += fates.count(CREATED)
            self._client.indices.refresh(index=pattern, ignore_unavailable=True)


def _python_names(body: dict[str, Any]) -> dict[str, Any]:
    """The client's parameter for ``_meta`` has no underscore."""
    return {name.lstrip("_"): value for name, value in body.items()}
