"""Fixtures of the whole suite: one Elasticsearch node a test run, whatever the number of test processes."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.elasticsearch_node import NodeMissing, running_node, stop_node

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FOLDER = "STRIPWATCH_TEST_NODE_FOLDER"
_WATCHED = "STRIPWATCH_TEST_NODE_WATCHES"


def pytest_configure(config: pytest.Config) -> None:
    """The run's first process names the node's folder; xdist's workers inherit the name."""
    if not hasattr(config, "workerinput"):
        os.environ[_FOLDER] = str(Path(tempfile.gettempdir()) / f"stripwatch-elasticsearch-{uuid.uuid4().hex[:12]}")
        os.environ[_WATCHED] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_node(Path(os.environ[_FOLDER]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses the node is marked so, and has the time that its start may take."""
    for item in items:
        if "elasticsearch_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.elasticsearch)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """Address of a real node. Without one the test skips, or fails where STRIPWATCH_REQUIRE_ELASTICSEARCH=1."""
    try:
        return running_node(Path(os.environ[_FOLDER]), int(os.environ[_WATCHED]))
    except NodeMissing as missing:
        if os.environ.get("STRIPWATCH_REQUIRE_ELASTICSEARCH") == "1":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture
def elasticsearch_prefix(elasticsearch_url: str) -> Iterator[str]:
    """A prefix for one test's indices and templates; what bears it is deleted afterwards."""
    prefix = f"test-{uuid.uuid4().hex[:10]}"
    yield prefix
    delete_prefix(elasticsearch_url, prefix)


def delete_prefix(url: str, prefix: str) -> None:
    """Drop the indices and templates of one test."""
    names = indices_of(url, prefix)
    for place in range(0, len(names), 50):
        _delete(f"{url}/{','.join(names[place : place + 50])}")
    for kind in ("_index_template", "_component_template"):
        _delete(f"{url}/{kind}/{prefix}-*")


def indices_of(url: str, prefix: str) -> list[str]:
    """Names of the indices that begin with ``PREFIX-``."""
    with urllib.request.urlopen(f"{url}/_resolve/index/{prefix}-*?expand_wildcards=all", timeout=30) as answer:
        return [found["name"] for found in json.load(answer)["indices"]]


def _delete(url: str) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=60).close()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 404:
            raise


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    from tests.browsing import running_browser

    with running_browser() as found:
        yield found
