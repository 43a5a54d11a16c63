#!/usr/bin/env python3
"""Time the peers of a passive SMTP analyzer on one capture: wall, CPU, peak memory, packets/s and MB/s of each.

    peers.py FILE.pcap [--only NAME ...] [--python PY] [--runs 3] [--keep DIR]

Each peer is a child process under wait4; the median of --runs is printed. Peers that are slow run on a slice of
the first packets (the slice's own size is used for the rates). Needs on PATH what it measures: tshark, suricata;
and importable by PY: numpy, dpkt, scapy, pyshark, nfstream.
"""

import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

FIELDS = [
    "frame.time_epoch",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "smtp.req.command",
    "smtp.response.code",
    "smtp.rsp.parameter",
    "tls.handshake.type",
    "tls.handshake.version",
    "tls.handshake.ciphersuite",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.extensions_server_name",
    "x509sat.uTF8String",
    "x509ce.dNSName",
    "tls.alert_message.desc",
    "tls.record.version",
]
WANT = "smtp.req.command || smtp.rsp || tls.handshake.type in {1,2,11} || tls.alert_message"
YAML = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      community-id: false
      types: [{smtp: {extended: yes}}, {tls: {extended: yes}}, flow]
pcap-file: {checksum-checks: auto}
app-layer:
  protocols:
    smtp: {enabled: yes, mime: {decode-mime: MIME}}
    tls: {enabled: yes, detection-ports: {dp: 465}, encryption-handling: bypass}
max-pending-packets: 1024
flow: {memcap: 512mb, hash-size: 65536, prealloc: 10000, emergency-recovery: 30}
stream: {memcap: 512mb, checksum-validation: yes, inline: auto, reassembly: {memcap: 1gb, depth: 1mb}}
vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}, port-groups: {}}
"""
PY = {
    "numpy-sum": "import mmap,sys,numpy as n\nf=open(sys.argv[1]);m=mmap.mmap(f.fileno(),0,prot=1)\n"
    "a=n.frombuffer(m,n.uint64,len(m)//8);print(int(a.sum()))",
    "dpkt": """import sys,dpkt,collections
flows=collections.Counter();n=0
for ts,buf in dpkt.pcap.Reader(open(sys.argv[1],'rb')):
    n+=1
    try: ip=dpkt.ethernet.Ethernet(buf).data
    except dpkt.UnpackError: continue
    tcp=getattr(ip,'data',None)
    if isinstance(tcp,dpkt.tcp.TCP) and (tcp.sport in(25,465) or tcp.dport in(25,465)):
        flows[ip.src,tcp.sport,ip.dst,tcp.dport]+=len(tcp.data)
print(n,len(flows))""",
    "scapy": """import sys,collections
from scapy.all import PcapReader,TCP
flows=collections.Counter();n=0
for p in PcapReader(sys.argv[1]):
    n+=1
    if TCP in p:
        t=p[TCP]
        if t.sport in(25,465) or t.dport in(25,465): flows[t.underlayer.src,t.sport,t.underlayer.dst,t.dport]+=len(t.payload)
print(n,len(flows))""",
    "pyshark": """import sys,pyshark,collections
flows=collections.Counter();n=0
cap=pyshark.FileCapture(sys.argv[1],display_filter='smtp || tls',keep_packets=False)
for p in cap:
    n+=1
    flows[p.tcp.stream]+=1
print(n,len(flows));cap.close()""",
    "nfstream": """import sys
from nfstream import NFStreamer
if __name__=='__main__':
    n=k=0
    for f in NFStreamer(source=sys.argv[1],n_meters=int(sys.argv[2]),statistical_analysis=False):
        n+=1;k+=f.bidirectional_packets
    print(n,k)""",
}


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Installed programs have their bytecode: without it every run would compile ours anew."""


def head(path, out, limit):
    """Copy the first limit packets; returns how many and their bytes."""
    with open(path, "rb") as f, open(out, "wb") as g:
        g.write(f.read(24))
        n = 0
        while n < limit and len(h := f.read(16)) == 16:
            g.write(h + f.read(struct.unpack("<IIII", h)[2]))
            n += 1
        return n, g.tell()


def count(path):
    """The number of packets of a capture file."""
    import mmap

    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        n, o, end, get = 0, 24, len(m), struct.Struct("<I").unpack_from
        while o < end:
            o += 16 + get(m, o + 8)[0]
            n += 1
        return n


def timed(argv, log):
    began = time.perf_counter()
    with open(log, "wb") as out:
        child = subprocess.Popen(argv, stdout=out, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, use = os.wait4(child.pid, 0)
    return time.perf_counter() - began, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, status


def sliced(path, out, limit):
    """The first limit packets as a file of their own: its path, and (packets, bytes)."""
    return out, head(path, out, limit)


def suricata(keep, mode, mime, name):
    """Suricata's command in a run mode, with MIME decoding on or off, logging under keep/name."""
    return [
        "suricata",
        "-r",
        "F",
        "--runmode",
        mode,
        "-S",
        "/dev/null",
        "-l",
        f"{keep}/{name}",
        "-c",
        f"{keep}/suricata-{mime}.yaml",
        "-k",
        "none",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", help="a folder for what the peers print")
    opt = parser.parse_args()
    keep = opt.keep or tempfile.mkdtemp()
    os.makedirs(keep, exist_ok=True)
    for mime in ("yes", "no"):
        with open(f"{keep}/suricata-{mime}.yaml", "w") as f:
            f.write(YAML.replace("MIME", mime))
    f, py = opt.file, [opt.python, "-c"]
    tshark = ["tshark", "-n", "-r", "F", "-Y", WANT, "-T", "fields"] + [x for n in FIELDS for x in ("-e", n)]
    peers = {  # name: (slice or None, command)
        "cat": (None, ["cat", "F"]),
        "numpy-sum": (None, [*py, PY["numpy-sum"], "F"]),
        "capinfos": (None, ["capinfos", "-c", "F"]),
        "stripwatch": (None, [sys.executable, "-m", "stripwatch", "sniff", "F", "--json"]),
        "stripwatch-2": (None, [sys.executable, "-m", "stripwatch", "sniff", "F", "--json", "--jobs", "2"]),
        "suricata-autofp": (None, suricata(keep, "autofp", "yes", "suricata-autofp")),
        "suricata-single": (None, suricata(keep, "single", "yes", "suricata-single")),
        "suricata-single-nomime": (None, suricata(keep, "single", "no", "suricata-single-nomime")),
        "tshark": (None, tshark),
        "nfstream-1": (None, [*py, PY["nfstream"], "F", "1"]),
        "nfstream-auto": (None, [*py, PY["nfstream"], "F", "0"]),
        "dpkt": (None, [*py, PY["dpkt"], "F"]),
        "scapy": (30000, [*py, PY["scapy"], "F"]),
        "pyshark": (6000, [*py, PY["pyshark"], "F"]),
    }
    # counted in a child: a child's peak memory starts at its parent's
    packets = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = [{os.path.dirname(os.path.abspath(__file__))!r}]; import peers; print(peers.count(sys.argv[1]))",
            f,
        ],
        capture_output=True,
        check=True,
    ).stdout
    whole = (int(packets), os.path.getsize(f))
    print(f"{whole[0]} packets, {whole[1] / 1e6:.0f} MB; median of {opt.runs}")
    print(f"{'peer':24}{'wall s':>9}{'cpu s':>9}{'MiB':>7}{'kpkt/s':>9}{'MB/s':>9}{'ours ×':>9}{'2 jobs ×':>9}  status")
    chosen = {name: one for name, one in peers.items() if not opt.only or name in opt.only or name.partition("-")[0] in opt.only}
    slices = {name: sliced(f, f"{keep}/slice-{name}.pcap", limit) if limit else (f, whole) for name, (limit, _) in chosen.items()}
    runs = {name: [] for name in chosen}
    for turn in range(opt.runs):  # by turns, so that a machine that slows down meanwhile slows all of them
        for name, (limit, argv) in chosen.items():
            if turn and limit:
                continue
            shutil.rmtree(f"{keep}/{name}", ignore_errors=True)
            os.makedirs(f"{keep}/{name}")
            out = f"{keep}/{name}.out" if name != "cat" else "/dev/null"
            runs[name].append(timed([slices[name][0] if a == "F" else a for a in argv], out))
    best = {name: sorted(found)[len(found) // 2] for name, found in runs.items()}
    for name, (wall, cpu, rss, status) in best.items():
        packets, size = slices[name][1]
        rate = packets / wall
        ours = [whole[0] / best[own][0] / rate for own in ("stripwatch", "stripwatch-2") if own in best]
        ratios = "".join(f"{one:9.2f}" for one in ours)
        print(f"{name:24}{wall:9.2f}{cpu:9.2f}{rss:7.0f}{rate / 1e3:9.1f}{size / wall / 1e6:9.1f}{ratios}  {status}", flush=True)


if __name__ == "__main__":
    main()
