"""``serve`` from outside: mail, posts and sessions in, everything accounted for, read while it runs, stopped in time."""

from __future__ import annotations

import contextlib
import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ingest.drain.conftest import dmarc_report, lines, mail, session, tls_report
from tests.serving import Serving, environ

TOKEN = "0123456789abcdef"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def serving(data: Path) -> Iterator[Serving]:
    running = Serving(data, HTTPS_TOKENS=json.dumps([["gw1", TOKEN]]), REPORTS_COUNTED="verified,posted,imported,unsigned")
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGKILL)


def stripwatch(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stripwatch", *arguments]
    return subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60)


def ask(data: Path, *arguments: str) -> list[dict[str, Any]]:
    """A reading command's JSON lines."""
    command = [sys.executable, "-m", "stripwatch", *arguments, "--json"]
    done = subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def await_arrivals(data: Path, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while len(found := ask(data, "query", "arrivals", "-b", "spool.id", "-b", "outcome")) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    return found


def test_what_comes_in_by_every_door_is_accounted_for(serving: Serving, data: Path) -> None:
    with smtplib.SMTP("127.0.0.1", serving.ports["smtp"]) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.sendmail("a@sample.example", ["tls@example.org"], mail(tls_report("mailed")))
        client.sendmail("a@sample.example", ["tls@example.org"], b"Subject: no report\r\n\r\nHello.\r\n")
    with httpx.Client(base_url=f"https://127.0.0.1:{serving.ports['https']}", verify=False) as web:
        posts = [
            ("/v1/tlsrpt", "application/tlsrpt+json", tls_report("posted"), {}),
            ("/v1/dmarc", "application/xml", dmarc_report(), {}),
            ("/v1/dmarc", "application/gzip", b"\x1f\x8b" + b"noise" * 100, {}),
            ("/v1/sessions", "application/x-ndjson", lines(session(1), session(2)) + b"junk\n", {"Authorization": f"Bearer {TOKEN}"}),
        ]
        for path, media_type, body, headers in posts:
            answer = web.post(path, content=body, headers={"Content-Type": media_type, **headers})
            assert answer.status_code == 201, answer.text
        assert web.post("/v1/sessions", content=b"{}", headers={"Content-Type": "application/x-ndjson"}).status_code == 401
    outcomes = await_arrivals(data, 6)
    assert sorted(row["outcome"] for row in outcomes) == ["dead_letter", "dead_letter", "dead_letter", "stored", "stored", "stored"]
    letters = ask(data, "deadletter", "list")
    assert {letter["reason"] for letter in letters} >= {"bad_gzip", "bad_session"}
    assert len(letters) == 3
    assert {row["report.id"] for row in ask(data, "reports")} == {"mailed", "posted", "d1"}
    assert len(ask(data, "sessions")) == 2
    page = httpx.get(f"http://127.0.0.1:{serving.ports['dashboard']}/?last=all")
    assert page.status_code == 200
    assert "Sample Org" in page.text
    metrics = httpx.get(f"http://127.0.0.1:{serving.ports['dashboard']}/metrics").text
    assert 'stripwatch_items_total{outcome="stored"} 5.0' in metrics
    assert 'stripwatch_intake_accepted_total{intake="smtp"} 2.0' in metrics


def test_other_commands_feed_and_read_while_it_runs(serving: Serving, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(tls_report("from a file"))
    command = [sys.executable, "-m", "stripwatch", "import", str(file)]
    done = subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "1 stored\n")
    (row,) = ask(data, "reports")
    assert row["report.id"] == "from a file"


def test_what_the_service_cannot_use_is_told_to_the_command_that_brought_it(serving: Serving, data: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(tls_report("good"))
    bad.write_bytes(b'{"policies": [')
    done = stripwatch(data, "import", str(good), str(bad))
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith(f"stripwatch: {bad}: bad_json")
    assert done.stderr.splitlines()[1:] == ["1 stored, 1 could not be used (see stripwatch deadletter list)"]
    (letter,) = ask(data, "deadletter", "list")
    again = stripwatch(data, "deadletter", "retry", letter["id"])
    assert again.returncode == 1
    assert again.stderr.startswith(f"stripwatch: {letter['id']}: bad_json")
    assert again.stderr.count("\n") == 2


def test_it_stops_in_time_and_keeps_everything(serving: Serving, data: Path) -> None:
    with smtplib.SMTP("127.0.0.1", serving.ports["smtp"]) as client:
        client.sendmail("a@sample.example", ["tls@example.org"], mail(tls_report("last words")))
    began = time.monotonic()
    assert serving.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10
    again = Serving(data)
    try:
        await_arrivals(data, 1)
        assert [row["report.id"] for row in ask(data, "reports")] == ["last words"]
    finally:
        again.end(signal.SIGTERM)


def test_two_services_on_one_folder_is_refused(serving: Serving, data: Path) -> None:
    command = [sys.executable, "-m", "stripwatch", "serve"]
    done = subprocess.run(command, env=environ(data, SMTP_RECIPIENTS="example.org"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "drain_locked" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dashboard_outside_loopback_needs_a_password(data: Path) -> None:
    settings = {"SMTP_RECIPIENTS": "example.org", "SMTP_PORT": "0", "SMTP_HOST": "127.0.0.1", "HTTPS_PORT": "0", "HTTPS_HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "stripwatch", "serve"]
    env = environ(data, SERVE_DASHBOARD_HOST="0.0.0.0", SERVE_DASHBOARD_PORT="0", **settings)
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "[dashboard] password" in done.stderr


@pytest.mark.timeout(300)
def test_a_store_that_is_not_there_yet_loses_nothing(data: Path, elasticsearch_url: str, elasticsearch_prefix: str) -> None:
    """The cluster is down at the start; it is reached through a port that opens later."""
    target = elasticsearch_url.rsplit(":", 1)
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    door.close()
    elastic = {
        "STORE": "elasticsearch",
        "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}",
        "ELASTICSEARCH_PREFIX": elasticsearch_prefix,
    }
    running = Serving(data, **elastic)
    try:
        with smtplib.SMTP("127.0.0.1", running.ports["smtp"]) as client:
            client.sendmail("a@sample.example", ["tls@example.org"], mail(tls_report("patient")))
        assert httpx.get(f"http://127.0.0.1:{running.ports['dashboard']}/readyz").status_code == 503
        door = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=_forward, args=(door, int(target[1])), daemon=True).start()
        deadline = time.monotonic() + 60
        while not (found := _documents(elasticsearch_url, elasticsearch_prefix)):
            assert time.monotonic() < deadline, running.lines
            time.sleep(0.5)
        assert found == ["patient"]
    finally:
        running.end(signal.SIGTERM)
        door.close()


def _documents(url: str, prefix: str) -> list[str]:
    answer = httpx.get(f"{url}/{prefix}-reports-*/_search?ignore_unavailable=true")
    hits = answer.json().get("hits", {}).get("hits", [])
    return [hit["_source"]["report.id"] for hit in hits]


def _forward(door: socket.socket, port: int) -> None:
    """Every connection on to the node, until the door is closed."""
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        node = socket.create_connection(("127.0.0.1", port))
        for one, other in ((client, node), (node, client)):
            threading.Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
