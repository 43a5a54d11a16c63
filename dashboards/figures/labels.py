"""Foreign text in figures. Plotly turns ``<a href>``, ``<b>``, ``<span style>`` and entities in any label into markup:
escaped once, they come out as the characters that they were."""

from __future__ import annotations

from html import escape

from dashboards.shapes.text import visible

LONGEST = 60


def literal(text: object) -> str:
    """The text as Plotly must be given it to show it as it is, clipped."""
    plain = visible(text)
    clipped = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    return escape(clipped, quote=False)
