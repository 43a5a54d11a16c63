#!/usr/bin/env python3
"""Mutate report inputs for as long as asked and watch what the report room does with them.

    python bench/fuzz_reports.py [--seconds 60] [--seed 1] [--keep FOLDER]

Seeds are the golden cases. Each input is at most 64 KiB. Only documented answers may come out; an answer may cost
100 ms of processor time. Inputs that break a promise are written to ``--keep``. The last line tells the
rates; exit status 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import random
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ingest.reports.reader import FoundReport, read_reports  # noqa: E402
from ingest.reports.render import render_report  # noqa: E402

LARGEST = 64 * 1024
ALLOWED_SECONDS = 0.1
INTERESTING = (
    b"<",
    b">",
    b"&",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE a>",
    b"<?xml version='1.0'?>",
    b"<record>",
    b"</record>",
    b"<feedback>",
    b"</feedback>",
    b"\x1f\x8b\x08\x08",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\r\n\r\n",
    b"From a@b.example Tue Sep 22 2026\n",
    b"\r\n--b1\r\n",
    b"--b1--",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"boundary=",
    b"=?utf-8?q?=FF?=",
    b'{"',
    b"[[[[[[[[",
    b"]",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"&#0;",
    b"&#xD800;",
    b"9" * 400,
    b"(" * 500,
    b'"' * 50,
    b"a" * 5000,
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"charset*=''%FF",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbe",
)


def mutated(rng: random.Random, seed: bytes, seeds: list[bytes]) -> bytes:
    """The seed after some changes, of at most ``LARGEST`` bytes."""
    data = bytearray(seed[:LARGEST])
    for _ in range(rng.choice((1, 1, 2, 3, 5, 10, 30))):
        at = rng.randrange(len(data) + 1)
        span = rng.choice((1, 1, 2, 4, 16, 64, 512))
        match rng.randrange(8):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + span]
            case 2:
                data[at:at] = data[at : at + span] * rng.choice((1, 1, 2, 20))
            case 3:
                data[at:at] = rng.choice(INTERESTING)
            case 4:
                data[at : at + span] = rng.randbytes(span)
            case 5:
                other = rng.choice(seeds)
                start = rng.randrange(len(other) + 1)
                data[at:at] = other[start : start + span * 4]
            case 6:
                del data[at:]
            case _:
                data[at : at + span] = rng.choice(INTERESTING)
    return bytes(data[:LARGEST])


def opened(seed: bytes) -> bytes:
    """What a gzip seed holds, so that what is inside is mutated too."""
    if not seed.startswith(b"\x1f\x8b"):
        return seed
    try:
        return zlib.decompressobj(31).decompress(seed, LARGEST)
    except zlib.error:
        return seed


def wrapped(rng: random.Random, data: bytes) -> bytes:
    """Sometimes in gzip, or in a mail."""
    match rng.randrange(6):
        case 0:
            return gzip.compress(data, 1, mtime=0)
        case 1:
            head = b"From: a@b.example\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            return head + base64.encodebytes(gzip.compress(data, 1, mtime=0))
        case _:
            return data


def golden_seeds() -> list[bytes]:
    files = sorted((ROOT / "tests" / "golden" / "reports").glob("*/input.*"))
    return [data for path in files if "bomb" not in str(path) and len(data := path.read_bytes()) <= LARGEST]


def answer(data: bytes, clock: Callable[[], float] = time.thread_time) -> tuple[list[str], float]:
    """Kinds and reasons that came out, and what it cost. Raises whatever was not documented."""
    begun = clock()
    words = []
    for item in read_reports(data):
        if isinstance(item, FoundReport):
            json.loads(b"".join(render_report(item.report)))
            words.append(item.report.kind)
        else:
            str(item.error)
            words.append(item.error.reason)
    return words, clock() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "fuzz_reports")
    opt = parser.parse_args()
    rng = random.Random(opt.seed)
    seeds = golden_seeds() + [opened(seed) for seed in golden_seeds()]
    outcomes: Counter[str] = Counter()
    broken = inputs = 0
    slowest = 0.0
    until = time.monotonic() + opt.seconds
    while time.monotonic() < until:
        data = wrapped(rng, mutated(rng, rng.choice(seeds), seeds))
        inputs += 1
        try:
            words, took = answer(data)
        except Exception:  # noqa: BLE001  the outermost loop: this is what the runner looks for
            broken += 1
            keep(opt.keep, data, f"raised-{broken}")
            traceback.print_exc()
            continue
        if took > ALLOWED_SECONDS and answer(data)[1] > ALLOWED_SECONDS:
            broken += 1
            keep(opt.keep, data, f"slow-{broken}")
            print(f"{took * 1000:.0f} ms for {len(data)} bytes: {words}")
        slowest = max(slowest, took)
        outcomes.update(words)
    print(dict(outcomes.most_common()))
    print(f"{inputs} inputs, {inputs / opt.seconds:.0f}/s, slowest {slowest * 1000:.0f} ms, {broken} promises broken")
    return 1 if broken or not inputs else 0


def keep(folder: Path, data: bytes, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
