"""The reference pages under docs/, made from the code that they describe: ``make docs`` writes them, a test compares them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec

from ingest.incidents.rules import MODULES
from ingest.reports.errors import all_reasons
from ingest.reports.warnings import MEANINGS as WARNINGS
from ingest.store.elasticsearch_store.aggregate import MAX_ENUMERATED
from ingest.store.elasticsearch_store.indices import END_YEAR, FIRST_YEAR
from ingest.store.schema import DATASETS
from sniffer.evidence import WORDS as EVIDENCE
from sniffer.weird import Weird
from stripwatch.configuration import Configuration, sections
from stripwatch.configuration.load import setting_names

STORES_DIFFER = f"""## Where the stores differ

Both give the same answers, but for this, which only large numbers show:

- `distinct(FIELD)` is exact on DuckDB. Elasticsearch counts exactly while the answer has at most {MAX_ENUMERATED:,} pairs of group and
  value, and estimates beyond (within about 1 %): narrow the time or the filters where that matters.
- `sum(FIELD)` beyond 2^53 is exact on DuckDB and rounded to a double's 15 digits on Elasticsearch.
- Elasticsearch holds an index a dataset and month, by the documents' own time. Times before {FIRST_YEAR} lie in `…-early`, from
  {END_YEAR} in `…-late`: queries find them as any other, retention drops them one by one instead of by the month.
"""
ABOUT_INCIDENTS = """An incident is what a rule finds in one calendar month (UTC) about one path, country, server, client or network.
What lasts longer is asked about anew each month. It is judged again whenever documents come, keeps its id and the
state that a person gave it (`open`, `acknowledged`, `closed`), and lists its newest evidence; its keys find the
rest. One that later documents do not bear out is withdrawn, not deleted.

Severity follows from counts and the lower bound of Wilson's interval, never from a share alone: one session of one
is `low`, three or more `medium`, a proven fifth `high`, a proven half of twenty or more `critical`, as far as the
rule allows. Where the tap and TLS reports speak of the same place and days, it is one step graver and says so;
where only reports show stripping, it lies upstream of the tap. Loss, a direction that was not captured or a late
start never make an incident: such sessions are `incomplete`.

Rules that need a memory compare a run of hours or days with what the same server, client or sender showed before
(`memory_days`), or shows on other paths. Both sides need a sample (`min_sample`, `min_reference`), and chance must
not explain the difference (`significance`). Thresholds are the settings of `[incidents]` (settings.md).
`stripwatch incidents` lists them, and `/incidents` of the dashboard leads from each to the bytes that show it.
"""
MADE = "<!-- made by `make docs`; change the code instead -->\n"


def pages() -> dict[str, str]:
    """File name under docs/ → its text."""
    return {"settings.md": settings_page(), "fields.md": fields_page(), "words.md": words_page(), "incidents.md": incidents_page()}


def settings_page() -> str:
    """Every setting, its variable, its default and what it is for."""
    parts = [MADE, "# Settings\n"]
    parts.append(
        "In a TOML file (`--config`, else `STRIPWATCH_CONFIG`, else `/etc/stripwatch/stripwatch.toml`), or as environment variables, which "
        "win: `port` of `[smtp]` is `STRIPWATCH_SMTP_PORT`. Lists in a variable are separated by commas; tables are JSON.\n"
    )
    parts.append(f"`store` (`STRIPWATCH_STORE`): `duckdb` or `elasticsearch`; default `{Configuration().store}`.\n")
    for name, section in sections().items():
        parts.append(f"## [{name}]\n\n{_sentence(section)}\n\n| setting | default | |\n|---|---|---|\n{''.join(_setting_rows(section))}")
    return "\n".join(parts)


def fields_page() -> str:
    """Every dataset and field."""
    parts = [MADE, "# Fields\n", "What the stores hold and queries speak of, by dataset. Names are ECS where ECS has one.\n"]
    for dataset in DATASETS.values():
        rows = "".join(f"| `{field.name}` | {field.type} | {_cell(field.meaning)} |\n" for field in dataset.fields)
        parts.append(f"## {dataset.name}\n\n{dataset.meaning}\n\n| field | type | meaning |\n|---|---|---|\n{rows}")
    parts.append(STORES_DIFFER)
    return "\n".join(parts)


def words_page() -> str:
    """The stable words: evidence, warnings, reasons, oddities."""
    tables = {
        "Evidence (`smtp.evidence[].word`)": EVIDENCE,
        "Warnings of reports (`warnings[]`)": WARNINGS,
        "Reasons of unusable reports (dead letters)": all_reasons(),
        "Oddities of packets (counted by `sniff`)": _attribute_docstrings(Weird),
    }
    parts = [MADE, "# Words\n", "Short stable words that programs may rely on.\n"]
    for title, words in tables.items():
        rows = "".join(f"| `{word}` | {_cell(meaning)} |\n" for word, meaning in sorted(words.items()))
        parts.append(f"## {title}\n\n| word | meaning |\n|---|---|\n{rows}")
    return "\n".join(parts)


def incidents_page() -> str:
    """Every rule: what it says, when it stays silent."""
    parts = [MADE, "# Incidents\n", ABOUT_INCIDENTS]
    for module in MODULES:
        said = (inspect.getdoc(module) or "").removeprefix(f"Rule ``{module.RULE}``: ").replace("``", "`")
        parts.append(f"## {module.RULE}\n\n{said[:1].upper()}{said[1:]}\n")
    return "\n".join(parts)


def _setting_rows(section: type) -> Iterator[str]:
    told = _attribute_docstrings(section)
    defaults = _defaults(section)
    for name in setting_names(section):
        yield f"| `{name}` | {_default(defaults.get(name))} | {_cell(told.get(name, ''))} |\n"


def _defaults(section: type) -> dict[str, Any]:
    if is_dataclass(section):
        return {item.name: item.default for item in fields(section) if item.default is not MISSING}
    return {item.name: item.default for item in msgspec.structs.fields(section) if item.default is not msgspec.NODEFAULT}


def _default(value: Any) -> str:
    if value is None or value == () or value == {}:
        return "none"
    if isinstance(value, tuple | list | frozenset):
        return _cell(", ".join(str(item) for item in value))
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _attribute_docstrings(section: type) -> dict[str, str]:
    """The string that stands below each attribute, which Python itself does not keep."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    last = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) and last:
            found[last] = node.value.value
            last = ""
        else:
            last = ""
    return found


def _sentence(section: type) -> str:
    return " ".join((inspect.getdoc(section) or "").split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


def write(folder: Path) -> None:
    """Write the pages."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
