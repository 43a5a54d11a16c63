from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from dashboards.errors import ForeignRequest
from dashboards.guards.origin import require_same_origin

HOST = {"host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"authorization": "Bearer x"},
    ],
)
def test_our_own_forms_and_programs(headers: dict[str, str]) -> None:
    require_same_origin(Headers({**HOST, **headers}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"},
        {"authorization": "Basic eDp5"},
    ],
)
def test_everything_else_is_foreign(headers: dict[str, str]) -> None:
    with pytest.raises(ForeignRequest):
        require_same_origin(Headers({**HOST, **headers}))
