"""A store that does not answer: pages say so, the health page still shows."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from dashboards.settings import DashboardSettings
from ingest.store.errors import StoreUnavailable, TooManyGroups
from tests.dashboards.conftest import HEALTH, Letters
from tests.dashboards.filler import NOW


class Away:
    """A reader whose store is gone."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def _fail(self, *_: Any) -> NoReturn:
        raise self.error

    aggregate = select = get = _fail


def client(error: Exception) -> TestClient:
    app = create_app(
        Away(error),
        settings=DashboardSettings(),
        choose_report=lambda id: None,
        incident_states=lambda id, state: None,
        dead_letters=Letters(),
        health=lambda: HEALTH,
        clock=lambda: NOW,
    )
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", ["/", "/sessions", "/sessions/x", "/incidents/x", "/reports"])
def test_pages_say_that_nothing_is_lost(path: str) -> None:
    answer = client(StoreUnavailable("connection refused")).get(path)
    assert answer.status_code == 503 and "waits in the spool" in answer.text


def test_the_api_says_it_for_programs() -> None:
    answer = client(StoreUnavailable("connection refused")).get("/api/sessions")
    assert answer.status_code == 503
    assert answer.json() == {"error": {"reason": "store_unavailable", "says": "connection refused"}}


def test_health_and_probes_still_show() -> None:
    away = client(StoreUnavailable("connection refused"))
    assert "The store does not answer" in away.get("/health").text
    assert away.get("/healthz").status_code == away.get("/readyz").status_code == 200
    assert away.get("/metrics").status_code == 404


def test_too_many_groups_asks_to_narrow() -> None:
    answer = client(TooManyGroups("the answer would have more than 65536 groups")).get("/")
    assert answer.status_code == 400 and "Narrow the time range" in answer.text
