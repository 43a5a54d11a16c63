"""Five real mail servers and four relays that meddle between them (``tests/golden/mail-servers``)."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1] / "golden" / "mail-servers"
WORDS = {"stripped_offer": "masked_offer", "stripped_command": "masked_command"}


def expected() -> dict[tuple[int, str], tuple[str, bool]]:
    with (HERE / "expected.csv").open(newline="") as file:
        return {(int(row["port"]), row["client"]): (row["verdict"], row["mail_in_clear"] == "yes") for row in csv.DictReader(file)}


def test_each_session_is_judged_as_it_went() -> None:
    command = [sys.executable, "-m", "stripwatch", "sniff", "--json", str(HERE / "capture.pcap.gz")]
    records = [json.loads(line) for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines()]
    assert {end(record): (record["smtp"]["verdict"], record["smtp"]["mail_in_clear"]) for record in records} == expected()
    for record in records:
        verdict, words = record["smtp"]["verdict"], [sign["word"] for sign in record["smtp"]["evidence"]]
        assert words == [WORDS[verdict]] if verdict in WORDS else not {"masked_offer", "masked_command"} & set(words)


def end(record: Any) -> tuple[int, str]:
    """The client's port and name."""
    return record["source"]["port"], record["smtp"]["helo"].partition(".")[0]
