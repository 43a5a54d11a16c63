"""Opening the store: a damaged DuckDB file is set aside, and the new one is filled from retired segments."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ingest.store.duckdb_store.files import set_aside
from ingest.store.errors import StoreDamaged
from ingest.store.protocol import Store
from stripwatch.site import Site

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """``rebuild``: the store is new because the old one was damaged; replay everything into it."""

    store: Store
    rebuild: bool


def open_store(site: Site) -> OpenedStore:
    """The store, prepared. Raises StoreLocked or StoreUnavailable; damage is set aside, loudly."""
    rebuild = False
    try:
        store = site.store()
    except StoreDamaged as error:
        mark = f"damaged-{site.now():%Y%m%dT%H%M%S}"
        kept = set_aside(site.folders.duckdb, mark)
        _log.error("%s; set aside as %s and building a new one from retired segments", error, ", ".join(path.name for path in kept))
        store, rebuild = site.store(), True
    store.prepare()
    return OpenedStore(store, rebuild)
