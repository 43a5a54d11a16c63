"""The distributed store: an Elasticsearch 9 cluster, by its official client."""

from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore

__all__ = ["ElasticsearchSettings", "ElasticsearchStore"]
