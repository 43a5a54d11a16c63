"""The default store: one DuckDB file, one process that holds it."""

from ingest.store.duckdb_store.store import DuckStore

__all__ = ["DuckStore"]
