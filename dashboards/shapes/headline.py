"""The sentence at the top: is somebody stripping the encryption off our mail?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboards.shapes.share import Share
from dashboards.shapes.text import count, number, percent

Answer = Literal["yes", "perhaps", "no", "nothing"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the headline is drawn from. ``worst`` is the top country's name with its share; ``suspicious`` counts open
    incidents of the rules that infer stripping without a mask on the wire, ``posing`` those of the rules by which somebody
    answers in a server's stead."""

    sessions: int
    stripped: Share
    paths: int
    countries: int
    reports: int
    reported: int
    suspicious: int
    posing: int = 0
    worst: tuple[str, Share] | None = None
    agreeing: int = 0


@dataclass(frozen=True, slots=True)
class Headline:
    """``word`` is the answer itself, empty when there is none yet; ``text`` is the rest of the sentence."""

    answer: Answer
    text: str
    detail: str
    word: str = ""


def headline(seen: Seen) -> Headline:
    """Plain words, and nothing claimed that the sample does not bear."""
    if seen.stripped.affected:
        return Headline("yes", f"Mail is being stripped on {_where(seen)}.", _proof(seen), "Yes.")
    if seen.suspicious or seen.posing or seen.reported:
        return Headline("perhaps", "Nothing is masked on the wire, but something is off.", _hints(seen), "Perhaps.")
    if seen.stripped.total:
        bound = f"With this sample, at most {percent(seen.stripped.upper)} of sessions could be stripped unseen (95 % bound)."
        return Headline("no", f"No stripping seen in {count(seen.stripped.total, 'session')}.", bound)
    if seen.sessions:
        text = f"{count(seen.sessions, 'session')} seen, and none complete enough to judge."
        return Headline("nothing", text, "Check for packet loss or a missing direction on the tap.")
    if seen.reports:
        text = f"No sessions seen. {count(seen.reports, 'report')} received, none speaks of a missing STARTTLS."
        return Headline("nothing", text, "A tap, or a capture, would show the wire itself.")
    return Headline("nothing", "Nothing seen yet.", "")


def _where(seen: Seen) -> str:
    places = f", in {count(seen.countries, 'country', 'countries')}" if seen.countries else ""
    return f"{count(seen.paths, 'path')}{places}"


def _proof(seen: Seen) -> str:
    parts = [f"{number(seen.stripped.affected)} of {count(seen.stripped.total, 'session')} lost STARTTLS ({percent(seen.stripped.value)})."]
    if seen.worst and seen.worst[1].affected:
        name, share = seen.worst
        parts.append(f"Worst: {name}, at least {percent(share.lower)} of its sessions.")
    if seen.agreeing:
        parts.append(f"{count(seen.agreeing, 'incident is', 'incidents are')} confirmed by senders’ reports.")
    return " ".join(parts)


def _hints(seen: Seen) -> str:
    parts = []
    if seen.suspicious:
        parts.append(f"{count(seen.suspicious, 'open incident suggests', 'open incidents suggest')} a STARTTLS that does not get through.")
    if seen.posing:
        parts.append(f"{count(seen.posing, 'open incident suggests', 'open incidents suggest')} that somebody answers in a server’s stead.")
    if seen.reported:
        parts.append(f"Senders report {count(seen.reported, 'session')} without STARTTLS: upstream of the tap, if anywhere.")
    return " ".join(parts)
