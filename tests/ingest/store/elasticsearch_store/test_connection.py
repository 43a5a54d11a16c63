"""What settings put on the wire, which release is asked, and how failures are told."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ingest.store.elasticsearch_store.connection import connect
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
        self.answer(403, b'{"error":{"type":"security_exception","reason":"not for this key"},"status":403}')

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Former(_Handler):
    """Answers as release 8 does."""

    def do_PUT(self) -> None:
        asked = {self.headers[name].partition("compatible-with=")[2] for name in ("Accept", "Content-Type")}
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(f"{'/'.join(sorted(asked))} {sent.decode()}")
        if asked == {"8"}:
            self.answer(200, b'{"acknowledged":true}')
        else:
            self.answer(400, b'{"error":{"type":"media_type_header_exception","reason":"Invalid media-type value"},"status":400}')


@pytest.fixture
def refusing() -> Iterator[_Refusing]:
    yield from _served(_Handler)


@pytest.fixture
def former() -> Iterator[_Refusing]:
    yield from _served(_Former)


def _served(handler: type[_Handler]) -> Iterator[_Refusing]:
    with _Refusing(("127.0.0.1", 0), handler) as server:
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


def test_a_server_of_release_8_is_asked_in_its_own_language_from_its_first_refusal_on(former: _Refusing) -> None:
    with connect(ElasticsearchSettings(hosts=(f"http://127.0.0.1:{former.server_port}",))) as client:
        for field in ("a", "b"):
            assert client.indices.put_mapping(index="x", properties={field: {"type": "keyword"}})["acknowledged"] is True
    said = {field: f'{{"properties":{{"{field}":{{"type":"keyword"}}}}}}' for field in ("a", "b")}
    assert former.seen == [f"9 {said['a']}", f"8 {said['a']}", f"8 {said['b']}"]


def test_a_host_without_a_port_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="port"):
        ElasticsearchStore(ElasticsearchSettings(hosts=("http://127.0.0.1",)))
