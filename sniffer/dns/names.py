"""From answers to the MX name of an address: domain → host → address, each for as long as its answer counts.

An address answer is read only when an MX answer names its host; others wait a while, unread, in case one does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from sniffer.dns.asked import Message
from sniffer.dns.facts import Contradiction, MxFacts
from sniffer.dns.links import Links
from sniffer.dns.question import AAAA, DANE, MTA_STS, MX, NAMES, TLSA, TLSRPT, TXT, A, Question, question_of
from sniffer.dns.races import Races
from sniffer.settings import SECOND, DnsSettings
from sniffer.weird import Weird

if TYPE_CHECKING:
    from sniffer.dns.message import Answer

About = tuple[Literal["address", "host", "domain"], str]
_QUOTED = 4
"""Values of an answer that are quoted."""


class Names:
    """What answers told, up to now."""

    def __init__(self, settings: DnsSettings, weird: Weird) -> None:
        self._settings = settings
        self.weird = weird
        self._races = Races(settings)
        self._waiting: dict[tuple[str, int], Message] = {}
        self._hosts: Links[str, str] = Links(settings.names, settings.others)
        """Address → MX hosts; ``_domains``: MX host → mail domains; ``_policies``: owner name → whether it has one."""
        self._domains: Links[str, str] = Links(settings.names, settings.others)
        self._policies: Links[str, bool] = Links(settings.names, settings.others)
        self._doubts: Links[About, Contradiction] = Links(settings.names, settings.others)
        self._known = False

    def take(self, message: Message) -> None:
        """One more answer, in order of time."""
        question = question_of(message.data)
        if question is None or self._too_large(message.data):
            self.weird.dns_refused += 1
            return
        rival = self._races.rival(message)
        if rival and question_of(rival.data) == question:
            self._compare(question, rival, message)
        if question.type in (A, AAAA) and question.name not in self._domains:
            self._wait(question, message)
        else:
            self._learn(question, message)
        links = (self._hosts, self._domains, self._policies, self._doubts)
        self.weird.dns_forgotten += sum(one.forgotten for one in links)
        for one in links:
            one.forgotten = 0

    def about(self, address: str, start: int, stop: int) -> MxFacts | None:
        """What was known of a server when a session with it began, and what was contradicted until it ended."""
        if not self._known:
            return None
        shown = self._settings.shown
        hosts = [host for host in self._hosts.at(address, start) if self._domains.at(host, start)][:shown]
        domains = self._domains.at(hosts[0], start)[:shown] if hosts else []
        keys: list[About] = [("address", address), *(("host", host) for host in hosts), *(("domain", domain) for domain in domains)]
        doubts = {doubt: None for key in keys for doubt in self._doubts.at(key, start) if doubt.at <= stop}
        if not hosts and not doubts:
            return None
        return MxFacts(
            tuple(hosts),
            tuple(domains),
            self._policy(DANE, hosts[:1], start),
            self._policy(TLSRPT, domains, start),
            self._policy(MTA_STS, domains, start),
            tuple(doubts)[:shown],
        )

    def _policy(self, prefix: str, names: Iterable[str], time: int) -> bool | None:
        """True when one of the names has the policy, None when nobody asked for any of them."""
        told = [found[0] for name in names if (found := self._policies.at(prefix + name, time))]
        return any(told) if told else None

    def _too_large(self, data: bytes) -> bool:
        counts = sum(int.from_bytes(data[at : at + 2], "big") for at in (6, 8, 10))
        return len(data) > self._settings.message or counts > self._settings.records

    def _wait(self, question: Question, message: Message) -> None:
        key = question.name, question.type
        self._waiting.pop(key, None)
        self._waiting[key] = message
        if len(self._waiting) > self._settings.waiting:
            del self._waiting[next(iter(self._waiting))]

    def _learn(self, question: Question, message: Message) -> None:
        answer = self._read(message)
        if answer is None:
            return
        self._known = True
        since, until, name = message.time, self._until(message, answer), question.name
        if question.type in (TXT, TLSA):
            self._policies.add(name, bool(answer.values), since, until)
            return
        for value in sorted(answer.values):
            if question.type != MX:
                self._hosts.add(value, name, since, until)
                continue
            self._domains.add(value, name, since, until)
            for kind in (A, AAAA):
                waiting = self._waiting.pop((value, kind), None)
                if waiting:
                    self._learn(Question(value, kind, 0, True), waiting)
        for host, address in answer.addresses:
            self._hosts.add(address, host, since, until)

    def _read(self, message: Message) -> Answer | None:
        from sniffer.dns.message import read_answer  # the library is loaded by the first answer

        answer = read_answer(message.data)
        if answer is None:
            self.weird.dns_refused += 1
        return answer

    def _until(self, message: Message, answer: Answer) -> int:
        ttl = min(max(answer.ttl * SECOND, self._settings.shortest), self._settings.longest)
        return message.time + ttl

    def _compare(self, question: Question, first: Message, second: Message) -> None:
        """Two answers to one question: contradicted when they have nothing in common."""
        one, other = self._read(first), self._read(second)
        if one is None or other is None or one.values & other.values or not one.values | other.values:
            return
        self._known = True
        text = f"{NAMES[question.type]} {question.name}: {_quoted(first, one)}, then {_quoted(second, other)}"
        doubt = Contradiction(second.time, text)
        until = max(self._until(first, one), self._until(second, other))
        for about in _concerned(question, sorted(one.values | other.values)):
            self._doubts.add(about, doubt, first.time, until)


def _concerned(question: Question, values: list[str]) -> list[About]:
    """Whose sessions a contradiction touches."""
    if question.type == TLSA:
        return [("host", question.name.removeprefix(DANE))]
    if question.type == TXT:
        return [("domain", question.name.removeprefix(TLSRPT).removeprefix(MTA_STS))]
    return [("host" if question.type == MX else "address", value) for value in values]


def _quoted(message: Message, answer: Answer) -> str:
    values = sorted(answer.values)
    more = f" and {len(values) - _QUOTED} more" if len(values) > _QUOTED else ""
    return f"{message.server} answered {', '.join(values[:_QUOTED]) or 'none'}{more}"
