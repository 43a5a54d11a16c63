"""``stripwatch import`` of Zeek's and Suricata's logs, as a user runs it."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

GOLDEN = Path(__file__).parents[2] / "golden" / "logs"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """All golden logs in one folder with subfolders, and a report beside them."""
    folder = tmp_path / "logs"
    shutil.copytree(GOLDEN, folder, ignore=shutil.ignore_patterns("expected.ndjson", "README.md"))
    return folder


def stored(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("sessions", "--json", "-n", "100").stdout.splitlines()]


def test_a_folder_of_logs(run: Run, logs: Path) -> None:
    done = run("import", logs, "--observer", "berlin")
    assert (done.returncode, done.stderr) == (0, "22 stored\n")
    sessions = stored(run)
    wanted = sum(len((GOLDEN / case / "expected.ndjson").read_text().splitlines()) for case in ("zeek-tsv", "zeek-json", "suricata-eve"))
    assert len(sessions) == wanted == 22
    assert {session["observer.name"] for session in sessions} == {"berlin"}
    assert run("import", logs).stderr == "22 already there\n"


def test_what_a_log_cannot_say_is_null_in_the_store(run: Run, logs: Path) -> None:
    run("import", logs)
    for session in stored(run):
        assert not {"smtp.starttls.offered", "smtp.ehlo", "smtp.banner", "smtp.auth.offered_in_clear"} & session.keys()
    asked = run(
        "query", "sessions", "-m", "no:count[smtp.starttls.offered=false]", "-m", "not_asked:count[smtp.starttls.requested=false]", "--json"
    )
    assert json.loads(asked.stdout) == {"no": 0, "not_asked": 0}
    assert run("incidents").stdout.strip() == "No incidents."


def test_form_is_told_by_content_and_partners_stand_in_other_files(run: Run, tmp_path: Path) -> None:
    for place, name in enumerate(("smtp.log", "ssl.log", "conn.log", "x509.log")):
        (tmp_path / f"{place}.eml").write_bytes(gzip.compress((GOLDEN / "zeek-tsv" / name).read_bytes()))
    done = run("import", *sorted(tmp_path.glob("*.eml")))
    assert (done.returncode, done.stderr) == (0, "9 stored\n")
    assert sorted(session["smtp.verdict"] for session in stored(run)).count("tls") == 3


def test_standard_input(run: Run) -> None:
    done = run("import", "-", stdin=(GOLDEN / "suricata-eve" / "eve.json").read_bytes())
    assert (done.returncode, done.stderr) == (0, "8 stored\n")
    assert {session["observer.name"] for session in stored(run)} == {"berlin"}


def test_damage_is_one_line_and_the_rest_is_used(run: Run, logs: Path) -> None:
    cut = logs / "zeek-tsv" / "smtp.log"
    cut.write_bytes(cut.read_bytes()[:-200])
    done = run("import", logs)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"stripwatch: {cut}: damaged_lines: 1 of 15 lines (line 15: 25 fields instead of 26)",
        "21 stored",
    ]


def test_logs_without_mail_are_no_error(run: Run) -> None:
    done = run("import", GOLDEN / "zeek-tsv" / "dns.log")
    assert (done.returncode, done.stderr) == (0, "nothing to store\n")
