"""What all requests of one HTTPS intake share."""

from __future__ import annotations

from collector.connections import ConnectionLimits
from collector.counters import IntakeCounters
from collector.delivery import Delivery
from collector.https.answers import Answer
from collector.https.response import AnswerResponse
from collector.https.settings import HttpsSettings
from collector.https.tokens import Tokens
from collector.in_flight import InFlight
from collector.sink import RecordSink
from ingest.spool.clock import Clock


class Service:
    """Limits, counters and the way to the sink; belongs to one event loop."""

    def __init__(self, settings: HttpsSettings, sink: RecordSink, clock: Clock, in_flight: InFlight) -> None:
        self.settings = settings
        self.clock = clock
        self.in_flight = in_flight
        self.counters = IntakeCounters()
        self.delivery = Delivery(sink, self.counters, settings.append_seconds)
        self.limits = ConnectionLimits(settings.connection_limit, settings.peer_limit)
        self.tokens = Tokens(settings.tokens)
        self.requests = 0
        self.closing = False

    def respond(self, answer: Answer) -> AnswerResponse:
        """Count an answer and put it on the wire."""
        if answer.status >= 400:
            self.counters.refused[answer.reason] += 1
        return AnswerResponse(answer, self.settings.linger_seconds)
