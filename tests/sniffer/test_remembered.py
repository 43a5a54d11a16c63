from __future__ import annotations

from sniffer.remembered import remembered


def test_short_questions_are_answered_once_and_long_ones_each_time() -> None:
    asked = []

    @remembered(2, 4)
    def doubled(data: bytes, times: int = 2) -> bytes:
        """Doc."""
        asked.append(data)
        return data * times

    assert [doubled(b"abcd"), doubled(b"abcd"), doubled(b"abcd", 3)] == [b"abcdabcd", b"abcdabcd", b"abcdabcdabcd"]
    assert asked == [b"abcd", b"abcd"]
    assert doubled(b"abcde") == doubled(b"abcde")
    assert asked[2:] == [b"abcde", b"abcde"]
    assert doubled.__doc__ == "Doc."
