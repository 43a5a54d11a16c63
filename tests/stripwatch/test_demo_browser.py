"""A newcomer runs the demo and opens the page that it prints."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browsing import NARROW, WIDE, visiting
from tests.serving import environ

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass(frozen=True)
class Demo:
    url: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    env = {name: value for name, value in environ(Path("unused")).items() if not name.startswith("STRIPWATCH_")}
    command = [sys.executable, "-m", "stripwatch", "demo"]
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("dashboard"):
            break
    assert lines[-1].startswith("dashboard"), "".join(lines)
    yield Demo(lines[-1].split()[1].rstrip("/"))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_overview_names_the_stripped_countries_and_paths(browser: Browser, demo: Demo, size: tuple[int, int]) -> None:
    with visiting(browser, demo, size) as visit:
        visit.go("/")
        page = visit.page
        assert page.get_by_role("heading", level=1).inner_text().startswith("Yes. Mail is being stripped on 3 paths, in 3 countries")
        assert page.get_by_role("link", name="Tunisia").first.is_visible()
        assert page.get_by_role("link", name="gw.example.org uplink-b: AS64500 → 192.0.2.25 (AS64496)").first.is_visible()


def test_an_incident_leads_to_its_evidence(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo) as visit:
        visit.go("/incidents?country=TN")
        page = visit.page
        visit.follow(page.get_by_role("link", name="STARTTLS was masked").first)
        visit.follow(page.locator(".evidence a[href^='/sessions/']").first)
        tampered = page.locator(".line.tampered")
        assert tampered.count() >= 1
        assert "XXXXXXXX" in tampered.first.inner_text()


@pytest.mark.parametrize("path", ["/encryption", "/reports", "/senders", "/sessions", "/dead-letters", "/health"])
def test_every_page_stands(browser: Browser, demo: Demo, path: str) -> None:
    with visiting(browser, demo) as visit:
        visit.go(path)
        assert visit.page.get_by_role("heading", level=1).is_visible()
