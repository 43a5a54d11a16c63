from __future__ import annotations

from tests.dashboards.conftest import Site


def test_every_answer_carries_the_policy(full: Site) -> None:
    for path in ("/", "/api/schema", "/static/style.css", "/nosuch", "/healthz"):
        headers = full.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


def test_a_rebound_name_is_refused(full: Site) -> None:
    assert full.client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_a_password_guards_all_but_the_probes(locked: Site) -> None:
    for path in ("/", "/api/schema", "/metrics", "/static/style.css", "/api/openapi.json"):
        assert locked.client.get(path).status_code == 401, path
    assert locked.client.get("/healthz").status_code == 200
    assert locked.client.get("/readyz").status_code == 503
    assert locked.client.get("/", auth=("me", "korrekt horse")).status_code == 401
    assert locked.client.get("/", headers={"Authorization": "Bearer korrekt"}).status_code == 401


def test_the_password_opens(locked: Site) -> None:
    assert locked.client.get("/", auth=httpx_basic()).status_code == 200
    assert locked.client.get("/", auth=httpx_basic(), headers={"Host": "mail.example.org"}).status_code == 200


def httpx_basic() -> tuple[bytes, bytes]:
    return b"anyone", "korrekt hörse".encode()


def test_no_password_is_no_way_around_the_host_check(locked: Site) -> None:
    assert locked.client.get("/", auth=httpx_basic(), headers={"Host": "evil.example"}).status_code == 421
