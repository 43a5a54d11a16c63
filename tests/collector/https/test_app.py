"""Each answer of the HTTPS intake, from real clients over TLS on loopback, with the real spool behind it."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ingest.spool.errors import SpoolClosed, SpoolUnavailable
from ingest.spool.limits import SpoolLimits

TLSRPT = {"content-type": "application/tlsrpt+json"}
SECRET = "correct-horse-battery"
TOKENS = (("sensor-a", SECRET), ("sensor-b", "sha256:" + hashlib.sha256(b"another-long-secret").hexdigest()))


def client(intake: Any, **options: Any) -> httpx.Client:
    return httpx.Client(verify=False, base_url=intake.url, timeout=10, **options)


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def tls_wire(intake: Any) -> Any:
    wire = intake.connect()
    wire.start_tls()
    return wire


def test_posted_report_is_in_the_spool_as_it_came(start_https: Any) -> None:
    intake = start_https()
    with client(intake) as poster:
        answer = poster.post(
            "/v1/tlsrpt", content=b'{"organization-name": "x"}', headers={"content-type": "Application/TLSRPT+json; charset=utf-8"}
        )
    assert answer.status_code == 201
    (found,) = intake.records()
    assert answer.json() == {"id": found.id}
    record = found.record
    assert (record.way, record.content, record.body) == ("https", "report", b'{"organization-name": "x"}')
    assert (record.http_path, record.media_type, record.tls_version) == ("/v1/tlsrpt", "application/tlsrpt+json", "TLSv1.3")
    assert (record.peer_address, record.token_name) == ("127.0.0.1", None)
    assert record.peer_port


def test_media_types(start_https: Any) -> None:
    intake = start_https()
    dmarc = ("application/xml", "text/xml", "application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed")
    taken = [("/v1/tlsrpt", "application/tlsrpt+gzip"), *(("/v1/dmarc", media_type) for media_type in dmarc)]
    body = gzip.compress(b"whatever it is: the bytes are kept")
    with client(intake) as poster:
        for path, media_type in taken:
            assert poster.post(path, content=body, headers={"content-type": media_type}).status_code == 201, media_type
    assert [(found.record.http_path, found.record.media_type) for found in intake.records()] == taken
    assert {found.record.body for found in intake.records()} == {body}


def test_encoded_body_is_kept_encoded(start_https: Any) -> None:
    intake = start_https()
    body = gzip.compress(b"{}")
    with client(intake) as poster:
        assert poster.post("/v1/tlsrpt", content=body, headers={**TLSRPT, "content-encoding": "gzip"}).status_code == 201
    assert intake.records()[0].record.body == body


def test_wrong_media_type_is_told_the_right_ones(start_https: Any) -> None:
    intake = start_https()
    wrong = [{"content-type": kind} for kind in ("text/plain", "application/json", "", "application/tlsrpt+json2")]
    with client(intake) as poster:
        for headers in [*wrong, {}]:
            answer = poster.post("/v1/tlsrpt", content=b"x" * 100_000, headers=headers)
            assert answer.status_code == 415, headers
            assert answer.json()["accepted"] == ["application/tlsrpt+json", "application/tlsrpt+gzip"]
            assert answer.headers["accept-post"] == "application/tlsrpt+json, application/tlsrpt+gzip"
    assert intake.records() == []


def test_nothing_else_is_here(start_https: Any) -> None:
    intake = start_https()
    with client(intake) as poster:
        for path in ("/docs", "/redoc", "/openapi.json", "/v1", "/v1/tlsrpt/", "/v1/tlsrpt/x", "/metrics", "/healthz", "/%2e%2e/"):
            assert poster.get(path).status_code == 404, path
            assert poster.post(path, content=b"x", headers=TLSRPT).status_code == 404, path


def test_what_is_here(start_https: Any) -> None:
    intake = start_https()
    with client(intake) as poster:
        answer = poster.get("/")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert "server" not in answer.headers
        refused = poster.get("/v1/dmarc")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_sessions_need_a_token(start_https: Any) -> None:
    intake = start_https(tokens=TOKENS)
    kind = {"content-type": "application/x-ndjson"}
    with client(intake) as poster:
        for wrong in (None, "Bearer", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer " + TOKENS[1][1], "Bearer \xff"):
            headers = kind if wrong is None else {**kind, "authorization": wrong.encode("latin-1")}
            answer = poster.post("/v1/sessions", content=b"{}\n", headers=headers)
            assert answer.status_code == 401, wrong
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for token in (SECRET, "another-long-secret"):
            assert poster.post("/v1/sessions", content=b"{}\n", headers={**kind, "authorization": f"bearer {token}"}).status_code == 201
    assert [(found.record.way, found.record.content, found.record.token_name) for found in intake.records()] == [
        ("sensor", "sessions", "sensor-a"),
        ("sensor", "sessions", "sensor-b"),
    ]


def test_without_tokens_nobody_posts_sessions(start_https: Any) -> None:
    intake = start_https()
    with client(intake) as poster:
        answer = poster.post("/v1/sessions", content=b"{}", headers={"content-type": "application/x-ndjson", "authorization": "Bearer x"})
    assert answer.status_code == 401


def test_empty_body_is_no_report(start_https: Any) -> None:
    with client(start_https()) as poster:
        assert poster.post("/v1/tlsrpt", content=b"", headers=TLSRPT).status_code == 400


@pytest.mark.parametrize("tls", [True, False])
def test_body_over_the_limit_is_told_so(start_https: Any, tls: bool) -> None:
    intake = start_https(body_limit=100_000, tls=tls)
    with client(intake) as poster:
        assert poster.post("/v1/tlsrpt", content=b"x" * 100_000, headers=TLSRPT).status_code == 201
        for body in (b"x" * 100_001, iter([b"x" * 60_000] * 2)):
            answer = poster.post("/v1/tlsrpt", content=body, headers=TLSRPT)
            assert (answer.status_code, answer.json()["limit"]) == (413, 100_000)
    assert len(intake.records()) == 1
    assert until(lambda: intake.intake.snapshot().bytes_in_flight == 0)


def test_endless_chunked_post_is_cut(start_https: Any) -> None:
    intake = start_https(body_limit=1 << 20, tls=False)
    sent = 0
    with intake.connect() as wire:
        wire.send(b"POST /v1/tlsrpt HTTP/1.1", b"Host: x", b"Content-Type: application/tlsrpt+json", b"Transfer-Encoding: chunked", b"")
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 8:
                wire.send(b"10000", b"x" * 65536)
                sent += 65536
    assert time.monotonic() - started < 3
    assert intake.refused("body_too_large") == 1
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_chunked_post_is_taken(start_https: Any) -> None:
    intake = start_https()
    with client(intake) as poster:
        assert poster.post("/v1/tlsrpt", content=iter([b"a" * 70_000, b"b", b"c" * 70_000]), headers=TLSRPT).status_code == 201
    assert intake.records()[0].record.body == b"a" * 70_000 + b"b" + b"c" * 70_000


def test_spool_failures_are_temporary(start_https: Any) -> None:
    intake = start_https(retry_seconds=7)
    with client(intake) as poster:
        for failure, reason in (
            (SpoolUnavailable("EIO"), "spool_unavailable"),
            (SpoolClosed(), "spool_closed"),
            (ZeroDivisionError("a bug"), "internal_error"),
        ):
            intake.sink.failure = failure
            answer = poster.post("/v1/tlsrpt", content=b"{}", headers=TLSRPT)
            assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (503, "7", {"error": reason})
        intake.sink.failure = RuntimeError("a bug before the body")
        intake.sink.check_too = True
        assert poster.post("/v1/tlsrpt", content=b"{}", headers=TLSRPT).status_code == 503
        intake.sink.failure = None
        assert poster.post("/v1/tlsrpt", content=b"{}", headers=TLSRPT).status_code == 201


def test_full_spool_is_temporary_and_over_when_it_is_drained(start_https: Any) -> None:
    intake = start_https(limits=SpoolLimits(min_free_bytes=0, reserve_bytes=0, pending_bytes=400_000, measure_seconds=0.0))
    with client(intake) as poster:
        answers = [poster.post("/v1/tlsrpt", content=b"x" * 100_000, headers=TLSRPT) for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert refused
        assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {(503, "600")}
        assert len(intake.records()) == len(answers) - len(refused)
        intake.drain()
        assert poster.post("/v1/tlsrpt", content=b"x", headers=TLSRPT).status_code == 201


def test_slow_body_is_408(start_https: Any) -> None:
    intake = start_https(body_grace=0.3, body_rate=10_000.0)
    with tls_wire(intake) as wire:
        wire.send(b"POST /v1/tlsrpt HTTP/1.1", b"Host: x", b"Content-Type: application/tlsrpt+json", b"Content-Length: 1000", b"")
        started = time.monotonic()
        wire.socket.sendall(b"x")
        assert wire.line() == "HTTP/1.1 408 Request Timeout"
        assert time.monotonic() - started < 2
    assert intake.refused("too_slow") == 1


@pytest.mark.parametrize("start", [b"", b"POST /v1/tlsrpt HTTP/1.1\r\nHost: x\r\n"])
def test_slow_head_is_408(start_https: Any, start: bytes) -> None:
    intake = start_https(header_seconds=0.3)
    with tls_wire(intake) as wire:
        wire.socket.sendall(start)
        started = time.monotonic()
        assert wire.line() == "HTTP/1.1 408 Request Timeout"
        assert 0.2 < time.monotonic() - started < 2
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_slow_head_of_a_second_request_is_cut_too(start_https: Any) -> None:
    intake = start_https(header_seconds=0.4, tls=False)
    with intake.connect() as wire:
        wire.send(b"GET / HTTP/1.1", b"Host: x", b"")
        while wire.line():
            pass
        started = time.monotonic()
        try:
            while time.monotonic() - started < 5:
                wire.socket.sendall(b"G")
                time.sleep(0.05)
        except OSError:
            pass
        assert time.monotonic() - started < 3


def test_silence_before_the_handshake_is_cut_and_counted(start_https: Any) -> None:
    intake = start_https(handshake_seconds=0.3, peer_limit=1)
    with intake.connect() as wire:
        assert until(lambda: intake.intake.snapshot().connections_open == 1)
        assert wire.rest() == b""
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_endless_head_is_refused(start_https: Any) -> None:
    intake = start_https(tls=False)
    with intake.connect() as wire, pytest.raises(OSError):
        for _ in range(1000):
            wire.socket.sendall(b"x" * 65536)
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


HEAD = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%s\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01 no HTTP\r\n\r\n", 400),
        (HEAD % (b"/v1/tlsrpt", b"application/tlsrpt+json", b"Content-Length: -3"), 400),
        (HEAD % (b"/v1/tlsrpt", b"application/tlsrpt+json", CHUNKED) + b"zz\r\nabc", 400),
        (HEAD % (b"/v1/tlsrpt", b"text/html", CHUNKED), 415),
        (HEAD % (b"/nothing", b"text/html", CHUNKED), 404),
    ],
)
def test_what_is_no_http_is_counted_and_never_a_line_of_the_log(
    start_https: Any, caplog: pytest.LogCaptureFixture, request_: bytes, status: int
) -> None:
    """The last two have their answer already when the chunk comes that is none."""
    intake = start_https(tls=False)
    with intake.connect() as wire:
        wire.socket.settimeout(10)
        wire.socket.sendall(request_)
        said = wire.socket.recv(65536)
        assert said.startswith(b"HTTP/1.1 %d " % status)
        if status != 400:
            wire.socket.sendall(b"zz\r\nabc")
        while piece := wire.socket.recv(65536):
            said += piece
    assert said.count(b"HTTP/1.1") == 1
    assert until(lambda: intake.intake.snapshot().connections_open == 0)
    if status == 400:
        assert said.endswith(b'{"error": "request_malformed"}\n')
        assert intake.intake.snapshot().refused["request_malformed"] == 1
    assert [each.getMessage() for each in caplog.records if each.levelname != "DEBUG" and "Started server" not in each.getMessage()] == []
    assert not intake.records()


@pytest.mark.parametrize("tls", [True, False])
def test_too_many_connections(start_https: Any, tls: bool) -> None:
    intake = start_https(peer_limit=2, tls=tls)
    wires = [tls_wire(intake) if tls else intake.connect() for _ in range(2)]
    assert until(lambda: intake.intake.snapshot().connections_open == 2)
    with client(intake) as poster:
        answer = poster.get("/")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    wires.pop().close()
    assert until(lambda: intake.intake.snapshot().connections_open == 1)
    with client(intake) as poster:
        assert poster.get("/").status_code == 200
    for wire in wires:
        wire.close()
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def _half(wire: Any, size: int) -> None:
    wire.send(b"POST /v1/tlsrpt HTTP/1.1", b"Host: x", b"Content-Type: application/tlsrpt+json", b"Content-Length: %d" % size, b"")


def test_too_many_requests_and_too_many_bytes_at_once(start_https: Any) -> None:
    intake = start_https(request_limit=1)
    with tls_wire(intake) as wire, client(intake) as poster:
        _half(wire, 1000)
        assert until(lambda: intake.intake.snapshot().bytes_in_flight > 0)
        answer = poster.post("/v1/tlsrpt", content=b"{}", headers=TLSRPT)
        assert (answer.status_code, answer.json()["error"]) == (503, "too_many_requests")
    assert until(lambda: intake.intake.snapshot().bytes_in_flight == 0)


def test_bytes_in_flight_are_bounded(start_https: Any) -> None:
    intake = start_https(in_flight_limit=200_000, body_limit=150_000)
    with tls_wire(intake) as wire, client(intake) as poster:
        _half(wire, 150_000)
        wire.socket.sendall(b"x" * 120_000)
        assert until(lambda: intake.intake.snapshot().bytes_in_flight >= 150_000)  # what is here, and what may still come
        answer = poster.post("/v1/tlsrpt", content=b"y" * 120_000, headers=TLSRPT)
        assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "in_flight_full", "60")
        wire.socket.sendall(b"x" * 30_000)
        assert wire.line() == "HTTP/1.1 201 Created"
        assert poster.post("/v1/tlsrpt", content=b"y" * 120_000, headers=TLSRPT).status_code == 201


def test_forwarded_addresses_are_believed_only_from_proxies(start_https: Any) -> None:
    headers = {**TLSRPT, "x-forwarded-for": "198.51.100.7"}
    for proxies, expected in (((), "127.0.0.1"), (("127.0.0.0/8",), "198.51.100.7"), (("192.0.2.0/24",), "127.0.0.1")):
        intake = start_https(tls=False, proxies=proxies)
        with client(intake) as poster:
            assert poster.post("/v1/tlsrpt", content=b"{}", headers=headers).status_code == 201
        assert intake.records()[-1].record.peer_address == expected
        assert intake.records()[-1].record.tls_version is None
        intake.drain()
        intake.stop()


def test_poster_that_hangs_up_leaves_nothing_behind(start_https: Any) -> None:
    intake = start_https()
    with tls_wire(intake) as wire:
        _half(wire, 1000)
        wire.socket.sendall(b"x" * 500)
        assert until(lambda: intake.intake.snapshot().bytes_in_flight > 0)
    assert until(lambda: intake.intake.snapshot().bytes_in_flight == 0)
    assert intake.intake.snapshot().weird["connection_broken"] == 1
    assert intake.records() == []


def test_stop_lets_the_request_under_way_finish(start_https: Any) -> None:
    intake = start_https(stop_seconds=5.0)
    with tls_wire(intake) as wire:
        _half(wire, 1000)
        wire.socket.sendall(b"x" * 500)
        assert until(lambda: intake.intake.snapshot().bytes_in_flight > 0)
        stopping = threading.Thread(target=intake.stop)
        stopping.start()
        time.sleep(0.2)
        with pytest.raises(OSError):
            socket.create_connection(intake.address, 1)
        wire.socket.sendall(b"x" * 500)
        assert wire.line() == "HTTP/1.1 201 Created"
        stopping.join(5)
        assert not stopping.is_alive()
    assert len(intake.records()) == 1


def test_stop_does_not_wait_for_ever(start_https: Any) -> None:
    intake = start_https(stop_seconds=1.0)
    with tls_wire(intake) as wire:
        _half(wire, 1000)
        assert until(lambda: intake.intake.snapshot().bytes_in_flight > 0)
        started = time.monotonic()
        intake.stop()
        assert time.monotonic() - started < 4


def test_many_posters_each_exactly_once(start_https: Any) -> None:
    intake = start_https()

    def post(number: int) -> list[tuple[str, bytes]]:
        with client(intake) as poster:
            bodies = [json.dumps({"report-id": f"{number}-{turn}"}).encode() for turn in range(10)]
            return [(poster.post("/v1/tlsrpt", content=body, headers=TLSRPT).json()["id"], body) for body in bodies]

    with ThreadPoolExecutor(20) as pool:
        acknowledged = [pair for pairs in pool.map(post, range(20)) for pair in pairs]
    assert sorted((found.id, found.record.body) for found in intake.records()) == sorted(acknowledged)
    assert len(acknowledged) == 200


@pytest.fixture(autouse=True)
def _no_proxies_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield
