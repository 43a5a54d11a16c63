from __future__ import annotations

from dashboards.world.outlines import geojson

TOPOLOGY = {
    "transform": {"scale": [0.1, 0.1], "translate": [10.0, 50.0]},
    "arcs": [[[0, 0], [10, 0], [0, 10]], [[10, 10], [-10, 0], [0, -10]], [[0, 0], [1, 1]]],
    "objects": {
        "countries": {
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "id": "788", "properties": {"name": "Tunisia"}},
                {"type": "MultiPolygon", "arcs": [[[~1, ~0]], [[2]]], "properties": {"name": "Nowhere"}},
                {"type": "Polygon", "arcs": [[0, 1]], "id": "010", "properties": {"name": "Antarctica"}},
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "Kosovo"}},
            ]
        }
    },
}


def test_arcs_become_rings_in_degrees_keyed_by_alpha2() -> None:
    features = {f["id"]: f["geometry"]["coordinates"] for f in geojson(TOPOLOGY)["features"]}
    square = [(10.0, 50.0), (11.0, 50.0), (11.0, 51.0), (10.0, 51.0), (10.0, 50.0)]
    assert features["TN"] == [[square]]
    assert features["XK"] == [[square]]


def test_an_arc_backwards_turns_the_ring_and_slivers_go() -> None:
    features = {f["id"]: f["geometry"]["coordinates"] for f in geojson(TOPOLOGY)["features"]}
    assert features["-2"] == [[[(10.0, 50.0), (10.0, 51.0), (11.0, 51.0), (11.0, 50.0), (10.0, 50.0)]]]
    assert "AQ" not in features and len(features) == 3
