"""Mails that came while the DNS was down are judged again, every minute."""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractContextManager

from ingest.store.errors import StoreError
from stripwatch.serve.pipeline import Pipeline

_log = logging.getLogger(__name__)

INTERVAL = 60.0


def run_rejudging(pipeline: Pipeline, stop: threading.Event, turn: AbstractContextManager[object], interval: float = INTERVAL) -> None:
    """Judge again until ``stop``; ``turn`` is held for each write."""
    while not stop.wait(interval):
        try:
            done = pipeline.rejudge(turn)
        except StoreError as error:
            _log.warning("judging again waits: %s: %s", error.reason, error)
            continue
        if done.decided:
            _log.info("%d mails judged after all, %d wait on", done.decided, done.waiting)
