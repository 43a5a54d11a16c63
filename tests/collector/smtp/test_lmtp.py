from __future__ import annotations

import grp
import os
import smtplib
from pathlib import Path
from typing import Any

import pytest

from collector.errors import SettingsError


def test_each_recipient_has_its_own_reply(start_smtp: Any) -> None:
    intake = start_smtp(protocol="lmtp")
    with intake.connect() as wire:
        wire.reply()
        assert wire.ask(b"EHLO x").startswith("500 5.5.1")
        assert wire.ask(b"HELO x").startswith("500 5.5.1")
        assert wire.ask(b"LHLO mda.example.org").startswith("250 ")
        wire.ask(b"MAIL FROM:<a@sender.example>")
        assert wire.ask(b"RCPT TO:<one@dmarc.example.net>").startswith("250")
        assert wire.ask(b"RCPT TO:<no@evil.example>").startswith("550")
        assert wire.ask(b"RCPT TO:<two@dmarc.example.net>").startswith("250")
        wire.ask(b"DATA")
        wire.send(b"x", b".")
        assert wire.reply().startswith("250 2.0.0 queued as")
        assert wire.reply().startswith("250 2.0.0 queued as")
        assert wire.ask(b"QUIT").startswith("221")
    (found,) = intake.records()
    assert (found.record.way, found.record.helo, len(found.record.rcpt_to)) == ("lmtp", "mda.example.org", 2)


def test_unix_socket(start_smtp: Any, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    intake = start_smtp(protocol="lmtp", unix_path=path)
    assert intake.address == (str(path), 0)
    assert path.stat().st_mode & 0o777 == 0o660
    with smtplib.LMTP(str(path), local_hostname="mda.example.org") as sender:
        sender.lhlo() if hasattr(sender, "lhlo") else sender.ehlo("mda.example.org")
        assert sender.sendmail("a@sender.example", ["one@dmarc.example.net"], b"x\r\n") == {}
    (found,) = intake.records()
    assert found.record.peer_address is None
    intake.stop()
    assert not path.exists()


def test_rights_of_the_unix_socket(start_smtp: Any, tmp_path: Path) -> None:
    own = grp.getgrgid(os.getgid()).gr_name
    start_smtp(protocol="lmtp", unix_path=tmp_path / "open.sock", unix_mode="0666", unix_group=own)
    assert (tmp_path / "open.sock").stat().st_mode & 0o777 == 0o666
    with pytest.raises(SettingsError, match="nosuchgroup"):
        start_smtp(protocol="lmtp", unix_path=tmp_path / "other.sock", unix_group="nosuchgroup")
    with pytest.raises(SettingsError, match="unix_mode"):
        start_smtp(protocol="lmtp", unix_path=tmp_path / "other.sock", unix_mode="rw-rw-")


def test_by_tcp_with_pythons_own_client(start_smtp: Any) -> None:
    intake = start_smtp(protocol="lmtp")
    with smtplib.LMTP(*intake.address, local_hostname="mda.example.org") as sender:
        wanted = ["one@dmarc.example.net", "no@evil.example"]
        assert list(sender.sendmail("a@sender.example", wanted, b"x\r\n")) == ["no@evil.example"]
    (found,) = intake.records()
    assert (found.record.way, found.record.rcpt_to, found.record.peer_address) == ("lmtp", ("one@dmarc.example.net",), "127.0.0.1")
