from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.errors import SettingsError
from collector.imap.settings import ImapSettings

GOOD: dict[str, Any] = {"host": "imap.example.org", "user": "reports", "password": "secret"}


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"user": ""}, "user"),
        ({"password": None}, "password_file"),
        ({"password_file": Path("x")}, "password_file"),
        ({"tls": "none"}, "clear"),
        ({"move_to": "INBOX"}, "move_to"),
        ({"move_to": ""}, "move_to"),
        ({"after": "keyword", "keyword": "two words"}, "keyword"),
        ({"after": "keyword", "keyword": "\\Seen"}, "keyword"),
        ({"after": "keyword", "keyword": ""}, "keyword"),
        ({"idle_seconds": 1800.0}, "idle_seconds"),
        ({"poll_seconds": 0.0}, "poll_seconds"),
    ],
)
def test_what_cannot_work_is_refused_by_name(more: dict[str, Any], names: str) -> None:
    with pytest.raises(SettingsError, match=names):
        ImapSettings(**{**GOOD, **more}).check()


@pytest.mark.parametrize(
    "more", [{}, {"tls": "none", "host": "127.0.0.1"}, {"tls": "none", "host": "::1"}, {"tls": "none", "allow_cleartext": True}]
)
def test_what_can_is_not(more: dict[str, Any]) -> None:
    ImapSettings(**{**GOOD, **more}).check()


def test_the_port_follows_from_tls() -> None:
    assert ImapSettings(**GOOD).true_port == 993
    assert ImapSettings(**GOOD, tls="starttls").true_port == 143
    assert ImapSettings(**GOOD, port=1143).true_port == 1143


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(ImapSettings(**GOOD))
