"""A few senders beside a load: how long a mail waits from its last dot to the 250, and from connecting to it.

    python bench/probe_intake.py PORT RECIPIENT MESSAGE [--senders 4]

Each sender mails the file again and again, one connection a mail, until standard input ends. Prints one JSON object:
``accept`` and ``whole``, milliseconds of each mail in no order.
"""

from __future__ import annotations

import argparse
import json
import smtplib
import sys
import threading
import time
from pathlib import Path

PAUSE = 0.02
"""Between two mails of one sender: probes look on, they are no load of their own."""


def send(port: int, recipient: str, message: bytes) -> tuple[float, float]:
    """Seconds from the dot to the 250, and of the whole from connecting on. Raises smtplib.SMTPException when it is refused."""
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="probe.example", timeout=60) as peer:
        peer.ehlo()
        peer.mail("reporter@sender.example")
        peer.rcpt(recipient)
        code, reply = peer.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        peer.send(message[: -len(b".\r\n")])
        ended = time.perf_counter()
        peer.send(b".\r\n")
        code, reply = peer.getreply()
        done = time.perf_counter()
        if code != 250:
            raise smtplib.SMTPDataError(code, reply)
    return done - ended, done - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("recipient")
    parser.add_argument("message", type=Path, help="with LF line ends")
    parser.add_argument("--senders", type=int, default=4)
    given = parser.parse_args()
    message = given.message.read_bytes().replace(b"\n", b"\r\n") + b".\r\n"
    ended = threading.Event()
    took: list[tuple[float, float]] = []

    def probe() -> None:
        while not ended.is_set():
            took.append(send(given.port, given.recipient, message))
            ended.wait(PAUSE)

    senders = [threading.Thread(target=probe) for _ in range(given.senders)]
    for sender in senders:
        sender.start()
    sys.stdin.read()
    ended.set()
    for sender in senders:
        sender.join()
    print(json.dumps({"accept": [one * 1e3 for one, _ in took], "whole": [whole * 1e3 for _, whole in took]}))


if __name__ == "__main__":
    main()
