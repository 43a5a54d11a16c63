"""Import, then every way of reading it back."""

import csv
import io
import json
from pathlib import Path

import pytest

from .conftest import Run

TLS_REPORT = {
    "organization-name": "Sample \x1b[31mOrg",
    "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
    "contact-info": "=cmd()",
    "report-id": "r1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-domain": "example.org"},
            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 2},
            "failure-details": [{"result-type": "starttls-not-supported", "sending-mta-ip": "198.51.100.7", "failed-session-count": 2}],
        }
    ],
}


@pytest.fixture
def imported(run: Run, tmp_path: Path) -> Run:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(TLS_REPORT))
    done = run("import", file)
    assert done.returncode == 0, done.stderr
    assert "1 stored" in done.stderr
    return run


def test_importing_again_changes_nothing(imported: Run, tmp_path: Path) -> None:
    assert "1 already there" in imported("import", tmp_path / "report.json").stderr
    assert json.loads(imported("query", "reports", "--json").stdout) == {"count": 1}


def test_a_table_cannot_move_the_terminals_cursor(imported: Run) -> None:
    done = imported("reports")
    assert "Sample \\x1b[31mOrg" in done.stdout
    assert "\x1b[31m" not in done.stdout


def test_json_and_csv_are_for_programs(imported: Run) -> None:
    row = json.loads(imported("reports", "--json").stdout)
    assert row["report.messages"] == 7
    assert row["@timestamp"] == "2026-11-01T00:00:00Z"
    (line,) = csv.DictReader(io.StringIO(imported("export", "reports", "--format", "csv").stdout))
    assert line["report.failures"] == "2"
    assert line["report.contact"] == "'=cmd()"


def test_a_document_is_listed_by_its_id(imported: Run) -> None:
    (row,) = [json.loads(line) for line in imported("reports", "--json").stdout.splitlines()]
    found = imported("reports", f"id={row['id']}", "--json")
    assert (found.returncode, json.loads(found.stdout)) == (0, row)
    missing = imported("reports", f"id={row['id']},nothing", "--json")
    assert (missing.returncode, missing.stderr) == (1, "stripwatch: reports: nothing has the id nothing\n")
    assert imported("reports", f"id={row['id']}", "kind=dmarc").returncode == 2


def test_query_groups_and_sums(imported: Run) -> None:
    done = imported("query", "tlsrpt_failures", "-b", "tlsrpt.result_type", "-m", "n:sum(tlsrpt.failed_session_count)", "--json")
    assert json.loads(done.stdout) == {"n": 2, "tlsrpt.result_type": "starttls-not-supported"}
    refused = imported("query", "tlsrpt", "-b", "no.such.field")
    assert refused.returncode == 2
    assert "no.such.field" in refused.stderr


def test_export_parquet_reads_back(imported: Run, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    file = tmp_path / "out.parquet"
    assert imported("export", "tlsrpt", "--format", "parquet", "--output", file).returncode == 0
    (row,) = pq.read_table(file).to_pylist()
    assert row["tlsrpt.successful_sessions"] == 5


def test_nothing_stored_yet_is_said(run: Run) -> None:
    done = run("sessions")
    assert done.returncode == 1
    assert "nothing is stored yet" in done.stderr


def test_what_cannot_be_used_is_a_dead_letter_that_can_be_shown_and_retried(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b'{"organization-name": "x", "policies": ')
    done = run("import", bad, tmp_path / "missing")
    assert done.returncode == 1
    assert "1 could not be used" in done.stderr
    assert "not_found" in done.stderr
    letter = json.loads(run("deadletter", "list", "--json").stdout)
    assert run("deadletter", "show", letter["id"]).stdout == bad.read_text()
    again = run("deadletter", "retry", "--all")
    assert again.returncode == 1
    assert again.stderr.startswith(f"stripwatch: {letter['id']}: ")
    assert "1 could not be used" in again.stderr
    assert json.loads(run("deadletter", "list", "--json").stdout)["id"] != letter["id"]
    assert run("deadletter", "show", "nothing").returncode == 1


def test_replay_fills_a_lost_store(imported: Run, data: Path) -> None:
    (data / "store.duckdb").unlink()
    assert imported("replay").stdout == "1 records replayed\n"
    assert json.loads(imported("query", "reports", "--json").stdout) == {"count": 1}


def test_a_damaged_store_is_set_aside_and_rebuilt(imported: Run, data: Path) -> None:
    (data / "store.duckdb").write_bytes(b"not a database" * 1000)
    done = imported("replay")
    assert done.returncode == 0, done.stderr
    assert json.loads(imported("query", "reports", "--json").stdout) == {"count": 1}
    assert list(data.glob("store.duckdb*damaged*"))


def test_check_says_what_is_wrong_and_how_to_mend_it(run: Run) -> None:
    done = run("check", STRIPWATCH_SMTP_HOST="127.0.0.1", STRIPWATCH_HTTPS_HOST="127.0.0.1")
    assert done.returncode == 1
    assert "set [smtp] recipients" in done.stdout
    rows = [json.loads(line) for line in run("check", "--json").stdout.splitlines()]
    assert {row["part"] for row in rows} >= {"configuration", "clock", "disk", "spool", "store", "smtp", "https", "certificate"}


def test_a_reporter_that_fell_silent_is_named(run: Run, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(6, 14):
        begin = today - timedelta(days=ago)
        dates = {"start-datetime": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "end-datetime": f"{begin:%Y-%m-%dT}23:59:59Z"}
        (tmp_path / f"{ago}.json").write_text(json.dumps({**TLS_REPORT, "date-range": dates, "report-id": str(ago)}))
    assert run("import", tmp_path, STRIPWATCH_DATA_FOLDER=str(tmp_path / "x" / "data")).returncode == 0
    done = run("reports", STRIPWATCH_DATA_FOLDER=str(tmp_path / "x" / "data"))
    assert "Sample \\x1b[31mOrg has sent no TLS report for 5 days" in done.stdout
