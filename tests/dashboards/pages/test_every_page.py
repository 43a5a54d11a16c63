"""Every page, full, empty and hostile, without a browser: status, well-formed tags, nothing foreign unescaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from dashboards.rendering import PAGES
from tests.dashboards.conftest import Site
from tests.dashboards.filler import HOSTILE

PATHS = tuple(path for _, path in PAGES)
VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "path", "line"}


class Page(HTMLParser):
    """Elements and attributes of a page; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag} {attrs}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"{tag} closes nothing"

    def links(self) -> list[str]:
        return [a["href"] or "" for tag, a in self.elements if tag == "a" and "href" in a]


def check(html: str) -> Page:
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "img", "base", "b"), tag
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href", "action"):
            value = attributes.get(name)
            assert value is None or (value.startswith(("/", "#")) and not value.startswith("//")), (tag, value)
        if tag == "script" and "src" not in attributes:
            assert attributes.get("type") == "application/json"
    for tag, attributes in page.elements:
        if tag in ("input", "select") and attributes.get("type") != "hidden":
            assert attributes.get("name")
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids)), "an id twice"
    return page


@pytest.mark.parametrize("path", PATHS)
def test_full(full: Site, path: str) -> None:
    check(full.page(path))


@pytest.mark.parametrize("path", PATHS)
def test_empty(empty: Site, path: str) -> None:
    check(empty.page(path))


@pytest.mark.parametrize("path", PATHS)
def test_hostile(hostile: Site, path: str) -> None:
    check(hostile.page(path))


def test_every_local_link_of_every_page_leads_somewhere(full: Site, hostile: Site) -> None:
    for site in (full, hostile):
        seen: set[str] = set()
        for path in PATHS:
            for link in Page(site.page(path)).links():
                kind = (
                    link.split("?")[0].rsplit("/", 1)[0]
                    + "?"
                    + "&".join(sorted(p.split("=")[0] for p in link.partition("?")[2].split("&")))
                )
                if link.startswith("/") and kind not in seen:
                    seen.add(kind)
                    answer = site.client.get(link)
                    assert answer.status_code == 200, (link, answer.status_code, answer.text[:500])


def test_every_hostile_document_shows(hostile: Site) -> None:
    for kind in ("sessions", "reports", "incidents"):
        documents = hostile.client.get(f"/api/{kind}?last=all").json()["documents"]
        assert len(documents) == len(HOSTILE)
        for document in documents:
            check(hostile.page(f"/{kind}/{document['id']}"))


@pytest.mark.parametrize(
    "path",
    [
        "/?last=forever",
        "/?since=x",
        "/sessions?as=x",
        "/sessions?ip=not-an-address",
        "/sessions?after=rubbish",
        "/sessions?mail_in_clear=maybe",
        "/sessions?verdct=tls",
        "/dead-letters?after=x",
        "/reports?failing=maybe",
    ],
)
def test_bad_addresses_are_answered_in_words(full: Site, path: str) -> None:
    answer = full.client.get(path)
    assert answer.status_code == 400
    check(answer.text)


def test_an_unknown_parameter_is_named(full: Site) -> None:
    assert "there is no parameter verdct; did you mean verdict?" in full.client.get("/sessions?verdct=tls").text


@pytest.mark.parametrize("path", (*PATHS, "/healthz", "/api/sessions?limit=3", "/nosuch"))
def test_head_is_get_without_a_body(full: Site, path: str) -> None:
    head, get = full.client.head(path), full.client.get(path)
    assert head.status_code == get.status_code
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize("path", ["/nosuch", "/sessions/nosuch", "/reports/nosuch", "/incidents/nosuch", "/dead-letters/nosuch/raw"])
def test_what_is_not_there(full: Site, path: str) -> None:
    assert full.client.get(path).status_code == 404


def test_hostile_addresses_are_escaped(full: Site) -> None:
    for text in HOSTILE:
        if "\x00" not in text:
            for name in ("country", "path", "verdict", "reporter"):
                check(full.client.get("/", params={name: text}).text)
        check(full.client.get("/" + text.replace("\x00", "").replace("\r\n", "").replace("\x1b", "")).text)
