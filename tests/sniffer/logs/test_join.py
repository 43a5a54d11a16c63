from __future__ import annotations

import subprocess
import sys

from sniffer.logs.entries import Certificate, Ends, ZeekConn, ZeekSmtp
from sniffer.logs.join import Join
from sniffer.logs.limits import LogLimits

ENDS = Ends("192.0.2.1", 1, "192.0.2.2", 25)


def test_lines_come_by_connection_the_oldest_first() -> None:
    join = Join(LogLimits())
    for key, at in (("b", 2), ("a", 9), ("b", 1), ("a", 3)):
        join.add(key, ZeekSmtp(at=at, ends=ENDS))
    assert [(key, [entry.at for entry in entries]) for key, entries in join.connections()] == [("a", [3, 9]), ("b", [1, 2])]


def test_many_messages_do_not_push_out_the_other_lines() -> None:
    join = Join(LogLimits(session_lines=2))
    for at in range(5):
        join.add("a", ZeekSmtp(at=at, ends=ENDS))
    join.add("a", ZeekConn(at=9, ends=ENDS))
    ((_, entries),) = join.connections()
    assert [type(entry).__name__ for entry in entries] == ["ZeekSmtp", "ZeekSmtp", "ZeekConn"]


def test_certificates_by_their_key() -> None:
    join = Join(LogLimits())
    join.add_certificate("F1", Certificate(subject="CN=a"))
    join.add_certificate("F1", Certificate(subject="CN=later"))
    assert join.certificate("F1") == Certificate(subject="CN=a")
    assert join.certificate("F2") is None
    assert join.certificate(None) is None


def test_strange_keys() -> None:
    join = Join(LogLimits())
    join.add("\ud800\0x", ZeekSmtp(at=1, ends=ENDS))
    assert [len(entries) for _, entries in join.connections()] == [1]


_MANY = """
import resource
from sniffer.logs.entries import Ends, ZeekSmtp
from sniffer.logs.join import Join
from sniffer.logs.limits import LogLimits
join = Join(LogLimits(join_memory=8 << 20))
ends = Ends("192.0.2.1", 1, "192.0.2.2", 25)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
for n in range(150_000):
    join.add(f"{n * 7919 % 150_001}", ZeekSmtp(at=n, ends=ends, helo="x" * 300))
assert sum(len(e) for _, e in join.connections()) == 150_000
print((peak() - before) >> 10)
"""


def test_memory_is_bounded() -> None:
    """150,000 lines of 400 bytes, 60 MB, through a join of 8 MiB."""
    done = subprocess.run([sys.executable, "-c", _MANY], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32


_FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from sniffer.logs.entries import Ends, ZeekSmtp
from sniffer.logs.errors import JoinFull
from sniffer.logs.join import Join
from sniffer.logs.limits import LogLimits
join = Join(LogLimits(join_memory=1 << 20))
try:
    for n in range(50_000):
        join.add(str(n), ZeekSmtp(at=n, ends=Ends("192.0.2.1", 1, "192.0.2.2", 25), helo="x" * 300))
    list(join.connections())
except JoinFull as error:
    print(error.reason)
"""


def test_a_full_temporary_disk_is_a_named_error() -> None:
    done = subprocess.run([sys.executable, "-c", _FULL], capture_output=True, text=True, timeout=60)
    assert done.stdout == "join_full\n", done.stderr
