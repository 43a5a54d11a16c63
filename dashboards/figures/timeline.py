"""Shares and volumes over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures import Figure, layout, palette
from dashboards.shapes.words import verdict
from ingest.store.query import Interval, Row

DIRECTIONS = (
    ("inbound", "inbound", palette.ACCENT, "solid"),
    ("outbound", "outbound", palette.ACCENT_SOFT, "solid"),
    ("external", "external", palette.CLEAR, "dot"),
    (None, "no direction", palette.CLEAR_SOFT, "dot"),
)

WIDTHS: dict[Interval, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
"""How wide a bucket is drawn."""


def shares(rows: Sequence[Row], interval: Interval) -> Figure:
    """Share of sessions with TLS by direction, and share stripped. Rows: @timestamp, network.direction, decided,
    encrypted, stripped."""
    frame = _frame(rows, ["network.direction", "decided", "encrypted", "stripped"])
    frame = frame[frame["decided"] > 0]
    traces: list[object] = []
    for value, title, colour, dash in DIRECTIONS:
        mine = frame[frame["network.direction"].isna()] if value is None else frame[frame["network.direction"] == value]
        if len(mine):
            traces.append(_line(f"TLS {title}", mine, "encrypted", colour, dash))
    whole = frame.groupby("@timestamp", as_index=False)[["decided", "stripped"]].sum()
    if len(whole):
        traces.append(_line("stripped", whole, "stripped", palette.STRIPPED, "solid", fill=True))
    return layout.figure(traces, _layout(frame, interval, tickformat=".0%", range=[0, 1.02]))


def verdicts(rows: Sequence[Row], interval: Interval) -> Figure:
    """Sessions by verdict, stacked. Rows: @timestamp, smtp.verdict, count."""
    frame = _frame(rows, ["smtp.verdict", "count"])
    traces = []
    for word, colour in reversed(palette.VERDICT.items()):
        mine = frame[frame["smtp.verdict"] == word]
        if len(mine):
            traces.append(_bars(verdict(word).title, mine["@timestamp"], mine["count"], colour, interval))
    return layout.figure(traces, _layout(frame, interval, barmode="stack"))


def reported(rows: Sequence[Row], interval: Interval) -> Figure:
    """Sessions that senders report, successful and failed. Rows: @timestamp, successful, failed."""
    frame = _frame(rows, ["successful", "failed"])
    traces = [
        _bars("failed", frame["@timestamp"], frame["failed"], palette.FAILED, interval),
        _bars("successful", frame["@timestamp"], frame["successful"], palette.ACCENT_SOFT, interval),
    ]
    return layout.figure(traces, _layout(frame, interval, barmode="stack"))


def alignment(rows: Sequence[Row], interval: Interval) -> Figure:
    """Messages in our name that aligned and that did not. Rows: @timestamp, messages, aligned."""
    frame = _frame(rows, ["messages", "aligned"])
    traces = [
        _bars("aligned", frame["@timestamp"], frame["aligned"], palette.ACCENT, interval),
        _bars("not aligned", frame["@timestamp"], frame["messages"] - frame["aligned"], palette.FAILED, interval),
    ]
    return layout.figure(traces, _layout(frame, interval, barmode="stack"))


def _frame(rows: Sequence[Row], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["@timestamp", *columns])
    return frame.sort_values("@timestamp")


def _times(column: pd.Series) -> list[str]:
    """Without the zone: Plotly shows what it is given, and pages speak UTC."""
    return [value.strftime("%Y-%m-%dT%H:%M:%S") for value in column]


def _line(name: str, rows: pd.DataFrame, part: str, colour: str, dash: str, *, fill: bool = False) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=_times(rows["@timestamp"]),
        y=[round(float(value), 5) for value in rows[part] / rows["decided"]],
        customdata=[[int(a), int(b)] for a, b in zip(rows[part], rows["decided"], strict=True)],
        hovertemplate="%{y:.1%} (%{customdata[0]:,} of %{customdata[1]:,})",
        mode="lines+markers" if len(rows) < 60 else "lines",
        marker={"size": 4},
        line={"color": colour, "width": 2, "dash": dash},
        **({"fill": "tozeroy"} if fill else {}),
    )


def _bars(name: str, times: pd.Series, values: pd.Series, colour: str, interval: Interval) -> go.Bar:
    return go.Bar(
        name=name,
        x=_times(times),
        y=[int(value) for value in values],
        width=0.84 * WIDTHS[interval] / timedelta(milliseconds=1),
        offset=0.08 * WIDTHS[interval] / timedelta(milliseconds=1),
        hovertemplate="%{y:,}",
        marker={"color": colour, "line": {"width": 0}},
    )


def _layout(frame: pd.DataFrame, interval: Interval, *, barmode: str | None = None, **axis: object) -> dict[str, object]:
    changes = layout.base()
    changes["yaxis"] = {**changes["yaxis"], **axis}
    changes["showlegend"] = True
    if barmode:
        changes["barmode"] = barmode
    if len(frame):
        begin = frame["@timestamp"].min().to_pydatetime()
        end = frame["@timestamp"].max().to_pydatetime() + (WIDTHS[interval] if barmode else timedelta())
        margin = timedelta() if barmode else WIDTHS[interval] / 3
        changes["xaxis"] = {**changes["xaxis"], "range": [(begin - margin).isoformat(), (end + margin).isoformat()]}
        changes["shapes"] = layout.weekends(begin, end)
    return changes
