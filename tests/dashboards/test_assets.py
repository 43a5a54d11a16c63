from __future__ import annotations

import gzip

import pytest

from dashboards import assets
from tests.dashboards.conftest import Site


def test_plotly_comes_from_the_installed_wheel_packed_and_for_good(full: Site) -> None:
    path = f"/static/plotly.min.js?v={assets.version('plotly.min.js')}"
    with full.client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip" and "immutable" in answer.headers["cache-control"]
    assert len(packed) < 1_700_000 and gzip.decompress(packed) == assets.asset("plotly.min.js").body


def test_a_known_tag_is_not_sent_again(full: Site) -> None:
    tag = full.client.get("/static/style.css").headers["etag"]
    assert full.client.get("/static/style.css", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/nosuch.js", "/static/"])
def test_no_other_file_is_served(full: Site, path: str) -> None:
    assert full.client.get(path).status_code == 404


def test_a_favicon_is_there(full: Site) -> None:
    assert full.client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
