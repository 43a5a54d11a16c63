"""The real application on a real uvicorn over a real DuckDB store: full, hostile and empty."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn

from dashboards.app import create_app
from dashboards.settings import DashboardSettings
from dashboards.sources import DeadLetter, Health, HealthCheck, State
from ingest.conflicts.choices import ChoiceBook
from ingest.conflicts.choosing import choose
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document
from tests.dashboards.filler import HOSTILE, NOW, documents, hostile_documents

HEALTH = Health(
    ready=True,
    version="0.1.0",
    checks=(
        HealthCheck("Spool", "ok", "Everything that came in has been taken up.", figures=(("waiting", "0 records"),)),
        HealthCheck("Places", "warning", "The country data is 74 days old.", "Update plevin-db-country."),
    ),
)


@dataclass
class Letters:
    """Dead letters in memory; remembers what was retried."""

    kept: dict[str, DeadLetter] = field(default_factory=dict)
    retried: list[str] = field(default_factory=list)

    def recent(self, limit: int) -> list[DeadLetter]:
        return list(self.kept.values())[:limit]

    def raw(self, id: str) -> bytes | None:
        return b"<feedback>" if id in self.kept else None

    def retry(self, id: str) -> bool:
        if self.kept.pop(id, None) is None:
            return False
        self.retried.append(id)
        return True


@dataclass
class Site:
    """A running dashboard and what stands behind it."""

    url: str
    store: DuckStore
    letters: Letters
    client: httpx.Client

    def page(self, path: str) -> str:
        """The page's HTML; anything but 200 is a failure."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.text

    def post(self, path: str, **headers: str) -> httpx.Response:
        return self.client.post(path, headers={"Origin": self.url, **headers})


@contextmanager
def running(
    folder: Path, stored: list[Document], settings: DashboardSettings, health: Callable[[], Health] = lambda: HEALTH
) -> Iterator[Site]:
    store = DuckStore(folder / "store.duckdb", memory_limit="512MB", threads=1)
    if stored:
        assert {fate.outcome for fate in store.create(stored)} == {"created"}
    letters = Letters({"a-0000": DeadLetter("a-0000", NOW, "smtp", "xml_not_well_formed", HOSTILE[0], "198.51.100.7", 4311)})

    def set_state(id: str, state: State) -> None:
        found = store.get("incidents", id)
        assert found is not None
        store.put([Document(dataset="incidents", id=id, fields={**found.fields, "state": state})])

    def choose_report(id: str) -> None:
        choose(store, ChoiceBook(folder / "choices.jsonl"), id, NOW, "operator", lambda documents: store.put(list(documents)))

    app = create_app(
        store,
        settings=settings,
        incident_states=set_state,
        choose_report=choose_report,
        dead_letters=letters,
        health=health,
        clock=lambda: NOW,
        metrics=lambda: b"stripwatch_up 1\n",
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=60, headers={"Accept-Encoding": "identity"}) as client:
            yield Site(url, store, letters, client)
    finally:
        server.should_exit = True
        thread.join(10)
        store.close()


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("full"), documents(1500), DashboardSettings()) as site:
        yield site


@pytest.fixture
def changeable(tmp_path: Path) -> Iterator[Site]:
    """A full site of its own, for a test that changes something."""
    with running(tmp_path, documents(300), DashboardSettings()) as site:
        yield site


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("hostile"), hostile_documents(), DashboardSettings()) as site:
        yield site


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("empty"), [], DashboardSettings()) as site:
        yield site


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard with a password and a name of its own."""
    settings = DashboardSettings(password="korrekt hörse", hosts=("mail.example.org",))
    unready = Health(ready=False, checks=(HealthCheck("Store", "error", "It does not answer."),))
    with running(tmp_path_factory.mktemp("locked"), [], settings, lambda: unready) as site:
        yield site
