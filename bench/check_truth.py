#!/usr/bin/env python3
"""Compare session records with the truth that make_pcap.py wrote.

    stripwatch sniff FILE.pcap --json | check_truth.py FILE.truth.ndjson

Last line: `N of M sessions right`; the first 20 differences stand above it. Exit status 0 when all are right and none is extra.
"""

import collections
import ipaddress
import json
import sys

VERDICT = {
    "cleartext-not-offered": "cleartext_not_offered",
    "cleartext-offered-unused": "cleartext_offered",
    "masked-offer": "stripped_offer",
    "masked-command": "stripped_command",
    "refused": "starttls_refused",
    "handshake-alert": "tls_failed",
    "implicit-tls": "implicit_tls",
    "lookalike-clear": "cleartext_offered",
    "lookalike-tls": "tls",
    "starttls-tls10": "tls",
    "starttls-tls12": "tls",
    "starttls-tls13": "tls",
}
CLEAR = {"cleartext_not_offered", "cleartext_offered"}


def dig(record, path):
    for step in path.split("."):
        record = (record or {}).get(step) if isinstance(record, dict) else None
    return record


def main():
    truth = collections.defaultdict(collections.deque)
    total = 0
    for line in open(sys.argv[1]):
        t = json.loads(line)
        truth[(t["src"], t["sport"], t["dst"], t["dport"])].append(t)
        total += 1
    truth = {key: collections.deque(sorted(waiting, key=lambda t: t["start"])) for key, waiting in truth.items()}
    right, bad = 0, []
    for line in sys.stdin:
        got = json.loads(line)
        key = (
            str(ipaddress.ip_address(dig(got, "source.ip"))),
            dig(got, "source.port"),
            str(ipaddress.ip_address(dig(got, "destination.ip"))),
            dig(got, "destination.port"),
        )
        if not truth.get(key):
            bad.append(f"extra {key} {dig(got, 'smtp.verdict')}")
            continue
        want = truth[key].popleft()
        allowed = CLEAR if want["kind"] == "cleartext-after-alert" else {VERDICT[want["kind"]]}
        pairs = [("verdict", dig(got, "smtp.verdict"), want["kind"], dig(got, "smtp.verdict") in allowed)]
        if want["tls_version"] and want["kind"] != "handshake-alert":
            version = want["tls_version"].split()[-1].removeprefix("v")
            pairs.append(("version", dig(got, "tls.version"), version, dig(got, "tls.version") == version))
            pairs.append(("cipher", dig(got, "tls.cipher"), want["cipher"], dig(got, "tls.cipher") == want["cipher"]))
            pairs.append(("sni", dig(got, "tls.client.server_name"), want["sni"], dig(got, "tls.client.server_name") == want["sni"]))
        offered = {"cleartext-not-offered": False, "masked-offer": False, "implicit-tls": None}.get(want["kind"], True)
        if offered is not None and want["kind"] not in ("cleartext-after-alert", "masked-command"):
            pairs.append(("offered", dig(got, "smtp.starttls.offered"), offered, dig(got, "smtp.starttls.offered") is offered))
        if want.get("certificate"):
            names = [str(dig(got, "tls.server.subject") or ""), *(dig(got, "tls.server.x509.alternative_names") or [])]
            pairs.append(("certificate", names, want["certificate"], any(want["certificate"] in name for name in names)))
        wrong = [f"{name} {g!r} not {w!r}" for name, g, w, ok in pairs if not ok]
        if wrong:
            bad.append(f"{key} {want['kind']}: " + "; ".join(wrong))
        else:
            right += 1
    missing = sum(len(waiting) for waiting in truth.values())
    bad += [f"missing {k} {[t['kind'] for t in w]}" for k, w in truth.items() if w]
    print(*bad[:20], sep="\n")
    print(f"{right} of {total} sessions right, {missing} missing, {sum(b.startswith('extra') for b in bad)} extra")
    sys.exit(right != total or bool(bad))


main()
