"""The figures' colours, as in the light theme. ``VARIABLES`` names the style sheet's variable for each.

Red is kept for stripping. What is well is the accent; clear text and failures are warm greys.
"""

from __future__ import annotations

STRIPPED = "#c2261d"
STRIPPED_STRONG = "#8f1410"
STRIPPED_MIDDLE = "#c32a20"
STRIPPED_SOFT = "#e0786f"
STRIPPED_FAINT = "#f2bcb5"
ACCENT = "#1d6a72"
ACCENT_SOFT = "#7fb3b6"
SEEN = "#cfe0df"
CLEAR = "#8a8378"
CLEAR_SOFT = "#b9b2a6"
FAILED = "#5a554d"
QUIET = "#dcd7cd"
LAND = "#e9e5dc"
BORDER = "#fbfaf7"
INK = "#1f2326"
MUTED = "#676b6e"
RULE = "#e4e0d8"
WEEKEND = "#f1eee7"

VARIABLES = {
    STRIPPED: "--stripped",
    STRIPPED_STRONG: "--stripped-strong",
    STRIPPED_MIDDLE: "--stripped-middle",
    STRIPPED_SOFT: "--stripped-soft",
    STRIPPED_FAINT: "--stripped-faint",
    ACCENT: "--accent",
    ACCENT_SOFT: "--accent-soft",
    SEEN: "--seen",
    CLEAR: "--clear",
    CLEAR_SOFT: "--clear-soft",
    FAILED: "--failed",
    QUIET: "--quiet",
    LAND: "--land",
    BORDER: "--paper",
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    WEEKEND: "--weekend",
}

VERDICT = {
    "stripped_offer": STRIPPED,
    "stripped_command": STRIPPED_SOFT,
    "starttls_refused": FAILED,
    "tls_failed": CLEAR,
    "cleartext_not_offered": CLEAR_SOFT,
    "cleartext_offered": QUIET,
    "implicit_tls": ACCENT_SOFT,
    "tls": ACCENT,
    "incomplete": RULE,
}
