from __future__ import annotations

import hashlib

import pytest

from collector.errors import SettingsError
from collector.https.settings import HttpsSettings
from collector.https.tokens import Tokens

HASH = "sha256:" + hashlib.sha256(b"the-second-secret").hexdigest()
TOKENS = Tokens((("one", "the-first-secret"), ("two", HASH)))


@pytest.mark.parametrize(
    ("header", "owner"),
    [
        ("Bearer the-first-secret", "one"),
        ("bearer   the-second-secret ", "two"),
        ("Bearer the-third-secret", None),
        (f"Bearer {HASH}", None),
        ("Basic the-first-secret", None),
        ("the-first-secret", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        (None, None),
    ],
)
def test_owner(header: str | None, owner: str | None) -> None:
    assert TOKENS.owner(header) == owner


@pytest.mark.parametrize(
    "tokens",
    [
        (("one", "short"),),
        (("one", "sha256:abc"),),
        (("one", "sha256:" + "z" * 64),),
        (("", "0123456789abcdef"),),
        (("one", "0123456789abcdef"), ("one", "another-long-secret")),
    ],
)
def test_tokens_that_cannot_work_are_refused(tokens: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(SettingsError):
        HttpsSettings(tokens=tokens).check()


def test_networks_and_limits_that_cannot_work_are_refused() -> None:
    for settings in (HttpsSettings(proxies=("no network",)), HttpsSettings(body_limit=1 << 30)):
        with pytest.raises(SettingsError):
            settings.check()
