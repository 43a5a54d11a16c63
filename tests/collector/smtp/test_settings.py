from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.errors import SettingsError
from collector.smtp.intake import SmtpIntake
from collector.smtp.settings import SmtpSettings


def test_defaults_are_the_documented_limits() -> None:
    settings = SmtpSettings(recipients=("example.org",))
    settings.check()
    assert (settings.message_limit, settings.line_limit, settings.in_flight_limit) == (16 << 20, 1 << 20, 64 << 20)
    assert (settings.connection_limit, settings.peer_limit, settings.error_limit, settings.session_seconds) == (1000, 20, 20, 300.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"recipients": ()},
        {"recipients": ("",)},
        {"recipients": ("a b",)},
        {"recipients": ("x.example",), "message_limit": 1000},
        {"recipients": ("x.example",), "in_flight_limit": 1 << 20},
        {"recipients": ("x.example",), "proxies": ("not a network",)},
        {"recipients": ("x.example",), "unix_path": Path("x"), "proxies": ("127.0.0.1/32",)},
    ],
)
def test_what_cannot_work_is_refused_at_the_start(settings: dict[str, Any], start_smtp: Any) -> None:
    with pytest.raises(SettingsError) as refused:
        start_smtp(**settings)
    assert refused.value.reason == "settings_invalid"


def test_any_recipient_only_when_asked_for(start_smtp: Any) -> None:
    with start_smtp(recipients=(), accept_any_recipient=True).connect() as wire:
        wire.reply()
        wire.ask(b"EHLO x")
        wire.ask(b"MAIL FROM:<a@b>")
        assert wire.ask(b"RCPT TO:<any@where.example>").startswith("250")


def test_address_that_is_taken_is_named(start_smtp: Any) -> None:
    host, port = start_smtp().address
    with pytest.raises(SettingsError, match=f"{host}:{port}"):
        start_smtp(port=port)


def test_intake_needs_no_loop_until_it_starts() -> None:
    intake = SmtpIntake(SmtpSettings(recipients=("example.org",)), sink=None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        _ = intake.address
