from __future__ import annotations

import pytest

from collector.errors import NotDurable
from collector.smtp import replies


@pytest.mark.parametrize(
    ("plain", "enhanced"),
    [
        ("250 OK", "250 2.0.0 OK"),
        ("500 Error: bad syntax", "500 5.5.2 bad syntax"),
        ("552 Error: message size exceeds fixed maximum message size", "552 5.3.4 message size exceeds fixed maximum message size"),
        ("221 Bye", "221 2.0.0 Bye"),
        ("220 localhost ESMTP", "220 localhost ESMTP"),
        ("354 End data", "354 End data"),
        ("553 5.1.3 Error: malformed address", "553 5.1.3 Error: malformed address"),
        ("250-SIZE 1", "250-SIZE 1"),
        ("502 5.5.1 Too many unrecognized commands, goodbye.", replies.TOO_MANY_ERRORS),
    ],
)
def test_enhanced_codes(plain: str, enhanced: str) -> None:
    assert replies.enhanced(plain) == enhanced


@pytest.mark.parametrize(
    ("kind", "start"), [("full", "452 4.3.1"), ("failed", "451 4.3.0"), ("closing", "451 4.3.0"), ("too_large", "552 5.3.4")]
)
def test_refusals(kind: str, start: str) -> None:
    assert replies.for_refusal(NotDurable("reason", kind)).startswith(start)  # type: ignore[arg-type]


def test_only_what_cannot_succeed_is_permanent() -> None:
    permanent = {name for name, text in vars(replies).items() if name.isupper() and isinstance(text, str) and text.startswith("5")}
    assert permanent == {"MESSAGE_TOO_LARGE", "LINE_TOO_LONG", "NOT_OUR_RECIPIENT", "NO_AUTH"}
