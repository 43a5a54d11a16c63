"""What an input has used up of its limits so far: one budget goes through all layers of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ingest.reports.errors import TooLarge, TooManyElements, TooManyLines, TooManyMembers, TooSlow
from ingest.reports.limits import Limits


@dataclass(slots=True)
class Budget:
    """``clock`` gives seconds of processor time; it starts with the first look at it (each is a call of the system)."""

    limits: Limits
    clock: Callable[[], float]
    given: int = 0
    """Bytes of the input itself that were looked at."""
    inflated: int = 0
    members: int = 0
    mail_lines: int = 0
    held: int = 0
    """Bytes of the mails and archives that what is read now lies in."""
    _begun: float | None = None

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The input's own bytes as they pass."""
        for chunk in chunks:
            self.given += len(chunk)
            yield chunk

    def room(self) -> int:
        """Bytes that may still come out of inflating."""
        return self.limits.inflated_bytes - self.inflated

    def inflate(self, size: int) -> None:
        """``size`` bytes came out. Raises TooLarge."""
        self.inflated += size
        if self.inflated > self.limits.inflated_bytes:
            raise TooLarge(f"inflates to more than {self.limits.inflated_bytes} bytes")

    def member(self) -> None:
        """One more archive member. Raises TooManyMembers."""
        self.members += 1
        if self.members > self.limits.members:
            raise TooManyMembers(f"more than {self.limits.members}")

    def hold(self, size: int) -> None:
        """Something of so many bytes is gathered, beside what is ``held``. Raises TooLarge."""
        most = min(self.limits.held_bytes, self.limits.held_bytes_free + 32 * self.given - self.held)
        if size > most:
            raise TooLarge(f"more than {most} bytes to hold at once")

    def lines(self, count: int) -> None:
        """``count`` lines of one more mail. Raises TooManyLines."""
        self.mail_lines += count
        most = min(self.limits.mail_lines, self.limits.mail_lines_free + self.given // 2)
        if self.mail_lines > most:
            raise TooManyLines(f"more than {most}")

    def values(self, count: int) -> None:
        """A TLS report of ``count`` values. Raises TooManyElements."""
        most = min(self.limits.json_values, self.limits.json_values_free + self.given)
        if count > most:
            raise TooManyElements(f"more than {most} values")

    def check_time(self) -> None:
        """Raises TooSlow."""
        now = self.clock()
        if self._begun is None:
            self._begun = now
        elif now - self._begun > self.limits.cpu_seconds:
            raise TooSlow(f"more than {self.limits.cpu_seconds:g} s")
