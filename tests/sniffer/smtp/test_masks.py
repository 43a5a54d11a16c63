import pytest

from sniffer.smtp.masks import is_masked_banner, is_masked_starttls, is_masked_word


@pytest.mark.parametrize(
    "word",
    [
        b"XXXXXXXX",
        b"xxxxxxxx",
        b"XXXXXXXA",
        b"XXXXXXXZ",
        b"********",
        b"--------",
        b"        ",
        b"\0" * 8,
        b"00000000",
        b"STARTTLX",
        b"XTARTTLS",
        b"STARTTL*",
        b"STARTXXX",
        b"******LS",
        b"starttlx",
    ],
)
def test_changed_in_place(word: bytes) -> None:
    assert is_masked_starttls(word)


@pytest.mark.parametrize(
    "word",
    [
        b"STARTTLS",
        b"starttls",
        b"8BITMIME",
        b"CHUNKING",
        b"SMTPUTF8",
        b"XFORWARD",
        b"XXXXXXX",
        b"XXXXXXXXX",
        b"XXXXXXAB",
        b"",
        b"STARTTL",
        b"PIPELINE",
        b"ABCDEFGH",
    ],
)
def test_other_words(word: bytes) -> None:
    assert not is_masked_starttls(word)


@pytest.mark.parametrize(
    ("text", "masked"),
    [(b"XXXB", True), (b"XXXXXXXXXXXC", True), (b"****", True), (b"XX", False), (b"XCLIENT", False), (b"SIZE", False), (b"", False)],
)
def test_other_masked_words(text: bytes, masked: bool) -> None:
    assert is_masked_word(text) is masked


@pytest.mark.parametrize(
    ("text", "masked"), [(b"*****2***0***********", True), (b"mx ESMTP *** welcome", False), (b"********", True), (b"***", False)]
)
def test_banners(text: bytes, masked: bool) -> None:
    assert is_masked_banner(text) is masked
