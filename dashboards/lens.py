"""What a page is looked at through: its time range and filters, both in the address, so that every view can be shared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from dashboards import timerange
from dashboards.filters import PARAMETERS, Choice, Filters
from dashboards.timerange import TimeRange
from dashboards.world.countries import country_name

TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as the page shows it: removing it is following ``href``."""

    label: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class Span:
    """One entry of the range switch."""

    title: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Lens:
    """Everything an address says about what to show."""

    path: str
    range: TimeRange
    filters: Filters
    now: datetime
    chosen: bool
    """False when the address named no range and the default holds."""

    def href(self, path: str | None = None, /, **changes: str | int | None) -> str:
        """An address with this range and these filters; ``changes`` replace a parameter, None or "" removes it."""
        pairs = [(c.name, c.value) for c in self.filters.choices if c.name not in changes]
        if self.chosen:
            pairs += [(n, v) for n, v in self.range.parameters.items() if n not in changes]
        pairs += [(n, str(v)) for n, v in changes.items() if v not in (None, "")]
        return address(path or self.path, pairs)

    def fresh(self, path: str, /, **parameters: str | int | None) -> str:
        """An address with this range and no filters but those given."""
        pairs = list(self.range.parameters.items()) if self.chosen else []
        return address(path, pairs + [(n, str(v)) for n, v in parameters.items() if v not in (None, "")])

    def elsewhere(self, path: str) -> str:
        """Another page's address: this range, and the tenant looked at, which holds for all pages."""
        pairs = [(c.name, c.value) for c in self.filters.choices if c.name == TENANT]
        if self.chosen:
            pairs += self.range.parameters.items()
        return address(path, pairs)

    def chips(self) -> list[Chip]:
        return [Chip(PARAMETERS[c.name].label, shown(c), self._removed(c)) for c in self.filters.choices]

    def spans(self) -> list[Span]:
        base = Lens(self.path, self.range, self.filters, self.now, chosen=False)
        return [Span(title, base.href(last=word), word == self.range.last) for word, title in timerange.TITLES.items()]

    def _removed(self, choice: Choice) -> str:
        return Lens(self.path, self.range, self.filters.without(choice), self.now, self.chosen).href()


def shown(choice: Choice) -> str:
    """A choice's value for people."""
    if choice.value == "none":
        return "unknown"
    return country_name(choice.value) if choice.name == "country" else choice.value.replace("_", " ")


def address(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
