"""Every threshold of the rules, by name, with what happens at it."""

from __future__ import annotations

from datetime import timedelta

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts are sessions (or messages), shares 0 … 1. Below a minimum a rule stays silent."""

    min_sample: int = 20
    """Sessions that must show a change before it is called one."""
    min_reference: int = 20
    """Sessions that must have shown the contrary (earlier, or on other paths) before a change can be seen at all."""
    significance: float = 1e-4
    """One-sided p-value above which an excess may be chance. Small, as thousands of servers and clients are judged."""
    memory_days: int = 90
    """How far back a server, client or sender is remembered before the window that is judged."""
    lead_days: int = 14
    """A change that began up to this long before its window counts whole: a month's end must not cut a sample in two."""
    country_stripped: int = 3
    """Masked sessions before a country is named. A path is named at the first: a masked keyword is no accident."""
    jump_share: float = 0.2
    """A network's or country's share of clients that do not ask must rise by this much in a day to count as a jump."""
    jump_asked: float = 0.5
    """... while the sessions a day that do ask fall to this part of what they were: a wave of spam from clients
    without TLS raises the share too, but takes nothing away from those that ask."""
    tlsrpt_failures: int = 10
    """Failed sessions in reports before a sender's failures are an incident."""
    tlsrpt_jump: float = 0.001
    """The share of failed sessions must rise by this much above the sender's own baseline: little, as a small network's
    failures are measured against all that a large organisation reports."""
    tlsrpt_prior: int = 100
    """Without a memory of a sender one failure in this many sessions is taken for granted."""
    spoofing: int = 100
    """Messages in our name that failed DMARC before a network or country is named."""
    spoofing_jump: float = 0.001
    """The share of such messages must rise by this much above the network's or country's own baseline. It is measured against
    all messages that the organisations naming it report."""
    spoofing_prior: int = 100
    """Without a memory of it one such message in this many is taken for granted."""
    fallback_minutes: int = 10
    """A session in clear this long after a failed handshake between the same two hosts counts as the fallback."""
    clear_credentials: int = 1
    """Sessions with AUTH in clear before the server is named: one leaked password is one too many."""
    policy_violations: int = 1
    """Sessions against a domain's policy before its server is named."""
    tls_required: tuple[str, ...] = ()
    """Mail domains to which mail has to go over verified TLS: agreed with partners, or from a shared list. Which sessions are with
    them is known where the tap sees the DNS answers."""
    weak_tls: int = 20
    """Sessions with an old version or suite before the far end is named."""
    agreement_slack_hours: int = 24
    """Reports cover whole days: the tap and a report still speak of the same time when they are this far apart."""
    agreement_failures: int = 3
    """Failed sessions in reports that must point where the tap points before the two agree."""
    evidence: int = 50
    """Documents listed with an incident, the newest first; its keys find the rest."""

    @property
    def memory(self) -> timedelta:
        return timedelta(days=self.memory_days)

    @property
    def lead(self) -> timedelta:
        return timedelta(days=self.lead_days)

    @property
    def slack(self) -> timedelta:
        return timedelta(hours=self.agreement_slack_hours)


DEFAULTS = Settings()
