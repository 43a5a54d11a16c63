"""``sniff -i`` from outside: a real conversation on loopback, printed, stored, forwarded; and what it says when it cannot run."""

from __future__ import annotations

import io
import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sniffer.live.dumpcap import Tally
from sniffer.live.watch import WatchCounts
from stripwatch.sensor.outlets import Printed
from stripwatch.sensor.run import Report
from tests.serving import Serving, environ
from tests.sniffer.conftest import Wire
from tests.sniffer.mirrors import MIRRORS, in_fragments

TOKEN = "0123456789abcdef"


def ask(data: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "stripwatch", *arguments, "--json"]
    done = subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdicts(data: Path) -> list[str]:
    return [row["smtp.verdict"] for row in ask(data, "sessions")]


def test_json_prints_a_session_shortly_after_its_end(sniff, send):
    running = sniff("--json")
    send()
    began = time.monotonic()
    session = json.loads(running.line())
    assert time.monotonic() - began < 15
    assert session["smtp"]["verdict"] == "stripped_offer"
    assert session["smtp"]["mail_in_clear"] is True
    assert session["observer"] == {"name": "tap", "ingress": {"interface": {"name": "lo"}}}
    assert running.end(signal.SIGTERM) == 0
    assert running.out == ""
    assert "1 sessions" in running.err
    assert "0 of" in running.err
    assert "dropped by the kernel" in running.err


@pytest.mark.parametrize("cut", [False, True])
def test_a_mirror_in_tunnels(sniff, server, cut):
    """Put on the wire as they are; the kernel throws them away. Other tests that capture here see IPv6 fragments alone."""
    mirrors = [mirror for name, mirror in MIRRORS.items() if not (cut and "ipv6" in name)]
    try:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    except PermissionError:
        pytest.skip("frames can be sent by root alone")
    running = sniff("--json", "--tunnels")
    with raw:
        raw.bind(("lo", 0))
        for number, mirror in enumerate(mirrors):
            talk = Wire.Dialogue(client=("198.18.0.1", 40000 + number), server=("192.0.2.25", server.port)).open()
            talk.say(1, b"220 mx ESMTP\r\n").say(0, b"EHLO me\r\n").say(1, b"250-mx\r\n250 XXXXXXXA\r\n").say(0, b"QUIT\r\n").close()
            for _, frame in talk.frames:
                outer = mirror(frame)
                tagged = outer[:12] + b"\x81\0\0\x07" + outer[12:] if number % 2 else outer
                for piece in in_fragments(outer, 48) if cut else [tagged]:
                    raw.send(piece)
    ports = {json.loads(running.line())["source"]["port"] for _ in mirrors}
    assert ports == set(range(40000, 40000 + len(mirrors)))
    assert running.end(signal.SIGTERM) == 0
    assert running.out == ""


def test_an_open_session_is_told_at_the_end(sniff, server):
    running = sniff("--json")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.recv(100)
        client.sendall(b"EHLO me\r\n")
        client.recv(1000)
        client.sendall(b"MAIL FROM:<a@sample.example>\r\n")
        client.recv(100)
        time.sleep(1)
        assert running.end(signal.SIGINT) == 0
    assert json.loads(running.out)["smtp"]["verdict"] == "stripped_offer"


def test_without_a_service_it_stores_by_itself(sniff, send, tmp_path):
    running = sniff()
    send()
    time.sleep(4)
    assert running.end(signal.SIGTERM) == 0
    assert "1 stored" in running.err
    assert verdicts(tmp_path / "data") == ["stripped_offer"]


def test_beside_a_service_the_service_stores(sniff, send, tmp_path):
    serving = Serving(tmp_path / "data")
    try:
        running = sniff()
        send()
        deadline = time.monotonic() + 30
        while not (found := verdicts(tmp_path / "data")):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert found == ["stripped_offer"]
        assert running.end(signal.SIGTERM) == 0
        assert "the running service stores it" in running.err
    finally:
        serving.end(signal.SIGTERM)


def test_to_a_collector(sniff, send, tmp_path):
    central = tmp_path / "central"
    serving = Serving(central, HTTPS_TOKENS=json.dumps([["gw1", TOKEN]]))
    try:
        made = [path for path in (central / "certificate").rglob("*") if path.is_file()]
        authority = next(path for path in made if b"BEGIN CERTIFICATE" in path.read_bytes())
        url = f"https://{certificate_name(authority)}:{serving.ports['https']}/v1/sessions"
        running = sniff("--to", url, SNIFF_TOKEN=TOKEN, SNIFF_FORWARD_CA=str(authority))
        send()
        deadline = time.monotonic() + 60
        while not (found := verdicts(central)):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert found == ["stripped_offer"]
        assert running.end(signal.SIGTERM) == 0
        assert "forwarded 1 batches, 0 wait" in running.err
        assert TOKEN not in running.err
    finally:
        serving.end(signal.SIGTERM)


def certificate_name(authority: Path) -> str:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    local = [name for name in found if name in ("localhost", "127.0.0.1", socket.gethostname())]
    if not local:
        pytest.skip(f"the made certificate names {found}, none of which leads here")
    return local[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-i", "no-such-if"), 2, "no_such_interface"),
        (("-i", "lo", "x.pcap"), 2, "takes no files"),
        (("-i", "lo", "--to", "http://collector.example.org/v1/sessions", "--token", TOKEN), 2, "bad_collector"),
        (("-i", "lo", "--to", "https://collector.example.org/v1/sessions"), 2, "STRIPWATCH_SNIFF_TOKEN"),
        (("-i", "lo", "--json", "--to", "https://x/"), 2, "choose one"),
        (("-i", "lo", "--engine", "pyshark"), 2, "numpy"),
        (("--to", "https://x/", "x.pcap"), 2, "-i"),
        (("--tunnels", "x.pcap"), 2, "always looked into"),
    ],
)
def test_wrong_usage_is_said_in_one_line(can_capture, tmp_path, arguments, code, said):
    done = subprocess.run(
        [sys.executable, "-m", "stripwatch", "sniff", *arguments], env=environ(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_filter_of_your_own(can_capture, tmp_path):
    env = environ(tmp_path, SNIFF_CAPTURE_FILTER="prt 25")
    done = subprocess.run([sys.executable, "-m", "stripwatch", "sniff", "-i", "lo"], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "bad_capture_filter" in done.stderr) == (2, True), done.stderr


def test_without_permission_it_says_how_to_give_it(can_capture, tmp_path):
    setpriv = shutil.which("setpriv")
    if setpriv is None or subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip() != "0":
        pytest.skip("only root can give up the permission to capture")
    tmp_path.chmod(0o777)
    command = [setpriv, "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin", sys.executable, "-m", "stripwatch"]
    done = subprocess.run([*command, "sniff", "-i", "lo"], env=environ(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "capture_forbidden" in done.stderr
    assert "wireshark" in done.stderr


def test_captures_that_take_over_tell_each_session_once(sniff, send, server):
    running = sniff("--json", SNIFF_COUNT_SECONDS="1")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.recv(100)
        for line in (
            b"EHLO slow\r\n",
            b"MAIL FROM:<a@sample.example>\r\n",
            b"RCPT TO:<b@example.org>\r\n",
            b"RSET\r\n",
            b"NOOP\r\n",
            b"QUIT\r\n",
        ):
            client.sendall(line)
            client.recv(1000)
            time.sleep(1)
    for _ in range(10):
        send()
        time.sleep(0.3)
    time.sleep(2)
    assert running.end(signal.SIGTERM) == 0
    sessions = [json.loads(line) for line in running.out.splitlines()]
    assert len(sessions) == 11
    (slow,) = [one for one in sessions if one["smtp"]["helo"] == "slow"]
    heard = [turn["text"][:4] for turn in slow["smtp"]["dialogue"] if turn["side"] == "client"]
    assert heard == ["EHLO", "MAIL", "RCPT", "RSET", "NOOP", "QUIT"]
    packets = sum(one[end]["packets"] for one in sessions for end in ("source", "destination"))
    said = running.err.splitlines()[-1]
    assert f"lo: {packets} packets, 11 sessions" in said
    assert f", 0 of {packets} packets dropped by the kernel" in said


def test_the_kernels_drops_are_told_while_it_runs(caplog):
    counts, outlet = WatchCounts(packets=90), Printed(io.BytesIO())
    report = Report("tap0", counts, outlet, 0.0)
    caplog.set_level(logging.INFO)
    report.tick(59, None, 0)
    report.tick(61, None, 0)
    report.tick(125, Tally(90, 10), 50)
    report.tick(190, Tally(90, 10), 50)
    said = [
        (record.levelname, "dropped by the kernel" in record.message, record.message.split(" by the kernel ")[-1])
        for record in caplog.records
    ]
    assert said[0][:2] == ("INFO", False)
    assert said[1] == ("WARNING", True, "up to 1 min ago")
    assert said[2] == ("INFO", True, "up to 2 min ago")
    assert "10 of 100 packets" in caplog.records[1].message


@pytest.mark.parametrize(("seen", "told"), [({}, True), ({"sessions": 1}, False), ({"open": 1}, False)])
def test_a_first_minute_without_mail_is_told_once(caplog, seen, told):
    report = Report("tap0", WatchCounts(packets=90, **seen), Printed(io.BytesIO()), 0.0, hint="Try --tunnels.")
    for now in (59, 61, 125):
        report.tick(now, None, 0)
    assert [record.message for record in caplog.records if "tunnels" in record.message] == ["tap0: no mail so far. Try --tunnels."] * told
