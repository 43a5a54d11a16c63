"""How often the process looks for cyclic garbage while it drains."""

from __future__ import annotations

import gc

CONTAINERS = 100_000
"""New containers between two looks: some tens of MB at most."""


def look_rarely() -> None:
    """A batch is some hundred thousand containers without a cycle among them; looking through them over and over, as
    Python does by default, costs a quarter of the drain's time. Concerns the whole process."""
    gc.set_threshold(CONTAINERS, 20, 100)
