"""Data views into a Kibana, by its Data Views API."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpx

from dashboards.kibana.settings import KibanaSettings

_PATH = "/api/data_views/data_view"
_SECONDS = 30.0
_CLIPPED = 300


class KibanaFailed(Exception):
    """Kibana did not answer, or refused; one line."""


def install(settings: KibanaSettings, views: Iterable[dict[str, Any]]) -> list[str]:
    """Make the data views, or make them anew; their names. Raises KibanaFailed."""
    space = f"/s/{settings.space}" if settings.space else ""
    made = []
    try:
        with _client(settings) as client:
            for view in views:
                answer = client.post(f"{space}{_PATH}", json={"override": True, "data_view": view})
                if not answer.is_success:
                    raise KibanaFailed(f"{settings.url} refused {view['name']} ({answer.status_code}): {_said(answer)}")
                made.append(str(view["name"]))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KibanaFailed(f"{settings.url} does not answer: {error}") from error
    except OSError as error:
        raise KibanaFailed(f"{settings.ca_file}: {error.strerror or error}") from error
    return made


def _client(settings: KibanaSettings) -> httpx.Client:
    headers = {"kbn-xsrf": "stripwatch"}  # without any, Kibana refuses what changes something
    if settings.api_key:
        headers["Authorization"] = f"ApiKey {settings.api_key}"
    person = (settings.username, settings.password or "") if settings.username and not settings.api_key else None
    trust = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    return httpx.Client(base_url=settings.url, headers=headers, auth=person, verify=trust, timeout=_SECONDS)


def _said(answer: httpx.Response) -> str:
    try:
        said = answer.json().get("message", "")
    except (ValueError, AttributeError):
        said = answer.text
    return " ".join(str(said).split())[:_CLIPPED] or "no reason given"
