"""The service tells of what a capture shows, once, and a restart tells nothing again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from stripwatch.demo.run import week_end
from stripwatch.demo.traffic import capture
from tests.serving import LOOPBACK, Serving, environ

from .conftest import Hook

FRESH = {"ALERTS_FRESH_DAYS": "30"}
"""The demo's week may end a week ago."""


def stripwatch(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stripwatch", *arguments]
    return subprocess.run(command, env=environ(folder, **LOOPBACK, **settings), capture_output=True, text=True, timeout=90, check=False)


def test_people_are_told_of_what_a_capture_shows(tmp_path: Path, hook: Hook) -> None:
    data, path = tmp_path / "data", tmp_path / "tap.pcapng"
    path.write_bytes(capture(week_end(datetime.now(UTC))))
    serving = Serving(data, ALERTS_URLS=hook.url, NETWORKS_OURS="192.0.2.0/24,2001:db8:200::/48", **FRESH)
    try:
        assert stripwatch(data, "sniff", str(path), NETWORKS_OURS="192.0.2.0/24,2001:db8:200::/48").returncode == 0
        deadline = time.monotonic() + 30
        while "STARTTLS was masked" not in "".join(message["message"] for message in hook.messages):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        private = f"http://127.0.0.1:{serving.ports['dashboard']}"
        assert "everything that was due is told" in httpx.get(f"{private}/health").text
        assert "stripwatch_alerts_incidents_total " in httpx.get(f"{private}/metrics").text
    finally:
        assert serving.end(signal.SIGTERM) == 0
    told = len(hook.messages)
    serving = Serving(data, ALERTS_URLS=hook.url, **FRESH)
    time.sleep(2)
    assert serving.end(signal.SIGTERM) == 0
    assert len(hook.messages) == told
    assert "pa55word" not in "".join(serving.lines)


def test_a_service_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and never answers
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=60&cto=60"
        data, path = tmp_path / "data", tmp_path / "tap.pcapng"
        path.write_bytes(capture(week_end(datetime.now(UTC))))
        assert stripwatch(data, "sniff", str(path)).returncode == 0
        serving = Serving(data, ALERTS_URLS=url, **FRESH)
        silent.settimeout(30)
        silent.accept()
        began = time.monotonic()
        assert serving.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 8
        assert not [line for line in serving.lines if "still busy" in line]


def test_check_sends_a_test(tmp_path: Path, hook: Hook) -> None:
    done = stripwatch(tmp_path, "check", "--send-alert", ALERTS_URLS=hook.url)
    assert hook.messages[0]["title"] == "stripwatch: a test"
    assert "JSON took the test message" in done.stdout and "pa55word" not in done.stdout
    hook.refusing = True
    assert "JSON did not take the test message" in stripwatch(tmp_path, "check", "--send-alert", ALERTS_URLS=hook.url).stdout


def test_an_address_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    done = stripwatch(tmp_path, "serve", ALERTS_URLS="nosuch://a:pa55word@gate.example")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["stripwatch: [alerts] urls: number 1 is no address that Apprise knows"]
    checked = stripwatch(tmp_path, "check", ALERTS_URLS="nosuch://a:pa55word@gate.example")
    assert checked.returncode == 1 and "number 1 is no address" in checked.stdout and "pa55word" not in checked.stdout
