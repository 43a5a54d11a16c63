import tomllib
from pathlib import Path

import pytest

from stripwatch.configuration import load
from stripwatch.reference import pages

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["settings.md", "fields.md", "words.md", "incidents.md"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name], "run make docs"


def test_every_setting_says_what_it_is_for() -> None:
    rows = [line for line in pages()["settings.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_example_configuration_is_one() -> None:
    text = (ROOT / "deploy" / "stripwatch.toml").read_text(encoding="utf-8")
    assert load(text, {}).reports.domains == ("example.org",)
    uncommented = text.replace("# tokens", "tokens").replace('"sha256:…"', '"0123456789abcdef"').replace("# hosts", "hosts")
    uncommented = (
        uncommented.replace("# [elasticsearch]", "[elasticsearch]").replace("# api_key", "api_key").replace("# ca_file", "ca_file")
    )
    assert tomllib.loads(uncommented)["elasticsearch"]["api_key"]
    load(uncommented, {})
