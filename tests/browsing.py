"""A real browser for tests: Debian's Chromium, driven by Playwright, and visits that fail on anything that goes wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = (1440, 900), (390, 844)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium, headless. Without it the test skips, or fails where STRIPWATCH_REQUIRE_BROWSER=1."""
    if CHROMIUM is None:
        if os.environ.get("STRIPWATCH_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required and not installed")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Site(Protocol):
    """What is visited."""

    @property
    def url(self) -> str: ...


@dataclass
class Visit:
    """A page and whatever went wrong on it."""

    page: Page
    site: Site
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.site.url + path)
        self.settle()

    def follow(self, link: Locator) -> None:
        """Click a link or a button, and wait for the page it leads to."""
        with self.page.expect_navigation():
            link.click()
        self.settle()

    def settle(self) -> None:
        """Every figure is drawn."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_function("() => [...document.querySelectorAll('[data-figure]')].every((box) => box.dataset.drawn)")


@contextmanager
def visiting(browser: Browser, site: Site, size: tuple[int, int] = WIDE, scheme: str = "light") -> Iterator[Visit]:
    """A visit that fails at its end on a console error, an exception, a dialog or a request to another host."""
    context: BrowserContext = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    visit = Visit(context.new_page(), site)
    visit.page.on("console", lambda m: visit.wrong.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None)
    visit.page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.wrong.append(f"dialog {dialog.message}"))
    visit.page.on("request", lambda request: visit.wrong.append(request.url) if _foreign(request.url, site) else None)
    try:
        yield visit
        assert visit.wrong == []
    finally:
        context.close()


def _foreign(url: str, site: Site) -> bool:
    return urlsplit(url).scheme not in ("data", "blob") and not url.startswith(site.url + "/")
