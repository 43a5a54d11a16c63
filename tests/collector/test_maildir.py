"""A real Maildir, filled by Python's own mailbox module."""

from __future__ import annotations

import mailbox
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from collector.errors import SettingsError
from collector.maildir import maildir_intake
from collector.maildir_settings import MaildirSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.errors import SpoolUnavailable
from ingest.spool.spool import Spool
from tests.collector.conftest import LIMITS, LoopThread, SwitchedSink
from tests.collector.emptying import Emptying, await_that

StartMaildir = Callable[..., Emptying]
MAIL = b"Subject: report\n\nhello\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def maildir(tmp_path: Path) -> mailbox.Maildir:
    return mailbox.Maildir(str(tmp_path / "Maildir"))


@pytest.fixture
def folder(maildir: mailbox.Maildir, tmp_path: Path) -> Path:
    return tmp_path / "Maildir"


@pytest.fixture
def start_maildir(loop_thread: LoopThread, tmp_path: Path) -> Iterator[StartMaildir]:
    with ExitStack() as stack:

        def start(folder: Path, failure: BaseException | None = None, **settings: Any) -> Emptying:
            spool = Spool.open(tmp_path / "spool", limits=LIMITS)
            stack.callback(spool.close)
            sink = SwitchedSink(spool, failure)
            intake = maildir_intake(MaildirSettings(folder=folder, **{"poll_seconds": 0.05, **settings}), sink, SYSTEM_CLOCK)
            running = Emptying(intake, loop_thread, spool, sink)
            loop_thread.run(intake.start())
            stack.callback(running.stop)
            return running

        yield start


def test_mails_go_to_cur_as_seen(maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir) -> None:
    first = maildir.add(MAIL)
    running = start_maildir(folder)
    await_that(lambda: running.accepted == 1)
    second = maildir.add(b"Subject: two\n\n")
    await_that(lambda: not names(folder / "new") and running.accepted == 2)
    assert names(folder / "cur") == sorted([f"{first}:2,S", f"{second}:2,S"])
    assert {maildir.get_message(key).get_flags() for key in (first, second)} == {"S"}
    record = next(each for each in running.records() if each.body == MAIL)
    assert (record.way, record.content, record.file_path) == ("maildir", "mail", str(folder / "new" / first))
    assert running.intake.status().state == "watching"


def test_or_are_removed(maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir) -> None:
    maildir.add(MAIL)
    running = start_maildir(folder, after="remove")
    await_that(lambda: running.accepted == 1 and not names(folder / "new"))
    assert names(folder / "cur") == []
    assert running.bodies() == [MAIL]


@pytest.mark.parametrize("after", ["cur", "remove"])
def test_nothing_is_put_away_before_it_is_durable(maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir, after: str) -> None:
    maildir.add(MAIL)
    running = start_maildir(folder, SpoolUnavailable(), after=after)
    await_that(lambda: running.refused("spool_unavailable") >= 2)
    assert len(names(folder / "new")) == 1
    assert running.intake.status().reason == "spool_unavailable"
    running.sink.failure = None
    await_that(lambda: running.accepted == 1 and not names(folder / "new"))


def test_what_is_left_is_left_and_counted_once(maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir) -> None:
    large = maildir.add(b"x" * 2000)
    (folder / "new" / "empty").touch()
    (folder / "new" / ".hidden").write_bytes(MAIL)
    (folder / "new" / "link").symlink_to("/etc/hostname")
    (folder / "new" / "folder").mkdir()
    os.mkfifo(folder / "new" / "pipe")
    maildir.add(MAIL)
    running = start_maildir(folder, size_limit=1000)
    await_that(lambda: running.accepted == 1)
    time.sleep(0.3)  # some more rounds
    assert (running.refused("message_too_large"), running.refused("empty")) == (1, 1)
    assert running.bodies() == [MAIL]
    assert running.intake.status().left == 2
    assert names(folder / "new") == sorted([large, "empty", ".hidden", "link", "folder", "pipe"])
    (folder / "new" / large).unlink()
    await_that(lambda: running.intake.status().left == 1)


def test_a_mail_in_cur_is_never_overwritten(folder: Path, start_maildir: StartMaildir) -> None:
    (folder / "cur" / "same:2,S").write_bytes(b"older")
    (folder / "new" / "same").write_bytes(MAIL)
    running = start_maildir(folder)
    await_that(lambda: running.accepted == 1 and not names(folder / "new"))
    assert (folder / "cur" / "same:2,S").read_bytes() == b"older"
    assert (folder / "cur" / "same_1:2,S").read_bytes() == MAIL


def test_a_maildir_that_appears_later(tmp_path: Path, start_maildir: StartMaildir) -> None:
    running = start_maildir(tmp_path / "later")
    await_that(lambda: running.intake.status().reason == "not_a_maildir")
    mailbox.Maildir(str(tmp_path / "later")).add(MAIL)
    await_that(lambda: running.accepted == 1)
    await_that(lambda: running.intake.status().state == "watching")


def test_a_durable_mail_that_cannot_be_put_away_is_not_taken_again(
    maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir
) -> None:
    name = maildir.add(MAIL)
    (folder / "cur").rmdir()
    (folder / "cur").symlink_to("/proc/self/fdinfo")  # a folder in which nothing can be made
    running = start_maildir(folder)
    await_that(lambda: running.accepted == 1 or running.intake.status().state == "failing")
    time.sleep(0.3)
    assert running.accepted <= 1
    assert names(folder / "new") == [name]
    (folder / "cur").unlink()
    (folder / "cur").mkdir()
    await_that(lambda: not names(folder / "new"))
    assert running.bodies() == [MAIL]


def test_a_crash_between_spool_and_cur_takes_the_mail_once_more_and_loses_none(
    maildir: mailbox.Maildir, folder: Path, start_maildir: StartMaildir
) -> None:
    name = maildir.add(MAIL)
    running = start_maildir(folder)
    await_that(lambda: running.accepted == 1 and not names(folder / "new"))
    running.stop()
    (folder / "cur" / f"{name}:2,S").rename(folder / "new" / name)  # as if the rename had not reached the disk
    again = start_maildir(folder)
    await_that(lambda: again.accepted == 1 and not names(folder / "new"))
    assert again.bodies() == [MAIL, MAIL]


def test_settings() -> None:
    with pytest.raises(SettingsError, match="poll_seconds"):
        MaildirSettings(folder=Path("x"), poll_seconds=0).check()
