"""A full disk behind stdout, a closed stdout, a reader that has gone: one line at most, and an exit code that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_bad_input import REPORT

EVERY_WAY = (("parse", "--json"), ("parse",), ("sniff", "--help"), ("--help",))


def shell(script: str, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    report = tmp_path / "report.xml"
    report.write_bytes(REPORT)
    command = f"{sys.executable} -m stripwatch {' '.join(arguments)}" + (f" {report}" if "parse" in arguments else "")
    env = {**os.environ, "STRIPWATCH_DATA_FOLDER": str(tmp_path / "data")}
    return subprocess.run(["bash", "-c", script.replace("CMD", command)], capture_output=True, text=True, env=env, timeout=60)


@pytest.mark.parametrize("arguments", EVERY_WAY)
def test_output_that_nothing_takes(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    full = shell("CMD > /dev/full", tmp_path, *arguments)
    assert (full.returncode, full.stderr) == (1, "stripwatch: standard output: No space left on device\n")
    closed = shell("CMD >&-", tmp_path, *arguments)
    assert (closed.returncode, closed.stderr) == (1, "stripwatch: standard output is closed\n")
    gone = shell("CMD | true; exit ${PIPESTATUS[0]}", tmp_path, *arguments)
    assert (gone.returncode, gone.stderr) == (141, "")


def test_closed_input_and_errors_are_empty(tmp_path: Path) -> None:
    done = shell("CMD --json - <&- 2>&-", tmp_path, "parse")
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
