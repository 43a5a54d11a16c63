"""Country outlines: Natural Earth 1:110m TopoJSON (package world-atlas) to small GeoJSON keyed by alpha-2 code.

``python -m dashboards.world.outlines countries-110m.json > dashboards/static/world.json`` makes the file that the
map draws. Rings keep the order they come in, which is the one that spherical drawing wants. Land that no code
claims keeps an id of its own (``-1``, ``-2`` …), so that it is drawn as land and never takes part in a figure.
Antarctica is left out: nobody sends mail through it and it takes a fifth of the picture.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboards.world.countries import countries

Point = tuple[float, float]
Ring = list[Point]

DIGITS = 1
"""A tenth of a degree is 11 km: less than a pixel on a map as wide as a screen."""
LEFT_OUT = {"AQ"}
BY_NAME = {"Kosovo": "XK"}


def geojson(topology: Mapping[str, Any]) -> dict[str, Any]:
    """A FeatureCollection whose features' ``id`` is the alpha-2 code. ``topology`` is quantised TopoJSON with an
    object ``countries`` whose geometries' ids are ISO numeric codes."""
    arcs = _arcs(topology)
    by_numeric = {c.numeric: c.alpha2 for c in countries().values() if c.numeric}
    features = []
    for number, geometry in enumerate(topology["objects"]["countries"]["geometries"], start=1):
        name = geometry["properties"]["name"]
        code = by_numeric.get(geometry.get("id", "")) or BY_NAME.get(name) or f"-{number}"
        if code not in LEFT_OUT:
            features.append(_feature(code, geometry, arcs))
    return {"type": "FeatureCollection", "features": features}


def _arcs(topology: Mapping[str, Any]) -> list[Ring]:
    """Arcs in degrees: positions are deltas on the quantisation grid."""
    (kx, ky), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points: Ring = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((round(x * kx + dx, DIGITS), round(y * ky + dy, DIGITS)))
        arcs.append(points)
    return arcs


def _feature(code: str, geometry: Mapping[str, Any], arcs: list[Ring]) -> dict[str, Any]:
    groups = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    polygons = [rings for group in groups if (rings := [ring for numbers in group if (ring := _ring(numbers, arcs))])]
    return {"type": "Feature", "id": code, "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": polygons}}


def _ring(numbers: list[int], arcs: list[Ring]) -> Ring:
    """Arcs joined end to end (``~n`` is arc n backwards), repeats dropped; empty when rounding left no area."""
    points: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(point for point in arc if not points or points[-1] != point)
    return points if len(set(points)) >= 3 else []


def main() -> None:
    topology = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    json.dump(geojson(topology), sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
