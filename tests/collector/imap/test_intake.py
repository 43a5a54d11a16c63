"""The IMAP intake against a real Dovecot: nothing lost, nothing put away before it is durable, no loop."""

from __future__ import annotations

import threading
import time

import pytest

from collector.errors import SettingsError
from collector.imap.box import ImapBox
from collector.imap.intake import imap_intake
from collector.imap.settings import ImapSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.errors import SpoolFull, SpoolUnavailable
from tests.collector.conftest import SwitchedSink
from tests.collector.emptying import await_that
from tests.collector.imap.conftest import StartImap, settings_for
from tests.dovecot import Account, Dovecot, account_on

MAIL = b"From: noreply@sender.example\r\nSubject: Report Domain: example.org\r\n\r\nhello\r\n"


def mail(number: int, size: int = 0) -> bytes:
    return b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * size)


def test_mails_are_taken_whole_and_moved(account: Account, start_imap: StartImap) -> None:
    raw = MAIL + bytes(range(128, 256)) + b"\r\n.\r\n"
    account.put(raw, mail(2))
    running = start_imap(account)
    await_that(lambda: not account.mails())
    assert running.bodies() == sorted([raw, mail(2)])
    assert [body for body, _ in account.mails("Stripwatch")] == [raw, mail(2)]
    (record,) = (each for each in running.records() if each.body == raw)
    assert (record.way, record.content, record.tls_version, record.peer_address) == ("imap", "mail", None, None)
    assert record.file_path is not None
    assert record.file_path.startswith(f"imap://{account.user}@127.0.0.1:{account.server.port}/INBOX;UIDVALIDITY=")
    assert record.file_path.endswith("/;UID=1")
    assert running.intake.status().state == "watching"
    assert "IDLE" in running.intake.status().says


def test_new_mail_is_noticed_by_idle(account: Account, start_imap: StartImap) -> None:
    running = start_imap(account, idle_seconds=600.0)
    await_that(lambda: running.intake.status().state == "watching")
    for number in range(3):
        account.put(mail(number))
        await_that(lambda want=number + 1: running.accepted == want, 5.0)
    assert account.mails() == []
    assert running.intake.snapshot().connections == 1


def test_what_comes_between_a_look_and_idle_waits_for_the_end_of_a_short_idle(account: Account) -> None:
    box = ImapBox.open(settings_for(account, idle_seconds=600.0), SYSTEM_CLOCK)
    for number in (1, 2):  # the second behind one that was read
        assert not any(box.batches())
        account.put(mail(number))
        box.wait(threading.Event())
        ((waiting,),) = box.batches()
        assert box.read(waiting, 1000) is not None
        box.put_away(waiting)
    box.close()


def test_what_comes_while_mails_are_taken_does_not_wait_for_the_next_idle(account: Account, start_imap: StartImap) -> None:
    account.put(*(mail(number) for number in range(20)))
    running = start_imap(account, idle_seconds=600.0)
    await_that(lambda: running.accepted >= 2)
    account.put(*(mail(number) for number in range(20, 30)))
    await_that(lambda: running.accepted == 30 and not account.mails(), 10.0)


def test_a_finished_idle_is_renewed_on_the_same_connection(account: Account, start_imap: StartImap) -> None:
    running = start_imap(account, idle_seconds=1.0)
    await_that(lambda: running.intake.status().state == "watching")
    time.sleep(2.5)
    account.put(mail(1))
    await_that(lambda: running.accepted == 1, 5.0)
    snapshot = running.intake.snapshot()
    assert (snapshot.connections, snapshot.weird) == (1, {})


def test_a_server_without_idle_move_and_uidplus(bare_dovecot: Dovecot, start_imap: StartImap) -> None:
    account = account_on(bare_dovecot)
    account.put(mail(0))
    running = start_imap(account)
    await_that(lambda: running.accepted == 1)
    account.put(mail(1))
    await_that(lambda: running.accepted == 2)
    await_that(lambda: [flags for _, flags in account.mails()] == [{"\\Deleted"}] * 2)
    assert [body for body, _ in account.mails("Stripwatch")] == [mail(0), mail(1)]
    assert "no IDLE" in running.intake.status().says
    time.sleep(0.5)
    assert running.accepted == 2


def test_what_others_marked_as_deleted_is_neither_taken_nor_expunged(account: Account, start_imap: StartImap) -> None:
    account.put(mail(1), flags="\\Deleted")
    account.put(mail(2))
    running = start_imap(account)
    await_that(lambda: running.accepted == 1)
    await_that(lambda: account.mails() == [(mail(1), {"\\Deleted"})])
    assert running.bodies() == [mail(2)]


@pytest.mark.parametrize(("after", "flag"), [("seen", "\\Seen"), ("keyword", "$Stripwatch")])
def test_mails_are_marked(account: Account, start_imap: StartImap, after: str, flag: str) -> None:
    account.put(mail(1), mail(2))
    running = start_imap(account, after=after)
    await_that(lambda: [flags for _, flags in account.mails()] == [{flag}, {flag}])
    running.stop()
    assert running.bodies() == [mail(1), mail(2)]
    assert account.mails("Stripwatch") == []


def test_a_restart_takes_only_what_is_new(account: Account, start_imap: StartImap) -> None:
    account.put(mail(1))
    first = start_imap(account, after="keyword")
    await_that(lambda: first.accepted == 1 and all(flags for _, flags in account.mails()))
    first.stop()
    account.put(mail(2))
    second = start_imap(account, after="keyword")
    await_that(lambda: second.accepted == 1)
    assert second.bodies() == [mail(1), mail(2)]


def test_more_mails_than_one_portion(account: Account, start_imap: StartImap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.imap.box.BATCH", 4)
    account.put(*(mail(number) for number in range(11)))
    running = start_imap(account)
    await_that(lambda: not account.mails())
    running.stop()
    assert running.bodies() == sorted(mail(number) for number in range(11))


def test_a_mail_that_is_too_large_is_left_counted_once_and_never_fetched(account: Account, start_imap: StartImap) -> None:
    account.put(mail(1, 5000), mail(2), mail(3, 900))
    running = start_imap(account, size_limit=1000)
    await_that(lambda: running.accepted == 2)
    for number in range(4, 7):  # more rounds
        account.put(mail(number))
        await_that(lambda want=number - 1: running.accepted == want)
    assert running.refused("message_too_large") == 1
    await_that(lambda: [body for body, _ in account.mails()] == [mail(1, 5000)])
    assert running.intake.status().left == 1
    client = account.client()
    client.select()
    client.store("1", "+FLAGS", "\\Deleted")
    client.expunge()
    client.logout()
    account.put(mail(8))
    await_that(lambda: running.intake.status().left == 0)


def test_nothing_is_put_away_while_the_spool_refuses(account: Account, start_imap: StartImap) -> None:
    account.put(mail(1), mail(2))
    running = start_imap(account)
    await_that(lambda: running.accepted == 2)
    running.sink.failure = SpoolUnavailable()
    account.put(mail(3))
    await_that(lambda: running.refused("spool_unavailable") >= 2)
    assert [body for body, _ in account.mails()] == [mail(3)]
    assert running.intake.status().reason == "spool_unavailable"
    running.sink.failure, running.sink.check_too = SpoolFull(), True
    await_that(lambda: running.refused("spool_full") >= 1)
    running.sink.failure = None
    await_that(lambda: not account.mails())
    assert running.bodies() == [mail(1), mail(2), mail(3)]
    await_that(lambda: running.intake.status().state == "watching")


def test_a_server_that_goes_and_comes_back(mortal_dovecot: Dovecot, start_imap: StartImap) -> None:
    account = account_on(mortal_dovecot)
    account.put(mail(1))
    running = start_imap(account)
    await_that(lambda: not account.mails())
    mortal_dovecot.stop()
    await_that(lambda: running.intake.status().reason == "connection_failed")
    mortal_dovecot.start()
    account.put(mail(2))
    await_that(lambda: running.accepted == 2)
    assert running.bodies() == [mail(1), mail(2)]
    assert running.intake.snapshot().connections_open == 1


def test_a_folder_made_anew_is_taken_from_the_start(account: Account, start_imap: StartImap) -> None:
    client = account.client()
    client.create("Reports")
    account.put(mail(1, 5000), folder="Reports")
    running = start_imap(account, folder="Reports", size_limit=1000, idle_seconds=1.0)
    await_that(lambda: running.refused("message_too_large") == 1)
    client.delete("Reports")
    time.sleep(1.1)  # UIDVALIDITY is the second of its making
    client.create("Reports")
    client.logout()
    account.put(mail(2), folder="Reports")  # UID 1 again, another mail
    await_that(lambda: running.accepted == 1)
    assert running.bodies() == [mail(2)]


def test_a_wrong_password_is_not_tried_often(account: Account, start_imap: StartImap) -> None:
    running = start_imap(account, password="wrong", retry_first=0.01, retry_most=60.0)
    await_that(lambda: running.intake.status().reason == "login_failed")
    time.sleep(1.0)
    assert running.intake.snapshot().weird == {"login_failed": 1}


def test_stopping_while_it_idles_takes_little_time(account: Account, start_imap: StartImap) -> None:
    running = start_imap(account)
    await_that(lambda: running.intake.status().state == "watching")
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 3.0
    assert running.intake.snapshot().connections_open == 0


def test_settings_that_cannot_work_are_refused_at_once(loop_thread: object) -> None:
    with pytest.raises(SettingsError, match="clear"):
        imap_intake(ImapSettings(host="imap.example.org", user="u", password="p", tls="none"), SwitchedSink(None))  # type: ignore[arg-type]  # never asked
