"""A store read over a unix socket answers as the store itself does."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ingest.store.duckdb_store import sql, store
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.errors import QueryError, StoreUnavailable, TooManyGroups
from ingest.store.protocol import select_all
from ingest.store.query import Query, Selection
from ingest.store.remote import RemoteStore
from ingest.store.wire import answer

from .questions import queries, selections
from .test_same_answers import NAMES, corpus


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    store: DuckStore
    spoil: tuple[int, bytes] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, content = self.server.spoil or answer(self.server.store, self.path.removeprefix("/store/"), body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Server]:
    folder = tmp_path_factory.mktemp("held")
    with _Server(str(folder / "s"), _Handler) as server:
        server.store = DuckStore(folder / "store.duckdb", memory_limit="512MB", threads=1)
        server.store.create(corpus(2))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        server.store.close()


@pytest.fixture(scope="module")
def remote(server: _Server) -> Iterator[RemoteStore]:
    with RemoteStore(str(server.server_address)) as remote:
        yield remote


_FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@_FEW
@given(query=queries(NAMES))
def test_rows_keep_their_types(server: _Server, remote: RemoteStore, query: Query) -> None:
    here, there = server.store.aggregate(query), remote.aggregate(query)
    assert here == there
    assert [[type(value) for value in row.values()] for row in here] == [[type(value) for value in row.values()] for row in there]


@_FEW
@given(selection=selections(NAMES))
def test_documents_keep_their_types(server: _Server, remote: RemoteStore, selection: Selection) -> None:
    here = list(select_all(server.store, selection))
    assert here == list(select_all(remote, selection))
    for document in here[:2]:
        assert remote.get(document.dataset, document.id) == server.store.get(document.dataset, document.id)


def test_a_missing_document_is_none(remote: RemoteStore) -> None:
    assert remote.get("sessions", "nobody") is None


def test_errors_keep_their_kind(remote: RemoteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QueryError, match="no field"):
        remote.aggregate(Query(dataset="sessions", group_by=("nope",)))
    with pytest.raises(QueryError, match="no dataset"):
        remote.get("nope", "x")
    monkeypatch.setattr(sql, "MAX_GROUPS", 20)
    monkeypatch.setattr(store, "MAX_GROUPS", 20)
    with pytest.raises(TooManyGroups):
        remote.aggregate(Query(dataset="sessions", group_by=("@timestamp",)))


@pytest.mark.parametrize(
    "spoil", [(200, b"[{}]"), (200, b"nonsense"), (500, b"traceback"), (503, b'{"reason":"store_unavailable","message":"down"}')]
)
def test_what_is_no_answer_is_unavailable(server: _Server, remote: RemoteStore, spoil: tuple[int, bytes]) -> None:
    server.spoil = spoil
    try:
        with pytest.raises(StoreUnavailable):
            remote.aggregate(Query(dataset="sessions"))
        with pytest.raises(StoreUnavailable):
            remote.select(Selection(dataset="sessions"))
        with pytest.raises(StoreUnavailable):
            remote.get("sessions", "x")
    finally:
        server.spoil = None


def test_nobody_at_the_socket_is_unavailable(tmp_path: Path) -> None:
    with RemoteStore(tmp_path / "none") as remote, pytest.raises(StoreUnavailable, match="does not answer"):
        remote.aggregate(Query(dataset="sessions"))
