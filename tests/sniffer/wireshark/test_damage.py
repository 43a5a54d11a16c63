from __future__ import annotations

import pytest

from sniffer.wireshark.damage import damage_of

ROOT = 'Running as user "root" and group "root". This could be dangerous.'


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('tshark: The file "x" appears to have been cut short in the middle of a packet.', "cut_short"),
        ('tshark: The file "x" appears to be damaged or corrupt.', "damaged_record"),
        ('tshark: The file "x" isn\'t a capture file in a format TShark understands.', "not_a_capture"),
        ("tshark: out of memory", "capture_error"),
    ],
)
def test_last_words_become_the_sniffers_errors(words: str, reason: str) -> None:
    damage = damage_of([ROOT, words], 2)
    assert damage is not None
    assert damage.reason == reason


def test_a_good_end_is_no_damage() -> None:
    assert damage_of([ROOT], 0) is None


def test_a_bad_end_without_a_word_is_told_by_its_status() -> None:
    assert str(damage_of([ROOT], 139)) == "tshark ended with status 139"
