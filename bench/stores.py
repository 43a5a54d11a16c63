"""How fast the stores take session documents and answer questions.

    python -m bench.stores [--documents 100000] [--elasticsearch URL]

DuckDB always; Elasticsearch where an address is given. Documents are made before the clock starts, by a fixed seed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import Document
from ingest.store.query import COUNT, Filter, Metric, Query, Selection
from ingest.store.schema import STRIPPED, VERDICTS

START = datetime(2026, 10, 25, tzinfo=UTC)
COUNTRIES = ("DE", "FR", "TN", "US", "VN", "BR", "IT", "NL", "PL", "SE")
BATCH = 1_000
REPEATS = 5
AnyStore = DuckStore | ElasticsearchStore


def session(chance: random.Random, number: int, total: int) -> Document:
    """A document as the sniffer's sessions make it, about 30 fields."""
    country = chance.choice(COUNTRIES)
    verdict = chance.choices(VERDICTS, (60, 5, 8, 10, 4, 2, 3, 4, 4))[0]
    client = f"{chance.randrange(11, 190)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    fields: dict[str, Any] = {
        "@timestamp": START + timedelta(days=30) * (number / total),
        "event.dataset": "smtp.session",
        "event.duration": chance.randrange(10**6, 10**11),
        "source.ip": client,
        "source.port": chance.randrange(1_024, 65_536),
        "source.bytes": chance.randrange(200, 100_000),
        "source.packets": chance.randrange(4, 90),
        "source.geo.country_iso_code": country,
        "source.as.number": chance.randrange(1_000, 1_400),
        "source.as.organization.name": f"Operator {chance.randrange(300)}",
        "destination.ip": f"192.0.2.{chance.randrange(1, 9)}",
        "destination.port": 25,
        "destination.bytes": chance.randrange(200, 4_000),
        "destination.packets": chance.randrange(4, 90),
        "network.community_id": f"1:{chance.randbytes(15).hex()}",
        "network.direction": "inbound",
        "network.path": f"tap1:eth0 AS{chance.randrange(1_000, 1_400)} → mx{chance.randrange(4)}.example",
        "observer.name": "tap1",
        "smtp.verdict": verdict,
        "smtp.evidence_words": ["masked_offer"] if verdict in STRIPPED else ["offer"],
        "smtp.evidence": [{"word": "offer", "side": "server", "text": "250-STARTTLS", "at": 0.02}],
        "smtp.helo": f"mail{chance.randrange(5_000)}.example",
        "smtp.banner": "220 mx.example ESMTP Postfix",
        "smtp.ehlo": True,
        "smtp.starttls.offered": verdict not in STRIPPED,
        "far_end.ip": client,
        "far_end.geo.country_iso_code": country,
        "far_end.network": client.rsplit(".", 1)[0] + ".0/24",
        "event.ingested": START + timedelta(days=31),
    }
    if verdict == "tls":
        fields |= {
            "tls.established": True,
            "tls.version": "1.3",
            "tls.cipher": "TLS_AES_256_GCM_SHA384",
            "tls.client.server_name": "mx.example",
        }
    return Document(dataset="sessions", id=f"{number:024x}", fields=fields)


_STRIPPED = (Filter("smtp.verdict", "eq", STRIPPED),)
QUESTIONS: dict[str, Callable[[AnyStore], object]] = {
    "countries, stripped": lambda s: s.aggregate(Query(dataset="sessions", where=_STRIPPED, group_by=("far_end.geo.country_iso_code",))),
    "country x verdict": lambda s: s.aggregate(Query(dataset="sessions", group_by=("far_end.geo.country_iso_code", "smtp.verdict"))),
    "hour x verdict": lambda s: s.aggregate(Query(dataset="sessions", interval="hour", group_by=("smtp.verdict",))),
    "hour x verdict, one day": lambda s: s.aggregate(
        Query(
            dataset="sessions",
            since=START + timedelta(days=9),
            until=START + timedelta(days=10),
            interval="hour",
            group_by=("smtp.verdict",),
        )
    ),
    "clients by country": lambda s: s.aggregate(
        Query(dataset="sessions", group_by=("far_end.geo.country_iso_code",), metrics=(COUNT, Metric("clients", "distinct", "source.ip")))
    ),
    "a network": lambda s: s.aggregate(Query(dataset="sessions", where=(Filter("source.ip", "cidr", ("20.0.0.0/8",)),))),
    "latest 50 stripped": lambda s: s.select(Selection(dataset="sessions", where=_STRIPPED, limit=50)),
    "one id": lambda s: s.get("sessions", f"{77:024x}"),
}


def rate(store: AnyStore, documents: list[Document]) -> float:
    """Documents a second, in batches as the drain writes them."""
    begun = time.perf_counter()
    for place in range(0, len(documents), BATCH):
        store.create(documents[place : place + BATCH])
    return len(documents) / (time.perf_counter() - begun)


def median_ms(ask: Callable[[], object]) -> float:
    """Median of some repeats after a first one that does not count."""
    ask()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1_000


def figures(store: AnyStore, documents: list[Document]) -> dict[str, str]:
    """Row title → figure."""
    store.prepare()
    rows = {"insert": f"{rate(store, documents):,.0f}/s", "repeat (all there)": f"{rate(store, documents[:20_000]):,.0f}/s"}
    store.refresh()
    for title, ask in QUESTIONS.items():
        rows[title] = f"{median_ms(lambda ask=ask: ask(store)):,.1f} ms"  # type: ignore[misc]
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--documents", type=int, default=100_000)
    options.add_argument("--elasticsearch", metavar="URL")
    given = options.parse_args()
    chance = random.Random(1)
    documents = [session(chance, number, given.documents) for number in range(given.documents)]
    columns: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        duck = DuckStore(Path(folder) / "bench.duckdb", memory_limit="2GB")
        columns["DuckDB"] = figures(duck, documents)
        duck.close()
    if given.elasticsearch:
        prefix = f"bench-{uuid.uuid4().hex[:8]}"
        elastic = ElasticsearchStore(ElasticsearchSettings(hosts=(given.elasticsearch,), prefix=prefix))
        columns["Elasticsearch"] = figures(elastic, documents)
        elastic.delete_before("sessions", datetime(9999, 1, 1, tzinfo=UTC))
        elastic.close()
    print(f"| {given.documents:,} sessions | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for title in next(iter(columns.values())):
        print(f"| {title} | " + " | ".join(column[title] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
