"""The demo as a newcomer runs it, on both stores: the same incidents and the same numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXPECTED = {
    ("starttls_stripped", "KE", "22"),
    ("starttls_stripped", "TN", "35"),
    ("starttls_stripped", "NP", "1"),
    ("offer_removed", "GB", "25"),
    ("starttls_not_requested", "IQ", "27"),
    ("spoofing", "IN", "280"),
}


def demo(folder: Path, **environ: str) -> str:
    """What ``stripwatch demo --once`` prints, run in ``folder`` with nothing configured but ``environ``."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("STRIPWATCH_")} | environ
    done = subprocess.run(
        [sys.executable, "-m", "stripwatch", "demo", "--once"], cwd=folder, env=env, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def told(output: str) -> str:
    """The part that must not depend on the store."""
    assert "incidents" in output
    return re.sub(r"^(store |dashboard ).*$", "", output, flags=re.MULTILINE)


def test_the_demo_finds_what_it_planted(tmp_path: Path) -> None:
    output = demo(tmp_path)
    found = set(re.findall(r"^\w+ +(\w+) +\w+ +([A-Z]{2}) +(\d+) ", output, flags=re.MULTILINE))
    assert found >= EXPECTED
    assert len(set(re.findall(r"^\w+ +\w+ +(\w+) +[A-Z]{2} +\d+ ", output, flags=re.MULTILINE))) == 1
    assert re.findall(r"^left out +(.*)$", output, flags=re.MULTILINE) == ["a report in the name of Muster Hosting: unsigned"]
    tunisia = next(line for line in output.splitlines() if "starttls_stripped" in line and " TN " in line)
    assert "wire and reports" in tunisia
    kenya = next(line for line in output.splitlines() if "starttls_stripped" in line and " KE " in line)
    assert "wire and reports" not in kenya
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(300)
def test_elasticsearch_tells_the_same_story(tmp_path: Path, elasticsearch_url: str, elasticsearch_prefix: str) -> None:
    elastic = demo(
        tmp_path,
        STRIPWATCH_STORE="elasticsearch",
        STRIPWATCH_ELASTICSEARCH_URL=elasticsearch_url,
        STRIPWATCH_ELASTICSEARCH_PREFIX=elasticsearch_prefix,
    )
    assert told(elastic) == told(demo(tmp_path))


def test_an_operators_own_data_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    output = demo(tmp_path, STRIPWATCH_DATA_FOLDER=str(own), STRIPWATCH_SMTP_RECIPIENTS="else@where.example")
    assert "incidents" in output
    assert not own.exists()
