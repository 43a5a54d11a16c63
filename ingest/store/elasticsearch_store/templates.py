"""Component and index templates, made from the schema table.

| field type | mapping |
|---|---|
| keyword, keywords | keyword |
| ip, boolean | ip, boolean |
| integer, number | long, double |
| date | date (milliseconds; for Kibana and calendar buckets) and ``stripwatch.micros.NAME``, a long with the microseconds |
| json | object that is kept and not indexed |

``stripwatch.id`` repeats the id, which Elasticsearch itself does not sort by. With the microseconds it gives both
stores the same order and the same comparisons. Unknown fields are refused (``dynamic: strict``): nothing guesses a
mapping. A component ``PREFIX-DATASET@custom``, when an administrator makes one, is laid on top of ours.
"""

from __future__ import annotations

from typing import Any

from ingest.store.elasticsearch_store.indices import pattern_of
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.schema import Dataset, FieldType

OWN = "stripwatch"
"""Root of the fields that are the store's own and in no answer."""
ID_FIELD = f"{OWN}.id"

_MAPPING: dict[FieldType, dict[str, Any]] = {
    "keyword": {"type": "keyword"},
    "keywords": {"type": "keyword"},
    "ip": {"type": "ip"},
    "integer": {"type": "long"},
    "number": {"type": "double"},
    "boolean": {"type": "boolean"},
    "date": {"type": "date", "format": "strict_date_optional_time"},
    "json": {"type": "object", "enabled": False},
}
_PRIORITY = 500


def micros_field(name: str) -> str:
    """The exact twin of a date field."""
    return f"{OWN}.micros.{name}"


def mappings(dataset: Dataset) -> dict[str, Any]:
    """The mapping of a dataset's indices."""
    properties: dict[str, Any] = {ID_FIELD: {"type": "keyword"}}
    for field in dataset.fields:
        properties[field.name] = _MAPPING[field.type]
        if field.type == "date":
            properties[micros_field(field.name)] = {"type": "long"}
    return {"dynamic": "strict", "date_detection": False, "properties": properties}


def component_templates(settings: ElasticsearchSettings, datasets: list[Dataset]) -> dict[str, dict[str, Any]]:
    """Name → body: the common settings and each dataset's mapping."""
    replicas: dict[str, Any] = {"auto_expand_replicas": "0-1"}
    if settings.replicas is not None:
        replicas = {"number_of_replicas": settings.replicas}
    index = {"number_of_shards": settings.shards, **replicas}
    templates: dict[str, dict[str, Any]] = {_settings_name(settings): {"template": {"settings": {"index": index}}}}
    for dataset in datasets:
        templates[_mapping_name(settings, dataset)] = {"template": {"mappings": mappings(dataset)}}
    return templates


def index_templates(settings: ElasticsearchSettings, datasets: list[Dataset]) -> dict[str, dict[str, Any]]:
    """Name → body: one a dataset, above the templates that others may have for everything."""
    return {
        f"{settings.prefix}-{dataset.name}": {
            "index_patterns": [pattern_of(settings.prefix, dataset.name)],
            "priority": _PRIORITY,
            "composed_of": [_settings_name(settings), _mapping_name(settings, dataset), _custom_name(settings, dataset)],
            "ignore_missing_component_templates": [_custom_name(settings, dataset)],
            "_meta": {"managed_by": "stripwatch", "meaning": dataset.meaning},
        }
        for dataset in datasets
    }


def _settings_name(settings: ElasticsearchSettings) -> str:
    return f"{settings.prefix}-settings"


def _mapping_name(settings: ElasticsearchSettings, dataset: Dataset) -> str:
    return f"{settings.prefix}-{dataset.name}-mapping"


def _custom_name(settings: ElasticsearchSettings, dataset: Dataset) -> str:
    return f"{settings.prefix}-{dataset.name}@custom"
