"""What settings put on the wire, and how failures are told."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.errors import StoreUnavailable
from ingest.store.query import Query


class _Refusing(HTTPServer):
    seen: list[str | None]


class _Handler(BaseHTTPRequestHandler):
    server: _Refusing

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.server.seen.append(self.headers["Authorization"])
        self.send_response(403)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        body = b'{"error":{"type":"security_exception","reason":"not for this key"},"status":403}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def refusing() -> Iterator[_Refusing]:
    with _Refusing(("127.0.0.1", 0), _Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({}, None),
        ({"api_key": "c2VjcmV0"}, "ApiKey c2VjcmV0"),
        ({"username": "me", "password": "p%40ss"}, "Basic " + base64.b64encode(b"me:p%40ss").decode()),
    ],
)
def test_credentials_go_with_each_request_and_a_refusal_is_loud(refusing: _Refusing, given: dict[str, str], header: str | None) -> None:
    store = ElasticsearchStore(ElasticsearchSettings(hosts=(f"http://127.0.0.1:{refusing.server_port}",), **given))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable, match="403: security_exception: not for this key; an operator must act"):
        store.aggregate(Query(dataset="sessions"))
    store.close()
    assert refusing.seen == [header]


def test_a_host_without_a_port_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="port"):
        ElasticsearchStore(ElasticsearchSettings(hosts=("http://127.0.0.1",)))
