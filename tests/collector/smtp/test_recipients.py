from __future__ import annotations

import pytest

from collector.smtp.recipients import Recipients

OURS = Recipients(("TLSRPT@Example.org", "dmarc.example.net", "@third.example"))


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("tlsrpt@example.org", True),
        ("TlsRpt@EXAMPLE.ORG", True),
        ("tlsrpt@example.org.", True),
        ("other@example.org", False),
        ("any@dmarc.example.net", True),
        ("any@DMARC.example.net", True),
        ("any@sub.dmarc.example.net", False),
        ("any@third.example", True),
        ("tlsrpt", False),
        ("@dmarc.example.net", False),
        ("tlsrpt@example.org@evil.example", False),
        ("", False),
    ],
)
def test_allow_list(address: str, ours: bool) -> None:
    assert (address in OURS) is ours


def test_any_recipient_when_asked_for() -> None:
    assert "x@anywhere.example" in Recipients((), accept_any=True)
    assert "x@anywhere.example" not in Recipients(())
