"""kill -9 at a random moment, many producers at work: nothing acknowledged is lost (RELIABILITY row 2).

STRIPWATCH_TEST_KILLS sets how often; a release takes 1,000.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.spool import Spool

ROOT = Path(__file__).resolve().parents[3]
PRODUCER = """
import asyncio, random, sys, threading
from pathlib import Path
from ingest.spool.limits import SpoolLimits
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool

spool = Spool.open(Path(sys.argv[1]), limits=SpoolLimits(segment_bytes=200_000, min_free_bytes=0))
out = threading.Lock()

def record(who, number):
    body = f"{who}.{number} ".encode() + random.Random(f"{who}.{number}").randbytes(random.randint(0, 3_000))
    return SpoolRecord(way="smtp", content="mail", arrived_at=number, body=body)

def say(known, made):
    with out:
        sys.stdout.write(f"{known} {made.body.hex()}\\n")
        sys.stdout.flush()

def blocking(who):
    number = 0
    while True:
        number += 1
        made = record(who, number)
        say(spool.append(made), made)

async def task(who):
    number = 0
    while True:
        number += 1
        made = record(who, number)
        say(await spool.append_async(made), made)

async def tasks():
    await asyncio.gather(*(task(f"a{place}") for place in range(20)))

for place in range(8):
    threading.Thread(target=blocking, args=(f"t{place}",), daemon=True).start()
asyncio.run(tasks())
"""


def kills(default: int) -> int:
    return int(os.environ.get("STRIPWATCH_TEST_KILLS", default))


@pytest.mark.timeout(3_600)
def test_kill_9_loses_nothing_acknowledged(tmp_path, seed):
    dice = random.Random(seed)
    folder = tmp_path / "spool"
    acked, delivered = {}, {}
    times = kills(8)
    for _ in range(times):
        child = subprocess.Popen(
            [sys.executable, "-c", PRODUCER, str(folder)], stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        first = child.stdout.readline()
        killer = threading.Timer(dice.uniform(0.01, 0.4), child.send_signal, [signal.SIGKILL])
        killer.start()
        for line in [first, *child.stdout]:
            if line.endswith(b"\n"):
                known, body = line.split()
                acked[known.decode()] = bytes.fromhex(body.decode())
        assert child.wait() == -signal.SIGKILL
        began = time.monotonic()
        with SpoolReader.open(folder) as reader:
            assert time.monotonic() - began < 2
            while batch := reader.read():
                for stored in batch:
                    assert stored.id not in delivered, "delivered twice although committed"
                    delivered[stored.id] = stored.record.body
                reader.commit()
            assert reader.depth().bytes == 0
    lost = {known for known in acked if delivered.get(known) != acked[known]}
    print(f"{times} kills, {len(acked)} acknowledged, {len(delivered)} delivered, {len(lost)} lost")
    assert not lost
    assert len(acked) > times
    replayed = {stored.id for stored in replay(folder)}
    assert acked.keys() <= replayed


def test_a_reader_killed_between_read_and_commit_delivers_again(tmp_path, record):
    folder = tmp_path / "spool"
    with Spool.open(folder) as spool:
        ids = [spool.append(record(number)) for number in range(10)]
    code = (
        "import os, signal, sys; from pathlib import Path; from ingest.spool.reader import SpoolReader\n"
        "reader = SpoolReader.open(Path(sys.argv[1])); batch = reader.read(6); reader.commit(batch[2].id)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    with SpoolReader.open(folder) as reader:
        assert [stored.id for stored in reader.read()] == ids[3:]


def test_several_processes_append_and_one_drains(tmp_path):
    folder = tmp_path / "spool"
    code = (
        "import sys; from pathlib import Path; from ingest.spool.spool import Spool; from ingest.spool.record import SpoolRecord\n"
        "spool = Spool.open(Path(sys.argv[1]))\n"
        "made = [SpoolRecord(way='file', content='report', arrived_at=n, body=b'x' * 100) for n in range(300)]\n"
        "print('\\n'.join([spool.append(one) for one in made[:100]] + spool.append_many(made[100:])))\n"
        "spool.close()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True)
        for _ in range(3)
    ]
    found = []
    with SpoolReader.open(folder) as reader:
        deadline = time.monotonic() + 60
        while len(found) < 900 and time.monotonic() < deadline:
            found += [stored.id for stored in reader.read(50)]
            reader.commit()
            reader.wait(0.5)
        acked = [child.communicate()[0].split() for child in children]
        assert sorted(found) == sorted(known for ids in acked for known in ids)
        for ids in acked:
            assert [known for known in found if known in set(ids)] == ids, "one producer's records keep their order"
        reader.read()
        reader.commit()
        assert reader.depth().retired_segments == 3
