"""What a command does not use it does not load: start-up is what a pipeline of many small captures pays each time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .test_bad_input import pcap

HEAVY = {"asyncio", "cryptography", "duckdb", "fastapi", "httpx", "multiprocessing", "pandas", "pydantic", "pyshark", "rich", "ssl"}


def test_sniff_loads_neither_the_service_nor_what_only_a_certificate_needs(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap())
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stripwatch", "sniff", empty, "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "numpy" in loaded
    assert not HEAVY & loaded
