"""Each reply of the mail intake, from real clients over loopback, with the real spool behind it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest.spool.errors import SpoolUnavailable
from ingest.spool.limits import SpoolLimits

MAIL = b"From: a@sender.example\r\nSubject: Report Domain: example.org\r\n\r\n.dots\r\n..more\r\nend\r\n"
HEAD = (b"EHLO mx.sender.example", b"MAIL FROM:<a@sender.example>", b"RCPT TO:<reports@example.org>")


def greet(wire: Any, *lines: bytes) -> str:
    """Read the greeting, send these lines one by one, and return the last one's reply."""
    reply = wire.reply()
    for line in lines:
        reply = wire.ask(line)
    return str(reply)


def deliver(wire: Any, body: bytes) -> str:
    assert greet(wire, *HEAD, b"DATA").startswith("354 ")
    wire.socket.sendall(body + b".\r\n")
    return str(wire.reply())


def client(address: tuple[str, int], **options: Any) -> smtplib.SMTP:
    return smtplib.SMTP(*address, local_hostname="mx.sender.example", timeout=10, **options)


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_mail_is_in_the_spool_as_it_was_sent(start_smtp: Any) -> None:
    intake = start_smtp()
    with client(intake.address) as sender:
        sender.ehlo()
        sender.mail("a@sender.example")
        sender.rcpt("Reports@Example.ORG")
        sender.rcpt("x@dmarc.example.net")
        code, text = sender.data(MAIL)
    assert code == 250
    (found,) = intake.records()
    assert text.decode() == f"2.0.0 queued as {found.id}"
    record = found.record
    assert (record.way, record.content, record.body) == ("smtp", "mail", MAIL)
    assert (record.helo, record.mail_from, record.rcpt_to) == (
        "mx.sender.example",
        "a@sender.example",
        ("Reports@Example.ORG", "x@dmarc.example.net"),
    )
    assert (record.peer_address, record.tls_version) == ("127.0.0.1", None)
    assert record.peer_port
    assert abs(record.arrived_at - time.time_ns()) < 60e9


def test_starttls_with_the_self_made_certificate(start_smtp: Any) -> None:
    intake = start_smtp()
    with client(intake.address) as sender:
        sender.ehlo()
        assert sender.has_extn("starttls")
        sender.starttls(context=_trusting_nobody())
        assert sender.sock.version() == "TLSv1.3"  # type: ignore[union-attr]
        assert sender.docmd("MAIL FROM:<a@sender.example>")[0] == 503  # RFC 3207 section 4.2: everything is forgotten
        sender.ehlo()
        assert not sender.has_extn("starttls")
        assert not sender.has_extn("auth")
        assert sender.docmd("STARTTLS")[0] == 503
        sender.sendmail("", ["reports@example.org"], MAIL)
    (found,) = intake.records()
    assert (found.record.tls_version, found.record.mail_from) == ("TLSv1.3", "")
    assert intake.intake.snapshot().tls_sessions == 1


def _trusting_nobody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_cleartext_is_taken_and_without_a_certificate_starttls_is_not_offered(start_smtp: Any) -> None:
    intake = start_smtp(tls=False)
    with client(intake.address) as sender:
        sender.ehlo()
        assert not sender.has_extn("starttls")
        assert sender.docmd("STARTTLS")[0] == 454
        assert sender.sendmail("a@sender.example", ["reports@example.org"], MAIL) == {}


def test_what_is_pipelined_behind_starttls_is_thrown_away(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        greet(wire, b"EHLO x")
        wire.send(b"STARTTLS", b"MAIL FROM:<injected@evil.example>", b"RCPT TO:<reports@example.org>")
        assert wire.reply().startswith("220 ")
        wire.start_tls()
        assert wire.ask(b"NOOP").startswith("250 2.0.0")  # the very next reply is this one's
        assert wire.ask(b"RCPT TO:<reports@example.org>").startswith("503 5.5.1")
    assert intake.intake.snapshot().weird["pipelined_after_starttls"] == 1


def test_what_is_no_handshake_closes_and_frees_the_place(start_smtp: Any) -> None:
    intake = start_smtp(peer_limit=1)
    for junk in (b"EHLO again\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 400, b""):
        with intake.connect() as wire:
            greet(wire, b"EHLO x", b"STARTTLS")
            wire.socket.sendall(junk)
            wire.socket.shutdown(socket.SHUT_WR)
            wire.rest()
        assert until(lambda: intake.intake.snapshot().connections_open == 0)
    assert intake.intake.snapshot().weird["handshake_failed"] == 3
    assert intake.refused("internal_error") == 0


def test_silence_within_the_handshake_is_cut(start_smtp: Any) -> None:
    intake = start_smtp(handshake_seconds=0.3)
    with intake.connect() as wire:
        greet(wire, b"EHLO x", b"STARTTLS")
        assert wire.rest() == b""
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_offers(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        assert wire.reply().startswith("220 localhost ESMTP")
        wire.send(b"EHLO x")
        lines = [wire.line()]
        while lines[-1][3] == "-":
            lines.append(wire.line())
        assert lines == [
            "250-localhost",
            "250-PIPELINING",
            "250-ENHANCEDSTATUSCODES",
            "250-SIZE 16777216",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250 STARTTLS",
        ]


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        ([*HEAD[:2], b"RCPT TO:<other@example.org>"], "550 5.1.1"),
        ([*HEAD[:2], b"RCPT TO:<reports@evil.example>"], "550 5.1.1"),
        ([*HEAD[:2], b"RCPT TO:<>"], "550 5.1.1"),
        ([*HEAD[:1], b"MAIL FROM:<a@sender.example> SIZE=16777217"], "552 5.3.4"),
        ([*HEAD[:1], b"MAIL FROM:<a@sender.example> SIZE=99999999999999999999"], "552 5.3.4"),
        ([*HEAD[:1], b"MAIL FROM:<a@sender.example> SIZE=16777216 BODY=8BITMIME"], "250 2.1.0"),
        ([*HEAD[:1], b"MAIL FROM:<"], "553 5.1.3"),
        ([*HEAD[:1], b"MAIL FROM:<" + b"(" * 1900 + b">"], "250 2.1.0"),
        ([*HEAD[:1], b"MAIL FROM:<a@b> FOO=1"], "555 5.5.4"),
        ([b"MAIL FROM:<a@b>"], "503 5.5.1"),
        ([*HEAD[:1], b"RCPT TO:<reports@example.org>"], "503 5.5.1"),
        ([*HEAD[:2], b"DATA"], "503 5.5.1"),
        ([*HEAD, b"DATA x"], "501 5.5.4"),
        ([*HEAD[:2], b"MAIL FROM:<b@c>"], "503 5.5.1"),
        ([b"EHLO x", b"AUTH PLAIN AGEAYg=="], "502 5.5.1"),
        ([b"EHLO x", b"BDAT 10 LAST"], "500 5.5.2"),
        ([b"EHLO x", b"VRFY root"], "252 2.5.1"),
        ([b"EHLO x", b"EXPN root"], "502 5.5.1"),
        ([b"EHLO x", b"HELP"], "214 2.0.0"),
        ([b"EHLO x", b"NOOP " + b"x" * 2044], "500 5.5.2"),
        ([b"EHLO x", b"NOOP " + b"x" * 100_000], "500 5.5.2"),
        ([b"EHLO x", b""], "500 5.5.2"),
        ([b"EHLO x", b"\xff\xfe"], "500 5.5.2"),
        ([b"EHLO x", b"RSET"], "250 2.0.0"),
        ([b"HELO x"], "250 localhost"),
        ([b"HELO x", b"MAIL FROM:<a@b> SIZE=1"], "501 5.5.4"),
    ],
)
def test_replies(start_smtp: Any, lines: list[bytes], reply: str) -> None:
    with start_smtp().connect() as wire:
        assert greet(wire, *lines).startswith(reply)


def test_quit_and_the_session_is_over(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        assert greet(wire, b"QUIT").startswith("221 2.0.0")
        assert wire.rest() == b""


def test_octets_that_are_no_text_are_kept_readable(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        greet(wire, b"EHLO \xff\xfe", b"MAIL FROM:<\xe9@x>", b"RCPT TO:<\xff@dmarc.example.net>", b"DATA")
        wire.send(b"x", b".")
        assert wire.reply().startswith("250 2.0.0")
    (found,) = intake.records()
    assert (found.record.helo, found.record.mail_from, found.record.rcpt_to) == ("\\xff\\xfe", "\\xe9@x", ("\\xff@dmarc.example.net",))


def test_pipelined_commands_and_messages(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        wire.send(*HEAD, b"DATA")
        wire.reply()
        for code in ("250", "250", "250", "354"):
            assert wire.reply().startswith(code)
        wire.send(b"one", b".", *HEAD[1:], b"DATA")
        for code in ("250 2.0.0 queued", "250", "250", "354"):
            assert wire.reply().startswith(code)
        wire.send(b"two", b".", b"QUIT")
        assert wire.reply().startswith("250 2.0.0 queued")
        assert wire.reply().startswith("221")
    assert [found.record.body for found in intake.records()] == [b"one\r\n", b"two\r\n"]


def test_a_large_message_is_no_junk_and_another_may_follow(start_smtp: Any) -> None:
    intake = start_smtp(tls=False)
    large = MAIL + (b"x" * 98 + b"\r\n") * 20_000
    with client(intake.address) as sender:
        for _ in range(2):
            assert sender.sendmail("a@sender.example", ["reports@example.org"], large) == {}
        assert sender.noop()[0] == 250
    assert [found.record.body for found in intake.records()] == [large, large]


def test_message_over_the_limit_is_refused_at_its_end(start_smtp: Any) -> None:
    intake = start_smtp(message_limit=100_000, line_limit=50_000)
    with intake.connect() as wire:
        assert deliver(wire, b"x" * 98 + b"\r\n" + (b"y" * 98 + b"\r\n") * 1000).startswith("552 5.3.4")
        assert wire.ask(HEAD[1]).startswith("250")  # and the session goes on
        wire.ask(HEAD[2])
        wire.ask(b"DATA")
        wire.socket.sendall((b"y" * 98 + b"\r\n") * 1000 + b".\r\n")
        assert wire.reply().startswith("250 2.0.0")
    assert len(intake.records()) == 1
    assert intake.refused("message_too_large") == 1
    assert intake.intake.snapshot().bytes_in_flight == 0


def test_long_line_is_refused_and_a_report_on_one_line_is_not(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        assert deliver(wire, b"x" * (1 << 20) + b"\r\n").startswith("250 2.0.0")
    with intake.connect() as wire:
        assert deliver(wire, b"x" * ((1 << 20) + 1) + b"\r\n").startswith("554 5.6.0")


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096


def test_endless_line_costs_no_memory_and_is_cut(start_smtp: Any) -> None:
    intake = start_smtp(discard_limit=24 << 20, message_limit=2 << 20)
    chunk = b"x" * 65536
    with intake.connect() as wire:
        assert greet(wire, *HEAD, b"DATA").startswith("354")
        wire.socket.sendall(chunk)
        before, most, sent = _resident(), 0, 0
        with pytest.raises(OSError):
            while sent < 200 << 20:
                wire.socket.sendall(chunk)
                sent += len(chunk)
                most = max(most, _resident())
    assert sent < 40 << 20
    assert most - before < (1 << 20) + (4 << 20)
    assert until(lambda: intake.intake.snapshot().connections_open == 0)
    assert intake.refused("line_too_long") == 1


def test_endless_command_line_is_cut(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        greet(wire)
        with pytest.raises(OSError):
            for _ in range(2000):
                wire.socket.sendall(b"x" * 65536)
    assert intake.refused("junk") == 1


def test_spool_failure_is_temporary_and_over_when_the_spool_is_back(start_smtp: Any) -> None:
    intake = start_smtp()
    for failure in (SpoolUnavailable("EIO"), ZeroDivisionError("a bug"), OSError(5, "EIO")):
        intake.sink.failure = failure
        with intake.connect() as wire:
            assert deliver(wire, MAIL).startswith("451 4.3.0")
            intake.sink.failure = None
            assert wire.ask(HEAD[1]).startswith("250")
            wire.ask(HEAD[2])
            wire.ask(b"DATA")
            wire.socket.sendall(MAIL + b".\r\n")
            assert wire.reply().startswith("250 2.0.0")
    assert len(intake.records()) == 3
    assert (intake.refused("spool_unavailable"), intake.refused("internal_error")) == (1, 2)


def test_exception_in_a_command_is_temporary(start_smtp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = start_smtp()
    intake.sink.check_too, intake.sink.failure = True, RecursionError("a bug")
    with intake.connect() as wire:
        assert greet(wire, *HEAD[:2]).startswith("451 4.3.0")
        intake.sink.failure = None
        assert wire.ask(HEAD[1]).startswith("250")


def test_full_spool_is_temporary_and_over_when_it_is_drained(start_smtp: Any) -> None:
    limits = SpoolLimits(min_free_bytes=0, reserve_bytes=0, pending_bytes=400_000, measure_seconds=0.0)
    intake = start_smtp(limits=limits)
    body = (b"x" * 98 + b"\r\n") * 1000

    def send() -> tuple[int, bytes]:
        with client(intake.address) as sender:
            try:
                sender.sendmail("a@sender.example", ["reports@example.org"], body)
            except smtplib.SMTPSenderRefused as error:
                return error.smtp_code, bytes(error.smtp_error)  # type: ignore[arg-type]
            except smtplib.SMTPDataError as error:
                return error.smtp_code, bytes(error.smtp_error)  # type: ignore[arg-type]
            return 250, b""

    outcomes = [send() for _ in range(8)]
    refused = [outcome for outcome in outcomes if outcome[0] != 250]
    accepted = len(outcomes) - len(refused)
    assert refused
    assert all(code == 452 and text.startswith(b"4.3.1") for code, text in refused)
    assert len(intake.records()) == accepted > 0
    intake.drain()
    assert until(lambda: send()[0] == 250)


def test_declared_size_that_the_spool_cannot_take_is_refused_before_it_is_sent(start_smtp: Any) -> None:
    intake = start_smtp(limits=SpoolLimits(min_free_bytes=0, reserve_bytes=0, pending_bytes=100_000))
    with intake.connect() as wire:
        assert greet(wire, HEAD[0], b"MAIL FROM:<a@b> SIZE=99000").startswith("452 4.3.1")
        assert wire.ask(b"MAIL FROM:<a@b> SIZE=1000").startswith("250")


def test_too_many_connections(start_smtp: Any) -> None:
    intake = start_smtp(connection_limit=5, peer_limit=3)
    wires = [intake.connect() for _ in range(3)]
    assert all(greet(wire).startswith("220") for wire in wires)
    with intake.connect() as wire:
        assert greet(wire).startswith("421 4.7.0")
        assert wire.rest() == b""
    wires += [intake.connect(source="127.0.0.2") for _ in range(2)]
    assert all(greet(wire).startswith("220") for wire in wires[3:])
    with intake.connect(source="127.0.0.3") as wire:
        assert greet(wire).startswith("421 4.7.0")
    assert intake.refused("too_many_connections") == 2
    wires.pop(0).close()
    assert until(lambda: intake.intake.snapshot().connections_open == 4)
    with intake.connect() as wire:
        assert greet(wire).startswith("220")
    for wire in wires:
        wire.close()
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_too_many_errors(start_smtp: Any) -> None:
    intake = start_smtp(error_limit=20)
    with intake.connect() as wire:
        greet(wire, *HEAD[:2])
        replies = [wire.ask(b"RCPT TO:<no@evil.example>") for _ in range(20)]
        assert all(reply.startswith("550") for reply in replies)
        assert wire.reply().startswith("421 4.7.0")
        assert wire.rest() == b""
    assert intake.refused("too_many_errors") == 1


def test_pipelined_errors_end_too(start_smtp: Any) -> None:
    intake = start_smtp()
    with intake.connect() as wire:
        greet(wire, *HEAD[:2])
        wire.send(*[b"RCPT TO:<no@evil.example>"] * 200)
        text = wire.rest()
    assert text.count(b"550 ") == 20
    assert text.count(b"421 ") <= 1
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_another_protocol_is_hung_up_on(start_smtp: Any) -> None:
    with start_smtp().connect() as wire:
        greet(wire)
        wire.send(b"GET / HTTP/1.1", b"Host: x", b"User-Agent: y", b"Accept: */*", b"A: b", b"C: d", b"")
        assert b"421 4.7.0" in wire.rest()


@pytest.mark.parametrize("command", [b"NOOP", b"RSET", b"EHLO x", b"VRFY x"])
def test_floods_of_idle_commands_end(start_smtp: Any, command: bytes) -> None:
    with start_smtp(idle_command_limit=10, message_count_limit=10).connect() as wire:
        greet(wire)
        wire.send(*[command] * 11)
        assert b"421 4.7.0" in wire.rest()


def test_too_many_recipients(start_smtp: Any) -> None:
    intake = start_smtp(recipient_limit=3)
    with intake.connect() as wire:
        greet(wire, *HEAD[:2])
        replies = [wire.ask(b"RCPT TO:<r%d@dmarc.example.net>" % number)[:9] for number in range(5)]
        assert replies == ["250 2.1.5"] * 3 + ["452 4.5.3"] * 2
        wire.ask(b"DATA")
        wire.send(b"x", b".")
        assert wire.reply().startswith("250 2.0.0")
    assert len(intake.records()[0].record.rcpt_to) == 3


def test_slow_data_is_cut(start_smtp: Any) -> None:
    intake = start_smtp(data_grace=0.4, data_rate=1000.0)
    with intake.connect() as wire:
        greet(wire, *HEAD, b"DATA")
        started = time.monotonic()
        try:
            while time.monotonic() - started < 5:
                wire.socket.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass
        took = time.monotonic() - started
        assert 0.3 < took < 2
    assert intake.refused("too_slow") == 1
    assert intake.intake.snapshot().bytes_in_flight == 0


def test_slow_but_fast_enough_data_is_taken(start_smtp: Any) -> None:
    intake = start_smtp(data_grace=0.3, data_rate=1000.0)
    with intake.connect() as wire:
        greet(wire, *HEAD, b"DATA")
        for _ in range(12):
            wire.socket.sendall(b"x" * 98 + b"\r\n")
            time.sleep(0.05)
        wire.send(b".")
        assert wire.reply().startswith("250 2.0.0")


def test_session_ends_however_busy_it_is(start_smtp: Any) -> None:
    intake = start_smtp(session_seconds=0.6, idle_command_limit=10_000)
    with intake.connect() as wire:
        greet(wire)
        started = time.monotonic()
        reply = ""
        while not reply.startswith("421") and time.monotonic() - started < 5:
            reply = wire.ask(b"NOOP")
            time.sleep(0.02)
        assert reply.startswith("421 4.7.0")
        assert 0.4 < time.monotonic() - started < 2


def test_message_that_is_being_stored_outlives_the_session(start_smtp: Any) -> None:
    intake = start_smtp(session_seconds=0.5)
    gate = _shut(intake)
    with intake.connect() as wire:
        greet(wire, *HEAD, b"DATA")
        wire.send(b"x", b".")
        time.sleep(0.8)
        intake.thread.loop.call_soon_threadsafe(gate.set)
        assert wire.reply().startswith("250 2.0.0 queued as ")
        assert wire.reply().startswith("421 4.7.0")
    assert len(intake.records()) == 1


def _shut(intake: Any) -> Any:
    """A gate in front of the sink; the event belongs to the intake's loop."""
    import asyncio

    async def make() -> asyncio.Event:
        return asyncio.Event()

    intake.sink.gate = intake.thread.run(make())
    return intake.sink.gate


def test_sender_that_hangs_up_early_loses_nothing(start_smtp: Any) -> None:
    intake = start_smtp()
    gate = _shut(intake)
    with intake.connect() as wire:
        greet(wire, *HEAD, b"DATA")
        wire.send(b"x", b".")
        time.sleep(0.1)
    assert until(lambda: intake.intake.snapshot().connections_open == 0)
    assert intake.intake.snapshot().bytes_in_flight > 0  # still counted: the sink still holds it
    intake.thread.loop.call_soon_threadsafe(gate.set)
    assert until(lambda: intake.intake.snapshot().bytes_in_flight == 0)
    assert until(lambda: len(intake.records()) == 1)


def test_slow_sink_is_a_temporary_refusal(start_smtp: Any) -> None:
    intake = start_smtp(append_seconds=0.2)
    gate = _shut(intake)
    with intake.connect() as wire:
        assert deliver(wire, MAIL).startswith("451 4.3.0")
    intake.thread.loop.call_soon_threadsafe(gate.set)
    assert intake.refused("sink_slow") == 1


def test_memory_over_all_sessions_is_bounded_and_waited_for(start_smtp: Any) -> None:
    intake = start_smtp(in_flight_limit=300_000, message_limit=200_000, line_limit=1000, admission_wait=0.3)
    gate = _shut(intake)
    body = (b"x" * 98 + b"\r\n") * 1550
    with intake.connect() as first, intake.connect() as second, intake.connect() as third:
        greet(first, *HEAD, b"DATA")
        first.socket.sendall(body + b".\r\n")
        assert until(lambda: intake.intake.snapshot().bytes_in_flight >= len(body))
        greet(second, *HEAD, b"DATA")  # admitted with one chunk, but its message does not fit any more
        second.socket.sendall(body + b".\r\n")
        assert second.reply().startswith("452 4.3.1")
        greet(third, HEAD[0], b"MAIL FROM:<a@b> SIZE=180000", HEAD[2])
        assert third.ask(b"DATA").startswith("452 4.3.1")
        intake.thread.loop.call_soon_threadsafe(gate.set)
        assert first.reply().startswith("250 2.0.0")
        assert [third.ask(line)[:3] for line in (*HEAD[1:], b"DATA")] == ["250", "250", "354"]
    assert (intake.refused("no_room"), intake.refused("in_flight_full")) == (1, 1)
    assert len(intake.records()) == 1
    assert until(lambda: intake.intake.snapshot().bytes_in_flight == 0)


def test_stop_lets_the_message_under_way_finish_and_tells_the_others(start_smtp: Any) -> None:
    intake = start_smtp(stop_seconds=5.0)
    with intake.connect() as busy, intake.connect() as idle:
        greet(busy, *HEAD, b"DATA")
        busy.socket.sendall(b"half a line")
        greet(idle, b"EHLO x")
        stopping = threading.Thread(target=intake.stop)
        stopping.start()
        assert idle.reply().startswith("421 4.3.2")
        assert idle.rest() == b""
        with pytest.raises(OSError):
            intake.connect()
        busy.send(b" and the rest", b".")
        assert busy.reply().startswith("250 2.0.0")
        assert busy.reply().startswith("421 4.3.2")
        stopping.join(5)
        assert not stopping.is_alive()
    assert [found.record.body for found in intake.records()] == [b"half a line and the rest\r\n"]


def test_stop_does_not_wait_for_ever(start_smtp: Any) -> None:
    intake = start_smtp(stop_seconds=0.3)
    with intake.connect() as wire:
        greet(wire, *HEAD, b"DATA")
        started = time.monotonic()
        intake.stop()
        assert time.monotonic() - started < 2
        wire.rest()


@pytest.mark.parametrize(
    ("header", "address", "port"),
    [
        (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 25\r\n", "198.51.100.7", 51234),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 51234 25\r\n", "2001:db8::1", 51234),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1", None),
    ],
)
def test_proxy_names_the_peer(start_smtp: Any, header: bytes, address: str, port: int | None) -> None:
    intake = start_smtp(proxies=("127.0.0.0/8",))
    with intake.connect() as wire:
        wire.socket.sendall(header)
        assert deliver(wire, MAIL).startswith("250 2.0.0")
    (found,) = intake.records()
    assert found.record.peer_address == address
    assert port is None or found.record.peer_port == port


def test_proxied_peers_are_counted_and_strangers_may_not_pose_as_proxies(start_smtp: Any) -> None:
    intake = start_smtp(proxies=("127.0.0.9/32",), peer_limit=1)
    header = b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 25\r\n"
    with intake.connect(source="127.0.0.9") as one, intake.connect(source="127.0.0.9") as two, intake.connect() as stranger:
        one.socket.sendall(header)
        assert greet(one).startswith("220")
        two.socket.sendall(header)
        assert greet(two).startswith("421 4.7.0")
        assert greet(stranger).startswith("220")
        stranger.socket.sendall(header)
        assert stranger.reply().startswith("500")
    with intake.connect(source="127.0.0.9") as wire:
        wire.socket.sendall(b"EHLO no proxy header\r\n")
        assert wire.rest() == b""
    assert until(lambda: intake.intake.snapshot().connections_open == 0)


def test_fifty_senders_twenty_mails_each_exactly_once(start_smtp: Any) -> None:
    intake = start_smtp(peer_limit=60)
    acknowledged: list[tuple[str, bytes]] = []

    def send(sender_number: int) -> None:
        with client(intake.address) as sender:
            for number in range(20):
                body = b"Subject: %d-%d\r\n\r\n%s\r\n" % (sender_number, number, b"x" * 500)
                sender.ehlo_or_helo_if_needed()
                sender.mail("a@sender.example")
                sender.rcpt("reports@example.org")
                code, text = sender.data(body)
                assert code == 250
                acknowledged.append((text.decode().rpartition(" ")[2], body))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(send, range(50)))
    assert len(acknowledged) == 1000
    assert sorted((found.id, found.record.body) for found in intake.records()) == sorted(acknowledged)
    assert intake.intake.snapshot().accepted == 1000
