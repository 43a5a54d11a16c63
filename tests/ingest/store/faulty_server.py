"""An Elasticsearch that misbehaves on purpose: a proxy before a real node that spoils some of its answers.

The real node does the storing, so what is lost or doubled can be counted there. ``faults`` counts what was injected:
a run that injected nothing proves nothing.
"""

from __future__ import annotations

import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import orjson

Fault = Literal[
    "whole_429", "whole_503", "refused_401", "cut_answer", "no_answer", "stored_then_cut", "items_429", "too_few_items", "not_json", "hangs"
]
PASSING: tuple[Fault, ...] = (
    "whole_429",
    "whole_503",
    "cut_answer",
    "no_answer",
    "stored_then_cut",
    "items_429",
    "too_few_items",
    "not_json",
)


class FaultyServer:
    """Serves on loopback; ``url`` is its address. ``next_fault`` chooses for each bulk request; None lets it through."""

    def __init__(self, real: str, *, seed: int = 0) -> None:
        self.real = real
        self.random = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.share = 0.0
        self.kinds: tuple[Fault, ...] = PASSING
        self.most_bytes: int | None = None
        """Larger bulk requests are answered 413."""
        self.bulk_requests = 0
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, body: bytes) -> str | None:
        self.bulk_requests += 1
        if self.most_bytes is not None and len(body) > self.most_bytes:
            chosen: str | None = "too_large_413"
        else:
            chosen = self.random.choice(self.kinds) if self.random.random() < self.share else None
        if chosen:
            self.faults[chosen] += 1
        return chosen

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = outer.fault(body) if self.path.startswith("/_bulk") else None
                outer._answer(self, body, fault)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

        return Handler

    def _answer(self, to: BaseHTTPRequestHandler, body: bytes, fault: str | None) -> None:
        match fault:
            case "whole_429":
                _send(to, 429, {"error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}, "status": 429})
            case "whole_503":
                _send(to, 503, {"error": {"type": "unavailable", "reason": "no master"}, "status": 503})
            case "refused_401":
                _send(to, 401, {"error": {"type": "security_exception", "reason": "missing authentication"}, "status": 401})
            case "too_large_413":
                _send_raw(to, 413, b"<html>too large</html>", "text/html")
            case "no_answer":
                to.close_connection = True
            case "hangs":
                self.released.wait(30)
                to.close_connection = True
            case "cut_answer":
                _cut(to, b'{"took":1,"errors":false,"items":[{"create":{"_id"')
            case "not_json":
                _send_raw(to, 200, b"<html>welcome to the proxy</html>", "text/html")
            case _:
                self._forward(to, body, fault)

    def _forward(self, to: BaseHTTPRequestHandler, body: bytes, fault: str | None) -> None:
        if fault == "items_429":
            body, refused = self._without_some(body)
        status, headers, answer = self._ask(to, body)
        if fault == "stored_then_cut":
            _cut(to, answer[: len(answer) // 2], len(answer))
            return
        if fault == "too_few_items":
            decoded = orjson.loads(answer)
            decoded["items"] = decoded["items"][:-1]
            answer = orjson.dumps(decoded)
        if fault == "items_429":
            answer = _with_refusals(answer, refused)
        to.send_response(status)
        for name, value in headers:
            if name.lower() in ("content-type", "x-elastic-product"):
                to.send_header(name, value)
        to.send_header("Content-Length", str(len(answer)))
        to.end_headers()
        to.wfile.write(answer)

    def _ask(self, to: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in to.headers.items() if name.lower() in ("content-type", "accept")}
        request = urllib.request.Request(self.real + to.path, data=body or None, headers=headers, method=to.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, list(answer.headers.items()), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, list(error.headers.items()), error.read()

    def _without_some(self, body: bytes) -> tuple[bytes, dict[int, str]]:
        """The body with about a third of its documents taken out, and their places and ids."""
        lines = body.splitlines()
        kept: list[bytes] = []
        refused: dict[int, str] = {}
        for place in range(len(lines) // 2):
            action, source = lines[2 * place : 2 * place + 2]
            if self.random.random() < 0.3 or (place == 0 and len(lines) == 2):
                refused[place] = orjson.loads(action)["create"]["_id"]
            else:
                kept += [action, source]
        if not kept:
            refused.pop(0)
            kept = lines[:2]
        return b"\n".join(kept) + b"\n", refused


def _with_refusals(answer: bytes, refused: dict[int, str]) -> bytes:
    decoded = orjson.loads(answer)
    items = iter(decoded["items"])
    whole = []
    for place in range(len(decoded["items"]) + len(refused)):
        if place in refused:
            error = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
            whole.append({"create": {"_id": refused[place], "status": 429, "error": error}})
        else:
            whole.append(next(items))
    return orjson.dumps({**decoded, "errors": True, "items": whole})


def _send(to: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
    _send_raw(to, status, orjson.dumps(body), "application/json")


def _send_raw(to: BaseHTTPRequestHandler, status: int, body: bytes, media_type: str) -> None:
    to.send_response(status)
    to.send_header("Content-Type", media_type)
    to.send_header("X-Elastic-Product", "Elasticsearch")
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    to.wfile.write(body)


def _cut(to: BaseHTTPRequestHandler, part: bytes, promised: int = 1_000_000) -> None:
    """Promise more bytes than come, and hang up."""
    to.send_response(200)
    to.send_header("Content-Type", "application/json")
    to.send_header("X-Elastic-Product", "Elasticsearch")
    to.send_header("Content-Length", str(promised))
    to.end_headers()
    to.wfile.write(part)
    to.wfile.flush()
    to.close_connection = True
