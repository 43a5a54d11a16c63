"""How the reading commands reach the store: the running service's socket, else the store itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ingest.store.errors import StoreLocked
from ingest.store.protocol import StoreReader
from ingest.store.remote import RemoteStore
from stripwatch.cli.failure import CommandFailed
from stripwatch.site import Site


@contextmanager
def reading(site: Site) -> Iterator[StoreReader]:
    """The store, for reading. Raises CommandFailed when nothing is there yet or another process holds it."""
    if site.configuration.store == "duckdb" and served(site):
        remote = RemoteStore(site.folders.control)
        try:
            yield remote
        finally:
            remote.close()
        return
    if site.configuration.store == "duckdb" and not site.folders.duckdb.exists():
        raise CommandFailed(f"nothing is stored yet in {site.folders.root}: run stripwatch serve, sniff or import first")
    try:
        store = site.store()
    except StoreLocked as error:
        raise CommandFailed(f"another process holds the store and answers no questions: {error}") from error
    try:
        store.prepare()
        yield store
    finally:
        store.close()


def served(site: Site) -> bool:
    """Whether a service runs on this data folder."""
    if not site.folders.control.exists():
        return False
    try:
        control(site, "GET", "/settled", seconds=5)
    except CommandFailed:
        return False
    return True


def control(site: Site, method: str, path: str, seconds: float = 600.0) -> dict[str, object]:
    """Ask the running service. Raises CommandFailed when it does not answer or cannot do it."""
    transport = httpx.HTTPTransport(uds=str(site.folders.control))
    try:
        with httpx.Client(transport=transport, base_url="http://stripwatch", timeout=seconds) as client:
            answer = client.request(method, path)
    except httpx.HTTPError as error:
        raise CommandFailed(f"the running service does not answer: {error}") from error
    if answer.status_code == 409:
        raise CommandFailed(str(answer.json()["says"]))
    if answer.status_code != 200:
        raise CommandFailed(f"the running service answers {answer.status_code}")
    found: dict[str, object] = answer.json()
    return found
