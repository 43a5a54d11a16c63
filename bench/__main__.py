"""Every bench of the project, one table after the other.

    python -m bench [names…] [--full]

Small sizes by default (some minutes in all), ``--full`` for the sizes the README quotes. Names are those of BENCHES.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "reports": (("--records=5000", "--small=500", "--tls=2000"), ()),
    "parsedmarc_differences": ((), ()),
    "stores": (("--documents=20000",), ("--documents=1000000",)),
    "spool": (("--seconds=1",), ()),
    "intake": (("--mails=1000", "--rounds=1"), ()),
    "sniff": (("--sessions=1000", "--runs=1"), ("--sessions=20000",)),
    "blindness": (("--sessions=500",), ("--sessions=6000",)),
    "growth": (("--sessions=300", "--runs=1"), ("--sessions=2000",)),
    "floods": (("--share=0.02",), ("--share=1",)),
    "drain": (("--sessions=5000", "--reports=500"), ("--sessions=200000", "--reports=5000")),
}
"""Module → its options for a short run and for a full one."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHES)} (default: all)")
    options.add_argument("--full", action="store_true", help="the sizes that the README quotes")
    given = options.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        options.error(f"there is no bench {unknown[0]!r}; there are {', '.join(BENCHES)}")
    failed = []
    for name in given.names or BENCHES:
        begun = time.monotonic()
        print(f"\n## {name}\n", flush=True)
        ended = subprocess.run([sys.executable, "-m", f"bench.{name}", *BENCHES[name][given.full]], cwd=ROOT, check=False)
        if ended.returncode:
            failed.append(name)
        print(f"\n{name}: {time.monotonic() - begun:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
