"""``reports --conflicts`` and ``--choose``, with and without a running service."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.ingest.drain.conftest import dmarc_report
from tests.serving import Serving, environ


def run(data: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stripwatch", *arguments]
    done = subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done


def versions(data: Path) -> dict[int, dict[str, Any]]:
    """By the messages that each speaks of."""
    rows = [json.loads(line) for line in run(data, "reports", "--conflicts", "--json").stdout.splitlines()]
    return {row["report.messages"]: row for row in rows}


def messages(data: Path) -> int:
    done = run(data, "query", "dmarc", "counted=true", "-m", "messages:sum(dmarc.count)", "--json")
    return int(json.loads(done.stdout)["messages"])


def test_a_choice_holds_with_and_without_the_service_and_after_a_lost_store(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number, body in enumerate((dmarc_report(rows=2), dmarc_report(rows=3, count=2))):
        (tmp_path / f"{number}.xml").write_bytes(body)
    run(data, "import", str(tmp_path / "0.xml"), str(tmp_path / "1.xml"))
    found = versions(data)
    assert (found[2]["counted"], found[6]["counted"], found[6]["left_out"]) == (True, False, "conflict")
    assert (found[2]["rows_only_here"], found[6]["rows_only_here"]) == (2, 3)
    assert found[2]["received"] and found[2]["report.identity"] == found[6]["report.identity"]
    table = run(data, "reports")
    assert "1 in conflict with another: stripwatch reports --conflicts" in table.stdout
    run(data, "reports", "--choose", found[6]["id"])
    assert messages(data) == 6
    assert "unknown_report" in run(data, "reports", "--choose", "nothing", code=1).stderr
    run(data, "reports", "--choose", found[6]["id"], "--conflicts", code=2)
    for kept in data.glob("store.duckdb*"):
        kept.unlink()
    run(data, "replay")
    assert messages(data) == 6, "the choice is kept apart from the store"
    serving = Serving(data)
    try:
        run(data, "reports", "--choose", found[2]["id"])
        assert messages(data) == 2
        assert "unknown_report" in run(data, "reports", "--choose", "nothing", code=1).stderr
        page = httpx.get(f"http://127.0.0.1:{serving.ports['dashboard']}/reports/{found[6]['id']}").text
        assert "Count this one" in page and found[2]["id"] in page
    finally:
        serving.end(signal.SIGTERM)
    assert messages(data) == 2
