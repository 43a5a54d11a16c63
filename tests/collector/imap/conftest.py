"""Real IMAP servers, one a kind for the whole run, and intakes that empty accounts on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.certificate import self_signed
from collector.imap.intake import imap_intake
from collector.imap.settings import ImapSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.spool import Spool
from tests.collector.conftest import LIMITS, LoopThread, SwitchedSink
from tests.collector.emptying import Emptying
from tests.dovecot import PASSWORD, Account, Dovecot, account_on, running_dovecot

StartImap = Callable[..., Emptying]


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """In clear, able to do all it can."""
    yield from running_dovecot()


@pytest.fixture(scope="session")
def bare_dovecot() -> Iterator[Dovecot]:
    """Without IDLE, MOVE and UIDPLUS, as far as it says."""
    yield from running_dovecot(capability="IMAP4rev1 LITERAL+")


@pytest.fixture(scope="session")
def tls_dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """With a certificate for ``localhost``, and no login in clear."""
    pem = tmp_path_factory.mktemp("imap-tls") / "server.pem"
    pem.write_bytes(self_signed(("localhost",), datetime.now(UTC)))
    yield from running_dovecot(certificate=pem, clear_login=False)


@pytest.fixture
def mortal_dovecot() -> Iterator[Dovecot]:
    """One that a test may stop and start."""
    yield from running_dovecot()


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    return account_on(dovecot)


def settings_for(account: Account, **more: Any) -> ImapSettings:
    wanted: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": account.server.port,
        "tls": "none",
        "user": account.user,
        "password": PASSWORD,
        "poll_seconds": 0.1,
        "retry_first": 0.05,
        "retry_most": 0.2,
        "connect_seconds": 2.0,
        "read_seconds": 10.0,
    }
    return ImapSettings(**{**wanted, **more})


@pytest.fixture
def start_imap(loop_thread: LoopThread, tmp_path: Path) -> Iterator[StartImap]:
    with ExitStack() as stack:

        def start(account: Account, **settings: Any) -> Emptying:
            spool = Spool.open(tmp_path / "spool", limits=LIMITS)
            stack.callback(spool.close)
            sink = SwitchedSink(spool)
            intake = imap_intake(settings_for(account, **settings), sink, SYSTEM_CLOCK)
            running = Emptying(intake, loop_thread, spool, sink)
            loop_thread.run(intake.start())
            stack.callback(running.stop)
            return running

        yield start
