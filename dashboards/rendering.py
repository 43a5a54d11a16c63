"""Templates: their environment, filters and the one function that renders a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboards.assets import version
from dashboards.figures import palette
from dashboards.figures.world import STEPS
from dashboards.lens import Lens
from dashboards.settings import DashboardSettings
from dashboards.shapes import text, words
from dashboards.shapes.dialogue import proofs
from dashboards.world.countries import country_name

PAGES = (
    ("Overview", "/"),
    ("Incidents", "/incidents"),
    ("Sessions", "/sessions"),
    ("Encryption", "/encryption"),
    ("Reports", "/reports"),
    ("Senders", "/senders"),
    ("Dead letters", "/dead-letters"),
    ("Health", "/health"),
)


def page(name: str, settings: DashboardSettings, lens: Lens, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The template ``name``.html with what all pages share and ``values``."""
    html = environment().get_template(f"{name}.html").render(settings=settings, lens=lens, now=lens.now, pages=PAGES, **values)
    return HTMLResponse(html, status)


@cache
def environment() -> Environment:
    """Escapes everything; an unknown name in a template is an error, not an empty string."""
    env = Environment(
        loader=PackageLoader("dashboards", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        number=text.number,
        percent=text.percent,
        bytes=text.size,
        duration=text.duration,
        moment=text.moment,
        month=text.month,
        day=text.day,
        wire=text.visible,
        country=country_name,
        plain=words.plain,
        embedded=embedded,
        proofs=proofs,
    )
    env.globals.update(
        words=words,
        ago=text.ago,
        count=text.count,
        steps=STEPS,
        palette=dict(palette.VARIABLES),
        asset=asset,
    )
    return env


def embedded(value: Any) -> Markup:
    """JSON for a ``<script type="application/json">``: nothing in it can end the element or open another."""
    raw = msgspec.json.encode(value).decode()
    for character in "<>&\u2028\u2029":
        raw = raw.replace(character, f"\\u{ord(character):04x}")
    return Markup(raw)


def asset(name: str) -> str:
    """Address of a static file, with its version, so that browsers may keep it for ever."""
    return f"/static/{name}?v={version(name)}"


@cache
def outlined() -> frozenset[str]:
    """Ids of the outlines that the map can draw."""
    world = msgspec.json.decode(files("dashboards").joinpath("static/world.json").read_bytes())
    return frozenset(feature["id"] for feature in world["features"])
