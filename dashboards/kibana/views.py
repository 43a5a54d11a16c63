"""A data view for each dataset, made from the schema table: its indices, its time, its fields' labels. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.store.elasticsearch_store.indices import pattern_of
from ingest.store.schema import DATASETS, Dataset

_SHARES = ("share", "lower", "upper")
_FORMATS: dict[str, dict[str, Any]] = {
    "bytes": {"id": "bytes"},
    "duration": {"id": "duration", "params": {"inputFormat": "nanoseconds", "outputFormat": "humanizePrecise", "outputPrecision": 1}},
    "share": {"id": "percent", "params": {"pattern": "0.[0]%"}},
}


def data_views(prefix: str) -> Iterator[dict[str, Any]]:
    """``data_view`` objects of Kibana's Data Views API, for the indices that begin with ``prefix``."""
    for dataset in DATASETS.values():
        yield {
            "id": f"{prefix}-{dataset.name}",
            "name": f"{prefix}: {dataset.name.replace('_', ' ')}",
            "title": pattern_of(prefix, dataset.name),
            "timeFieldName": "@timestamp",
            "allowNoIndex": True,
            "fieldAttrs": {field.name: {"customLabel": field.title} for field in dataset.fields if field.type != "json"},
            "fieldFormats": dict(_formats(dataset)),
        }


def _formats(dataset: Dataset) -> Iterator[tuple[str, dict[str, Any]]]:
    for field in dataset.fields:
        last = field.name.rsplit(".", 1)[-1]
        kind = "share" if dataset.name == "incidents" and field.name in _SHARES else last
        if field.type in ("integer", "number") and kind in _FORMATS:
            yield field.name, _FORMATS[kind]
