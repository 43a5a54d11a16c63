"""Told by services that are there, on loopback, from a store that is one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.incidents.model import Incident
from ingest.store.duckdb_store.store import DuckStore
from stripwatch.alerts import alerter as module
from stripwatch.alerts.alerter import Alerter, recipients_of
from stripwatch.alerts.settings import AlertSettings
from stripwatch.alerts.told import ToldBook
from stripwatch.configuration import ConfigurationError

from .conftest import NOW, Hook, Mailbox, incident


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckStore]:
    found = DuckStore(tmp_path / "store.duckdb", memory_limit="512MB", threads=1)
    yield found
    found.close()


def put(store: DuckStore, *incidents: Incident) -> None:
    store.put([one.to_document() for one in incidents])


def made(store: DuckStore, folder: Path, *urls: str, now: Callable[[], datetime] = lambda: NOW) -> Alerter:
    settings = AlertSettings(urls=urls, dashboard_url="https://gate.example")
    return Alerter(store, recipients_of(settings), ToldBook(folder / "told.jsonl"), settings, now)


def test_a_service_is_told_once_also_after_a_restart(store: DuckStore, tmp_path: Path, hook: Hook) -> None:
    put(store, incident("a"), incident("b", severity="low", subject="x"), incident("c", severity="high", subject="y"))
    assert made(store, tmp_path, hook.url).tell()
    [message] = hook.messages
    assert message["title"] == "stripwatch: 2 incidents, the gravest critical"
    assert "https://gate.example/incidents/a" in message["message"] and "/incidents/b" not in message["message"]
    assert made(store, tmp_path, hook.url).tell() and len(hook.messages) == 1
    put(store, incident("d", subject="z"))
    assert made(store, tmp_path, hook.url).tell() and "/incidents/d" in hook.messages[1]["message"]


def test_a_mail_is_a_mail(store: DuckStore, tmp_path: Path, mailbox: Mailbox) -> None:
    put(store, incident("a"))
    assert made(store, tmp_path, mailbox.url).tell()
    [mail] = mailbox.mails
    assert (mail["Subject"], mail["To"]) == ("stripwatch: critical: STARTTLS stripped", "soc@gate.example")
    [text] = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert isinstance(text, bytes) and "21 of 21 sessions" in text.decode()


def test_what_one_service_did_not_take_is_tried_again_there_alone(
    store: DuckStore, tmp_path: Path, hook: Hook, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, incident("a"))
    hook.refusing = True
    alerter = made(store, tmp_path, hook.url, mailbox.url)
    assert not alerter.tell()
    assert (alerter.counters.failing, alerter.counters.failures, len(mailbox.mails)) == (("JSON",), 1, 1)
    hook.refusing = False
    assert alerter.tell()
    assert (alerter.counters.failing, len(hook.messages), len(mailbox.mails)) == ((), 1, 1)
    assert "pa55word" not in caplog.text


def test_a_service_that_comes_back_is_told_by_itself(store: DuckStore, tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOON", 0.1)
    put(store, incident("a"))
    hook.refusing = True
    stop = threading.Event()
    alerter = made(store, tmp_path, hook.url)
    thread = threading.Thread(target=alerter.run, args=(stop,))
    thread.start()
    wait_for(lambda: hook.asked > 1)
    hook.refusing = False
    wait_for(lambda: bool(hook.messages))
    put(store, incident("b", subject="x"))
    alerter.note()
    wait_for(lambda: len(hook.messages) == 2)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_an_incident_of_old_is_no_news(store: DuckStore, tmp_path: Path, hook: Hook) -> None:
    put(store, incident("a", first_seen=NOW - timedelta(days=60), last_seen=NOW - timedelta(days=50)))
    assert made(store, tmp_path, hook.url).tell() and hook.messages == []


def test_a_damaged_book_tells_again_and_is_whole_then(store: DuckStore, tmp_path: Path, hook: Hook) -> None:
    put(store, incident("a"))
    (tmp_path / "told.jsonl").write_bytes(b'{"to": \xff\n')
    assert made(store, tmp_path, hook.url).tell() and len(hook.messages) == 1
    assert made(store, tmp_path, hook.url).tell() and len(hook.messages) == 1


def test_a_book_that_cannot_be_used_stops_nothing_and_tells_once_a_start(store: DuckStore, tmp_path: Path, hook: Hook) -> None:
    put(store, incident("a"))
    (tmp_path / "told.jsonl").mkdir()
    alerter = made(store, tmp_path, hook.url)
    with pytest.raises(OSError):
        alerter.tell()
    assert alerter.tell() and len(hook.messages) == 1


def test_an_address_that_is_none_is_named_without_its_secret() -> None:
    with pytest.raises(ConfigurationError) as refused:
        recipients_of(AlertSettings(urls=("json://gate.example", "nosuch://a:pa55word@gate.example")))
    assert "number 2" in str(refused.value) and "pa55word" not in str(refused.value)


def test_apprise_says_nothing_of_addresses(store: DuckStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    put(store, incident("a"))
    assert not made(store, tmp_path, "json://someone:pa55word@127.0.0.1:1/hook").tell()
    assert "pa55word" not in caplog.text and "someone" not in caplog.text


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
