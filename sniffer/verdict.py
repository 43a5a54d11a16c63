"""From facts to one verdict: rules only. The first that holds is it; evidence keeps everything seen.

======================== ==================================================================================
``tls``                  STARTTLS accepted, and the handshake completed as far as can be seen
``tls_failed``           accepted, then no completed handshake, or plain SMTP after the 220
``starttls_refused``     the last well-formed STARTTLS was refused: 4xx or 5xx, -ERR, NO or BAD
``stripped_command``     the client's command is masked on the wire
``stripped_offer``       a masked word stands where the offer was, and no real offer beside it
``cleartext_offered``    offered, never asked
``cleartext_not_offered`` EHLO or HELO answered without an offer
``incomplete``           what decides was not captured
======================== ==================================================================================

``implicit_tls`` stands apart: such a session has no STARTTLS to judge. What accuses (``stripped_*``) needs more than
the rest: nothing that was lost may be able to explain it otherwise.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from sniffer.observation import Attempt, Observation, Sign
from sniffer.times import rfc3339

Verdict = Literal[
    "tls",
    "implicit_tls",
    "cleartext_not_offered",
    "cleartext_offered",
    "stripped_offer",
    "stripped_command",
    "starttls_refused",
    "tls_failed",
    "incomplete",
]


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """The verdict, and all evidence: what was seen, and what follows from it."""

    verdict: Verdict
    evidence: tuple[Sign, ...]


def judge(seen: Observation) -> Judgement:
    """Apply the rules."""
    verdict = _verdict(seen)
    return Judgement(verdict, seen.signs + _consequences(verdict, seen))


def _verdict(seen: Observation) -> Verdict:
    if seen.implicit:
        return "implicit_tls"
    if seen.attempts and seen.attempts[-1].accepted:
        return _after_accept(seen)
    if (last := _last_well_formed(seen)) and last.refused:
        return "starttls_refused"
    if (seen.masked_command or seen.masked_offer) and _nothing_else_explains(seen):
        return "stripped_command" if seen.masked_command else "stripped_offer"
    return _in_clear(seen)


def _last_well_formed(seen: Observation) -> Attempt | None:
    return next((attempt for attempt in reversed(seen.attempts) if attempt.well_formed), None)


def _nothing_else_explains(seen: Observation) -> bool:
    """What was lost can hold no later offer, and no STARTTLS that was taken after all."""
    unanswered = bool(seen.attempts) and not seen.attempts[-1].answered and seen.server_lost
    return not (seen.client_lost_before_mail or seen.greeting_open or unanswered)


def _after_accept(seen: Observation) -> Verdict:
    if seen.clear_after_accept:
        return "tls_failed"
    established = seen.tls.established if seen.tls else None
    if not seen.client_captured and not established:
        return "incomplete"
    return "incomplete" if established is None else "tls" if established else "tls_failed"


def _in_clear(seen: Observation) -> Verdict:
    asked = any(attempt.well_formed for attempt in seen.attempts) or seen.masked_unjudged
    if asked or seen.masked_offer or seen.masked_command or seen.client_lost or seen.greeting_open or seen.tls or seen.offered is None:
        return "incomplete"
    return "cleartext_offered" if seen.offered else "cleartext_not_offered"


def _consequences(verdict: Verdict, seen: Observation) -> tuple[Sign, ...]:
    """Evidence that no single byte shows: how a handshake ended without a word, what the capture lacks."""
    if verdict in ("tls_failed", "implicit_tls"):
        failed = seen.tls is not None and seen.tls.established is False and not seen.tls.signs and seen.ending != "cut"
        return (Sign(seen.ending, "server", "", rfc3339(seen.stop)),) if failed else ()
    if verdict != "incomplete":
        return ()
    words: list[Sign] = []
    lost = not seen.late_start and seen.ending != "cut"
    if not seen.client_captured:
        words.append(Sign("client_not_captured", "client", "", rfc3339(seen.start)))
    elif seen.client_lost and lost:
        words.append(Sign("loss_client", "client", "", rfc3339(seen.stop)))
    if not seen.server_captured:
        words.append(Sign("server_not_captured", "server", "", rfc3339(seen.start)))
    elif seen.server_lost and lost:
        words.append(Sign("loss_server", "server", "", rfc3339(seen.stop)))
    if seen.ending == "cut":
        words.append(Sign("capture_ended", "client", "", rfc3339(seen.stop)))
    if seen.late_start:
        words.append(Sign("late_start", "client", "", rfc3339(seen.start)))
    if seen.offered is None and not seen.ehlo and not seen.attempts:
        words.append(Sign("no_reply", "server", "", rfc3339(seen.stop)))
    return tuple(words)
