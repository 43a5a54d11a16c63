"""Stripping by country on a map: each country's colour is the lower bound of its share, in five steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures import Figure, layout, palette
from dashboards.figures.labels import literal
from dashboards.shapes.ranking import Ranked
from dashboards.shapes.text import number, percent
from dashboards.world.countries import countries, country_name


@dataclass(frozen=True, slots=True)
class Step:
    """Countries whose lower bound is at least ``least``."""

    least: float
    title: str
    colour: str
    variable: str


def _step(least: float, title: str, colour: str) -> Step:
    return Step(least, title, colour, palette.VARIABLES[colour])


STEPS = (
    _step(0.5, "half or more", palette.STRIPPED_STRONG),
    _step(0.1, "10 – 50 %", palette.STRIPPED_MIDDLE),
    _step(0.01, "1 – 10 %", palette.STRIPPED_SOFT),
    _step(1e-12, "some", palette.STRIPPED_FAINT),
    _step(0.0, "none seen", palette.SEEN),
)
OUTLINES = "/static/world.json"


def world(ranked: Sequence[Ranked], outlined: Collection[str]) -> Figure:
    """A choropleth of the countries that have outlines, dots for those that lack them. ``outlined`` holds the outlines'
    ids, land that no code claims among them."""
    frame = _frame(ranked)
    traces: list[object] = [_land(sorted(outlined))]
    for step in STEPS:
        rows = frame[frame["step"] == step.title]
        areas, dots = rows[rows["code"].isin(outlined)], rows[~rows["code"].isin(outlined)]
        if len(areas):
            traces.append(_areas(areas, step))
        if len(dots):
            traces.append(_dots(dots, step))
    return layout.figure(traces, layout.base(geo=_geo(), hovermode="closest", showlegend=False, margin={"l": 0, "r": 0, "t": 0, "b": 0}))


def _frame(ranked: Sequence[Ranked]) -> pd.DataFrame:
    table = countries()
    rows = [
        {
            "code": line.key,
            "latitude": table[line.key].latitude,
            "longitude": table[line.key].longitude,
            "step": next(step.title for step in STEPS if line.stripped.lower >= step.least),
            "text": _text(line),
        }
        for line in ranked
        if line.key in table and line.stripped.total
    ]
    return pd.DataFrame(rows, columns=["code", "latitude", "longitude", "step", "text"])


def _text(line: Ranked) -> str:
    share = line.stripped
    lines = [
        f"<b>{literal(country_name(line.key))}</b>",
        f"{number(share.affected)} of {number(share.total)} sessions stripped: {percent(share.value)}",
        f"95 %: {percent(share.lower)} to {percent(share.upper)}",
    ]
    if line.reported:
        lines.append(f"{number(line.reported)} reported without STARTTLS")
    return "<br>".join(lines)


def _land(codes: list[str]) -> go.Choropleth:
    return go.Choropleth(
        geojson=OUTLINES,
        locations=codes,
        z=[0] * len(codes),
        colorscale=[[0, palette.LAND], [1, palette.LAND]],
        showscale=False,
        hoverinfo="skip",
        marker={"line": {"color": palette.BORDER, "width": 0.6}},
    )


def _areas(rows: pd.DataFrame, step: Step) -> go.Choropleth:
    return go.Choropleth(
        geojson=OUTLINES,
        locations=rows["code"].tolist(),
        z=[0] * len(rows),
        colorscale=[[0, step.colour], [1, step.colour]],
        showscale=False,
        text=rows["text"].tolist(),
        customdata=rows["code"].tolist(),
        hovertemplate="%{text}<extra></extra>",
        marker={"line": {"color": palette.BORDER, "width": 0.6}},
    )


def _dots(rows: pd.DataFrame, step: Step) -> go.Scattergeo:
    return go.Scattergeo(
        lat=rows["latitude"].tolist(),
        lon=rows["longitude"].tolist(),
        text=rows["text"].tolist(),
        customdata=rows["code"].tolist(),
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"size": 9, "color": step.colour, "line": {"color": palette.BORDER, "width": 1}},
    )


def _geo() -> dict[str, object]:
    """Our own outlines only: every layer of Plotly's own is off."""
    return {
        "projection": {"type": "natural earth", "scale": 1.12},
        "visible": False,
        "bgcolor": layout.TRANSPARENT,
        "lataxis": {"range": [-57, 84]},
        "lonaxis": {"range": [-170, 180]},
    }
