from __future__ import annotations

from base64 import b64encode

import pytest

from dashboards.guards.credentials import secret


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def test_the_password_of_any_user_or_the_token() -> None:
    assert secret(basic("anyone:pass:word")) == "pass:word"
    assert secret("Bearer tok") == secret("bearer tok ") == "tok"


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", basic("nocolon"), "Digest x", "Basic " + b64encode(b"\xff:\xff").decode()])
def test_what_carries_no_secret(header: str) -> None:
    assert secret(header) is None
