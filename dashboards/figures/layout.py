"""The look that all figures share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboards.figures import Figure, palette

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TRANSPARENT = "rgba(0,0,0,0)"
MOST_WEEKENDS = 30
"""More bands than this are noise."""


def base(**changes: Any) -> dict[str, Any]:
    """Quiet axes, no frame, no title (the page has one)."""
    axis = {"gridcolor": palette.RULE, "linecolor": palette.RULE, "zeroline": False, "automargin": True, "fixedrange": True}
    return {
        "template": None,
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "font": {"family": FONT, "size": 13, "color": palette.MUTED},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {**axis, "showgrid": False},
        "yaxis": {**axis, "rangemode": "tozero"},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": palette.BORDER, "bordercolor": palette.RULE, "font": {"color": palette.INK, "family": FONT, "size": 13}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
        "dragmode": False,
        **changes,
    }


def figure(traces: list[Any], layout: dict[str, Any]) -> Figure:
    """Checked by Plotly, then plain JSON-able values."""
    built = go.Figure(data=traces, layout=layout).to_plotly_json()
    return {"data": [dict(trace) for trace in built["data"]], "layout": dict(built["layout"])}


def weekends(begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """A faint band behind each Saturday and Sunday (UTC), so that their usual dip isn't taken for an event."""
    first = (begin - timedelta(days=(begin.weekday() - 5) % 7)).replace(hour=0, minute=0, second=0, microsecond=0)
    count = (end - first) // timedelta(days=7) + 1
    if not 0 < count <= MOST_WEEKENDS:
        return []
    saturdays = [first + timedelta(days=7 * week) for week in range(count)]
    return [_band(saturday, saturday + timedelta(days=2)) for saturday in saturdays]


def _band(begin: datetime, end: datetime) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": begin.isoformat(),
        "x1": end.isoformat(),
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.WEEKEND,
        "line": {"width": 0},
        "layer": "below",
    }
