"""The pages in Debian's Chromium, driven by Playwright: what a person sees, and that nothing hostile runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from dashboards.rendering import PAGES
from tests.browsing import NARROW, WIDE, Visit, visiting
from tests.dashboards.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_the_overview_answers_and_names_country_and_path(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/")
        page = visit.page
        assert page.get_by_role("heading", level=1).inner_text().startswith("Yes. Mail is being stripped on")
        assert page.get_by_role("table", name="Countries of the far end").get_by_role("row").nth(1).inner_text().startswith("Tunisia")
        assert page.get_by_role("link", name="gateway uplink-b: AS64500 → 203.0.118.1 (AS37705)").is_visible()
        assert page.locator(".figure.world path.choroplethlayer, .figure.world .choroplethlayer path").count() > 170


def test_the_map_is_drawn_from_our_outlines_in_the_steps_colours(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/")
        fills = visit.page.eval_on_selector_all(
            ".figure.world .choroplethlayer path", "all => all.map((path) => getComputedStyle(path).fill)"
        )
        assert "rgb(143, 20, 16)" in fills and "rgb(207, 224, 223)" in fills and "rgb(233, 229, 220)" in fills
        assert visit.page.locator(".figure.world .scatterlayer path.point").count() >= 2  # Singapore and Malta have no outline


def test_a_country_on_the_map_is_a_filter(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/?direction=inbound")
        dot = visit.page.locator(".figure.world .scatterlayer path.point").first
        box = dot.bounding_box()
        assert box is not None
        visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        visit.page.wait_for_timeout(200)
        with visit.page.expect_navigation():
            visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert "direction=inbound" in visit.page.url and "country=" in visit.page.url
        visit.settle()


def test_from_an_incident_to_the_tampered_line(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/")
        page = visit.page
        visit.follow(page.get_by_role("link", name="Mail from Nepal arrives"))
        assert page.get_by_text("Wire and reports agree.").is_visible()
        visit.follow(page.locator(".evidence a[href^='/sessions/']").first)
        tampered = page.locator(".line.tampered")
        assert tampered.count() == 1 and "XXXXXXXX" in tampered.inner_text() and "changed in flight" in tampered.inner_text()
        assert tampered.locator("code").evaluate("e => getComputedStyle(e).color") == "rgb(194, 38, 29)"


def test_an_incident_is_acknowledged_by_its_button(browser: Browser, changeable: Site) -> None:
    with visiting(browser, changeable) as visit:
        visit.go("/incidents?severity=critical")
        visit.follow(visit.page.get_by_role("link", name="Mail from Nepal"))
        visit.follow(visit.page.get_by_role("button", name="Acknowledge"))
        assert visit.page.locator(".state").inner_text() == "Acknowledged"
        visit.follow(visit.page.get_by_role("button", name="Reopen"))
        assert visit.page.locator(".state").inner_text() == "Open"


def test_filters_leave_a_short_address_that_can_be_shared(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/sessions?last=7d")
        visit.page.get_by_label("Verdict").select_option("stripped_offer")
        visit.follow(visit.page.get_by_role("button", name="Filter"))
        assert visit.page.url == f"{full.url}/sessions?last=7d&verdict=stripped_offer"
        assert set(visit.page.locator("tbody td .tag").all_inner_texts()) == {"Offer stripped"}
        visit.follow(visit.page.get_by_role("link", name="remove this filter"))
        assert visit.page.url == f"{full.url}/sessions?last=7d"


def fits(visit: Visit, paths: tuple[str, ...]) -> None:
    for path in paths:
        visit.go(path)
        assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def test_no_page_overflows_or_complains(
    browser: Browser, full: Site, empty: Site, hostile: Site, size: tuple[int, int], scheme: str
) -> None:
    for site, paths in ((full, ("/", "/sessions", "/reports")), (hostile, ("/", "/incidents")), (empty, ("/", "/health"))):
        with visiting(browser, site, size, scheme) as visit:
            fits(visit, paths)


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 2560])
def test_no_page_overflows_at_any_width(browser: Browser, full: Site, empty: Site, hostile: Site, width: int, scheme: str) -> None:
    for site in (full, empty, hostile):
        with visiting(browser, site, (width, 900), scheme) as visit:
            fits(visit, tuple(path for _, path in PAGES))


def test_hostile_strings_are_text_in_pages_and_figures(browser: Browser, hostile: Site) -> None:
    with visiting(browser, hostile) as visit:
        ids = {
            kind: [d["id"] for d in hostile.client.get(f"/api/{kind}?last=all").json()["documents"]]
            for kind in ("sessions", "incidents", "reports")
        }
        for path in ["/", "/encryption", "/senders", *(f"/{kind}/{id}" for kind, found in ids.items() for id in found[:4])]:
            visit.go(path)
            assert visit.page.title() != "owned"
            assert visit.page.evaluate("document.querySelectorAll('main img, main b, main iframe, [onerror], svg a').length") == 0, path


def test_the_theme_reaches_into_the_figures(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/")
        bars = ".figure.verdicts .bars .point path"
        light = visit.page.locator(bars).first.evaluate("e => e.style.fill")
        visit.page.emulate_media(color_scheme="dark")
        visit.page.wait_for_function("([bars, light]) => document.querySelector(bars).style.fill !== light", arg=[bars, light])


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        visit.go("/")
        visit.page.keyboard.press("Tab")
        focused = visit.page.locator(":focus")
        assert focused.inner_text() == "Skip to the content" and (focused.bounding_box() or {"y": -1})["y"] >= 0
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.querySelector('main').contains(document.activeElement)")
        assert visit.page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_every_field_and_table_has_a_name(browser: Browser, full: Site) -> None:
    with visiting(browser, full) as visit:
        for _, path in PAGES:
            visit.go(path)
            nameless = "all => all.filter((e) => e.type !== 'hidden' && !(e.labels && e.labels.length)).map((e) => e.outerHTML)"
            assert visit.page.eval_on_selector_all("input, select", nameless) == [], path
            assert visit.page.eval_on_selector_all("table", "all => all.filter((t) => !t.caption).length") == 0, path
            assert visit.page.locator("h1").count() == 1, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: Browser, full: Site, scheme: str) -> None:
    """WCAG AA: 4.5 for text against what it stands on."""
    with visiting(browser, full, WIDE, scheme) as visit:
        for path in ("/", "/incidents", "/sessions"):
            visit.go(path)
            assert visit.page.evaluate(CONTRAST) == [], path


CONTRAST = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const poor = new Set();
  for (const e of document.querySelectorAll('main *, .top *, .lens *, footer *')) {
    if (e.closest('svg, .figure, script') || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    if (!e.checkVisibility() || e.closest('.unseen')) continue;
    const a = light(channels(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(e.className + ' ' + e.tagName + ' ' + ratio.toFixed(2));
  }
  return [...poor];
}"""
