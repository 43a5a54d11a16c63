"""Figures: pure functions from a query's rows to a Plotly figure as a JSON-able dict.

Colours are those of the light theme (``palette``); the page's script swaps each for the theme that the reader has.
Every foreign text goes through ``labels.literal``: Plotly reads a small HTML in its labels.
"""

from typing import Any

Figure = dict[str, Any]
"""``{"data": [...], "layout": {...}}``."""
