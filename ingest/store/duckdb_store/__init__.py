"""The default store: one DuckDB file, one process that holds it."""
