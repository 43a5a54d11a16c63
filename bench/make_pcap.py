#!/usr/bin/env python3
"""Make a realistic mail-gateway capture of SMTP sessions, with the truth beside it.

    make_pcap.py OUT.pcap --sessions 30000 [--pcapng] [--nasty 0.1] [--seed 1] ...

Writes OUT.pcap, OUT.truth.ndjson (one line a session: 5-tuple, start, kind, TLS version, cipher, ...) and,
with --pcapng, OUT.pcapng with the same packets. Standard library only; the same options and seed give the same
bytes. Addresses are documentation and benchmarking ranges; certificates are one real self-signed certificate
whose host name is patched (so their signature does not verify).
"""

import argparse
import base64
import json
import math
import random
import struct
import sys
import time
from statistics import NormalDist

CERT = base64.b64decode("""
MIIDgjCCAmqgAwIBAgIUZDA2nU3wSvjZOv90BZfm1sYn0fkwDQYJKoZIhvcNAQELBQAwQTELMAkGA1UEBhMCTkwxFTATBgNVBAoM
DEV4YW1wbGUgTWFpbDEbMBkGA1UEAwwSbXgwMDAubWFpbC5leGFtcGxlMB4XDTI2MTEyNDAwMTcyNVoXDTM2MTEyMTAwMTcyNVow
QTELMAkGA1UEBhMCTkwxFTATBgNVBAoMDEV4YW1wbGUgTWFpbDEbMBkGA1UEAwwSbXgwMDAubWFpbC5leGFtcGxlMIIBIjANBgkq
hkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyAlHfTRC5kBi87CcSQXqSBXrIX4UOVgUFyKxJjqZVjgfVHcE0r6nzceIGqGLiOrCoB2O
P3L0NmQDJ5DFWAM+M4TFFmmR3bdZH4RBnTsUuMIkuUp9vTDSuL9IBwzGvMrPmDZAsSU8KKBDoUhktCzJ+DvGRr0QoNEIVkJjxkf6
Q5FHIiLAdQ3HAzvo91A/LY4f8n23hboTUD6L0adGBaBatzcdeRiztYmKtZATFrqiTGHB6BQTyUuh+XQmOtK91P1khxnuX0NcvoWF
VKdgdz5VVN28kcHTmeVCwyY381B/rKN7hbt5sV48zgctQANp6qB+u3D/qJ0mB6ogjF9N0jRPrwIDAQABo3IwcDAdBgNVHQ4EFgQU
juY1UPBzO12gEisn7ZhnqigLG3kwHwYDVR0jBBgwFoAUjuY1UPBzO12gEisn7ZhnqigLG3kwDwYDVR0TAQH/BAUwAwEB/zAdBgNV
HREEFjAUghJteDAwMC5tYWlsLmV4YW1wbGUwDQYJKoZIhvcNAQELBQADggEBAGOL/nY5fUrNsJmGSKkdOpTOnPh+CYhIv1xyeIRC
gzmc0voDZGPucD7icBI0DriR2nR77tuI9HCVUI95m7fdjWK01zo5Q/YwDOoozR0BufeY7cTEZ2W2qHnPlVUBNQez5S8r7ALZ6jK0
FcHkxMdkfPvecM9pH67M/twb7yz5jQJ6zX+aXX/W7CRi5JbJ+R9pMazAjFNIVuQ2PPd19W80UdhEbG3hSdHF7e8HdJJkXSeTc6bZ
BDbZMOwaHC9Z64UBQIzDAmvufxfO+Ma5MNvcAlw1kp0kP6qmY2c7AHYZs4Gkx0mxmkF//ygKfelxgdHEcUGBVXDRbesEFcGwwiQR
Mhs=
""")
CERT_NAME = b"mx000.mail.example"  # patched with a name of the same length

KINDS = {  # kind: default weight
    "cleartext-not-offered": 10,
    "cleartext-offered-unused": 6,
    "starttls-tls12": 32,
    "starttls-tls13": 34,
    "starttls-tls10": 3,
    "masked-offer": 4,
    "masked-command": 2,
    "refused": 2,
    "alert-fallback": 3,  # two sessions: handshake-alert, then cleartext-after-alert
    "implicit-tls": 4,
    "lookalike-clear": 0,  # eight X's that hide no STARTTLS: beside a real offer, in a password, in a message
    "lookalike-tls": 0,
}
CIPHERS = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
}
OFFERED13 = struct.pack(">9H", 0x1302, 0x1303, 0x1301, 0xC030, 0xC02F, 0xC028, 0x0035, 0x002F, 0x00FF)
OFFERED12 = struct.pack(">6H", 0xC030, 0xC02F, 0xC028, 0x0035, 0x002F, 0x00FF)
OFFERED10 = struct.pack(">5H", 0x0005, 0x000A, 0x0035, 0x002F, 0x00FF)
SERVERS = [b"mx%03d.mail.example" % i for i in range(64)]
EHLOS = [  # extension lists, STARTTLS where the server offers it
    [b"PIPELINING", b"SIZE 10240000", b"VRFY", b"ETRN", b"STARTTLS", b"ENHANCEDSTATUSCODES", b"8BITMIME", b"DSN", b"SMTPUTF8", b"CHUNKING"],
    [b"SIZE 37748736", b"PIPELINING", b"DSN", b"ENHANCEDSTATUSCODES", b"STARTTLS", b"8BITMIME", b"BINARYMIME", b"CHUNKING", b"SMTPUTF8"],
    [b"SIZE 52428800", b"8BITMIME", b"PIPELINING", b"PIPECONNECT", b"CHUNKING", b"STARTTLS", b"PRDR", b"HELP"],
    [b"SIZE 157286400", b"8BITMIME", b"STARTTLS", b"ENHANCEDSTATUSCODES", b"PIPELINING", b"CHUNKING", b"SMTPUTF8"],
    [b"8BITMIME", b"SIZE", b"DSN", b"HELP", b"STARTTLS"],
]
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
IP4TCP = struct.Struct(">HHHHHH4s4sHHIIHHHH").pack
TCP = struct.Struct(">HHIIHHHH").pack
TSOPT = struct.Struct(">III").pack
REC = struct.Struct("<IIII").pack
WORD = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor"


def sum16(data):
    """The ones'-complement sum of data, as a residue modulo 65535."""
    return int.from_bytes(data + b"\0" if len(data) & 1 else data, "big") % 65535


def v8(data):
    return bytes((len(data),)) + data


def v16(data):
    return struct.pack(">H", len(data)) + data


def v24(data):
    return struct.pack(">I", len(data))[1:] + data


def ext(kind, data):
    return struct.pack(">HH", kind, len(data)) + data


def handshake(kind, data):
    return bytes((kind,)) + v24(data)


def record(kind, data, version=0x0303):
    return struct.pack(">BHH", kind, version, len(data)) + data


def client_hello(rng, sni, version):
    legacy = 0x0301 if version == 0x0301 else 0x0303
    body = struct.pack(">H", legacy) + rng.randbytes(32) + v8(rng.randbytes(32) if version == 0x0304 else b"")
    body += v16({0x0304: OFFERED13, 0x0303: OFFERED12, 0x0301: OFFERED10}[version]) + b"\x01\x00"
    exts = ext(0, v16(b"\0" + v16(sni))) if sni else b""
    if version != 0x0301:
        exts += ext(11, b"\x01\x00") + ext(10, v16(bytes.fromhex("001d0017001e00190018")))
        exts += ext(35, b"") + ext(22, b"") + ext(23, b"")
        exts += ext(13, v16(bytes.fromhex("0403050306030807080808090804080508060401050106010303030103020402")))
    if version == 0x0304:
        exts += ext(43, v8(b"\x03\x04\x03\x03")) + ext(45, b"\x01\x01")
        exts += ext(51, v16(b"\x00\x1d" + v16(rng.randbytes(32))))
    return record(22, handshake(1, body + (v16(exts) if exts else b"")), 0x0301)


def server_hello(rng, version, cipher, session=b""):
    legacy = 0x0301 if version == 0x0301 else 0x0303
    body = struct.pack(">H", legacy) + rng.randbytes(32) + v8(session) + struct.pack(">HB", cipher, 0)
    if version == 0x0304:
        body += v16(ext(43, b"\x03\x04") + ext(51, b"\x00\x1d" + v16(rng.randbytes(32))))
    else:
        body += v16(ext(0xFF01, b"\0"))
    return handshake(2, body)


class Pools:
    """Message bodies of log-normal size and their sums, cut at each MSS, made once and shared by all sessions."""

    def __init__(self, rng, mean, sigma=1.2, count=256):
        mu = math.log(mean) - sigma * sigma / 2
        norm = NormalDist(mu, sigma)
        self.sizes = [max(200, int(math.exp(norm.inv_cdf((i + 0.5) / count)))) for i in range(count)]
        top = self.sizes[-1] + 4096
        line = b"\r\n".join(base64.b64encode(rng.randbytes(57)) for _ in range(512)) + b"\r\n"
        head = (
            b"Received: from client.example by mx.mail.example with ESMTP\r\nFrom: <a@client.example>\r\n"
            b"To: <b@mail.example>\r\nSubject: Lorem ipsum\r\nMIME-Version: 1.0\r\n\r\n" + WORD + b"\r\n"
        )
        self.text = head + line * (top // len(line) + 1)
        self.noise = rng.randbytes(1 << 20)
        self.cache = {}

    def body(self, i, tls, mss):
        key = (i, tls, mss)
        segments = self.cache.get(key)
        if segments is None:
            size = self.sizes[i]
            if tls:
                data = b"".join(record(23, self.noise[(o * 7) % 900000 :][: min(16401, size - o)], tls) for o in range(0, size, 16401))
            else:
                data = self.text[:size] + b"\r\n.\r\n"
            pieces = [data[o : o + mss] for o in range(0, len(data), mss)]
            segments = self.cache[key] = [(p, sum16(p)) for p in pieces]
        return segments


class Session:
    """One TCP connection: every send appends (time in microseconds, frame) to frames."""

    def __init__(self, gen, start, dport=25, peer=None):
        rng = self.rng = gen.rng
        self.gen, self.start, self.t = gen, start, start
        r = rng.random
        if peer:
            self.v6, self.server, self.ips, self.ts, self.l2 = peer.v6, peer.server, peer.ips, peer.ts, peer.l2
        else:
            self.server = int(r() * len(SERVERS))
            self.v6 = r() < gen.opt.ipv6
            c = int(r() * 131072)
            if self.v6:
                self.ips = (
                    bytes.fromhex("20010db8") + struct.pack(">IQ", c, 1 + c % 7),
                    bytes.fromhex("20010db8ffff0000") + struct.pack(">Q", self.server + 1),
                )
            else:
                self.ips = (bytes((198, 18 + (c >> 16), c >> 8 & 255, c & 255)), bytes((192, 0, 2, self.server + 1)))
            self.ts = r() < 0.7
            tag = b""
            if r() < gen.opt.vlan:
                tag = struct.pack(">HH", 0x8100, 100 + self.server % 8)
                if r() < 0.1:
                    tag = struct.pack(">HH", 0x88A8, 7) + tag
            proto = b"\x86\xdd" if self.v6 else b"\x08\x00"
            self.l2 = (b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + tag + proto, b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + tag + proto)
        gen.port = 1024 + (gen.port - 1024 + 7919) % 64000
        self.ports = (gen.port, dport)
        self.mss = (1440 if self.v6 else 1460) - (12 if self.ts else 0)
        self.seq = [int(r() * 4294967296), int(r() * 4294967296)]
        self.base = sum16(self.ips[0]) + sum16(self.ips[1])
        self.tcpbase = self.base + 6 + sum(self.ports)
        self.ipid = [int(r() * 65536), int(r() * 65536)]
        self.rtt = int(500 + 60000 * r() ** 3)
        self.gap = int(200 + 1000 * r())
        self.nasty = r() < gen.opt.nasty
        self.frames = []
        self.payload = 0
        self.unacked = None

    def emit(self, d, data=b"", psum=0, flags=ACK, options=b"", seq=None):
        o = 1 - d
        mine = self.seq[d] if seq is None else seq
        theirs = self.seq[o] if flags & ACK else 0
        if self.ts and not options:
            tsval, tsecr = self.t // 1000 & 0xFFFFFFFF, (self.t - self.rtt) // 1000 & 0xFFFFFFFF
            options = TSOPT(0x0101080A, tsval, tsecr)
            osum = 0x0101 + 0x080A + tsval + tsecr
        else:
            osum = sum16(options) if options else 0
        offset = (20 + len(options) >> 2) << 12 | flags
        win = 64240 if flags & SYN else 502
        length = 20 + len(options) + len(data)
        csum = 65535 - (self.tcpbase + length + mine + theirs + offset + win + osum + psum) % 65535
        sp, dp = self.ports if d == 0 else self.ports[::-1]
        src, dst = self.ips if d == 0 else self.ips[::-1]
        if self.v6:
            head = struct.pack(">IHBB", 0x60000000, length, 6, 58) + src + dst + TCP(sp, dp, mine, theirs, offset, win, csum, 0)
        else:
            ipid = self.ipid[d] = self.ipid[d] + 1 & 65535
            total = length + 20
            ipsum = 65535 - (self.base + 0x4500 + total + ipid + 0x4000 + 0x3A06) % 65535
            head = IP4TCP(0x4500, total, ipid, 0x4000, 0x3A06, ipsum, src, dst, sp, dp, mine, theirs, offset, win, csum, 0)
        self.frames.append((self.t, self.l2[d] + head + options + data))
        if seq is None:
            self.seq[d] = mine + len(data) + (1 if flags & (SYN | FIN) else 0) & 0xFFFFFFFF
        self.payload += len(data)

    def open(self):
        options = bytes.fromhex("020405b40101040201030307") if not self.ts else None
        for d, flags in ((0, SYN), (1, SYN | ACK)):
            opts = (
                options or b"\x02\x04\x05\xb4\x04\x02" + struct.pack(">BBII", 8, 10, self.t // 1000 & 0xFFFFFFFF, 0) + b"\x01\x03\x03\x07"
            )
            self.emit(d, flags=flags, options=opts)
            self.t += self.rtt // 2
        self.emit(0)

    def send(self, d, data):
        """One application write: segments of at most MSS, smaller and repeated ones where the session is nasty."""
        rng = self.rng
        self.t += self.rtt // 2 + int(rng.random() * 2000)
        if rng.random() < 0.3:
            self.emit(d)  # a delayed ACK sent alone before the answer
            self.t += 20
        mss, i, n = self.mss, 0, len(data)
        while i < n:
            step = mss
            if self.nasty and rng.random() < 0.4:
                step = rng.choice((1, 2, 3, 7, 16, 64, 200))
            piece = data[i : i + step]
            self.emit(d, piece, sum16(piece), ACK | PSH if i + step >= n else ACK)
            if self.nasty and rng.random() < 0.05 and i:  # a repeat that overlaps what was sent before
                back = min(i, 5)
                again = data[i - back : i + len(piece)][:mss]
                self.t += 15
                self.emit(d, again, sum16(again), ACK | PSH, seq=self.seq[d] - len(piece) - back & 0xFFFFFFFF)
            i += step
            self.t += 12

    def bulk(self, d, segments):
        self.t += self.rtt // 2
        o, emit, gap = 1 - d, self.emit, self.gap // 8
        for n, (piece, psum) in enumerate(segments):
            emit(d, piece, psum)
            if n & 1:
                self.t += gap
                emit(o)
            self.t += gap

    def close(self, first=0, rst=False):
        self.t += self.rtt // 2
        if rst:
            self.emit(first, flags=RST | ACK)
            return
        self.emit(first, flags=FIN | ACK)
        self.t += self.rtt // 2
        self.emit(1 - first, flags=FIN | ACK)
        self.t += self.rtt // 2
        self.emit(first)

    def finish(self, kind, **truth):
        """Disturb the frames of a nasty session, then hand them and the truth line to the generator."""
        frames, rng = self.frames, self.rng
        if self.nasty:
            for i in range(3, len(frames) - 1):
                x = rng.random()
                if x < 0.02:
                    frames.append((frames[i][0] + self.rtt + 200, frames[i][1]))  # retransmitted
                elif x < 0.05:
                    (t1, a), (t2, b) = frames[i], frames[i + 1]
                    frames[i], frames[i + 1] = (t1, b), (t2, a)  # reordered
        line = {
            "src": text(self.ips[0]),
            "sport": self.ports[0],
            "dst": text(self.ips[1]),
            "dport": self.ports[1],
            "start": self.start / 1e6,
            "kind": kind,
            "tls_version": None,
            "cipher": None,
            "sni": None,
            **truth,
            "nasty": self.nasty,
            "packets": len(frames),
            "payload": self.payload,
        }
        self.gen.add(frames, line)
        return line


def text(ip):
    import ipaddress

    return str(ipaddress.ip_address(ip))


class Generator:
    def __init__(self, opt):
        self.opt, self.rng, self.port = opt, random.Random(opt.seed), 1024
        self.pools = Pools(self.rng, opt.body_bytes)
        self.pending, self.truth = [], []
        self.certs = [CERT.replace(CERT_NAME, name) for name in SERVERS]
        self.other = self.make_other()

    def add(self, frames, line):
        self.pending += frames
        self.truth.append(line)

    # the dialogue's parts

    def greet(self, s, offered, mask=False, helo=False, hidden=b"STARTTLS"):
        rng, name = self.rng, SERVERS[s.server]
        s.open()
        s.t += int(rng.random() * 30000)
        s.send(1, b"220 " + name + rng.choice((b" ESMTP Postfix\r\n", b" ESMTP ready\r\n", b" Microsoft ESMTP MAIL Service ready\r\n")))
        if helo:
            s.send(0, b"HELO client.example\r\n")
            s.send(1, b"250 " + name + b"\r\n")
            return
        s.send(0, b"EHLO c%d.client.example\r\n" % (s.ports[0] % 997))
        exts = [b"XXXXXXXA" if mask and e == hidden else e for e in EHLOS[s.server % len(EHLOS)] if offered or mask or e != b"STARTTLS"]
        lines = [name + b" Hello", *exts]
        s.send(1, b"".join(b"250-" + x + b"\r\n" for x in lines[:-1]) + b"250 " + lines[-1] + b"\r\n")

    def lookalike(self, s):
        """An EHLO reply with a real offer whose 8BITMIME is masked; each server has both words, in either order."""
        self.greet(s, True, mask=True, hidden=b"8BITMIME")

    def login(self, s):
        """AUTH LOGIN whose user name and password are eight X's in base64's letters."""
        s.send(0, b"AUTH LOGIN\r\n")
        for challenge in (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"):
            s.send(1, challenge)
            s.send(0, b"XXXXXXXX\r\n")
        s.send(1, b"235 2.7.0 Authentication successful\r\n")

    def mail_clear(self, s, first=b""):
        rng, i = self.rng, int(self.rng.random() * 256)
        mail = b"MAIL FROM:<bounce-%d@client.example> SIZE=%d\r\n" % (s.ports[0], self.pools.sizes[i])
        rcpt = b"RCPT TO:<user%d@mail.example>\r\n" % (s.ports[0] % 101)
        x = rng.random()
        if x < 0.5:
            s.send(0, mail + rcpt + b"DATA\r\n")
            s.send(1, b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n")
        else:
            for line, reply in ((mail, b"250 2.1.0 Ok\r\n"), (rcpt, b"250 2.1.5 Ok\r\n")):
                s.send(0, line)
                s.send(1, reply)
            if x > 0.9:  # BDAT: the size is announced, nothing is answered before it
                body = self.pools.body(i, 0, s.mss)
                s.send(0, b"BDAT %d LAST\r\n" % (len(first) + sum(len(p) for p, _ in body)))
            else:
                s.send(0, b"DATA\r\n")
                s.send(1, b"354 Start mail input; end with <CRLF>.<CRLF>\r\n")
        if first:
            s.send(0, first)
        s.bulk(0, self.pools.body(i, 0, s.mss))
        s.send(1, b"250 2.0.0 Ok: queued as %012X\r\n" % rng.getrandbits(48))
        s.send(0, b"QUIT\r\n")
        s.send(1, b"221 2.0.0 Bye\r\n")
        s.close(1)

    def secret(self, s, d, size, version):
        s.send(d, record(23, self.rng.randbytes(size), version))

    def mail_tls(self, s, version, implicit=False):
        legacy = 0x0301 if version == 0x0301 else 0x0303
        if implicit:
            self.secret(s, 1, 60, legacy)
        self.secret(s, 0, 50, legacy)
        self.secret(s, 1, 210, legacy)
        for size in (70, 60, 30):
            self.secret(s, 0, size, legacy)
            self.secret(s, 1, 40, legacy)
        s.bulk(0, self.pools.body(int(self.rng.random() * 256), legacy, s.mss))
        self.secret(s, 1, 64, legacy)
        self.secret(s, 0, 30, legacy)
        self.secret(s, 1, 39, legacy)
        s.send(0, record(21, self.rng.randbytes(26), legacy))
        s.close(0)

    def tls(self, s, version, cipher, alert=None):
        """A TLS handshake; returns what of it the truth file says."""
        rng = self.rng
        sni = SERVERS[s.server] if rng.random() < 0.85 else None
        legacy = 0x0301 if version == 0x0301 else 0x0303
        truth = {
            "tls_version": {0x0301: "TLS 1.0", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}[version],
            "cipher": CIPHERS[cipher],
            "sni": sni and sni.decode(),
            "certificate": None,
        }
        s.send(0, client_hello(rng, sni, version))
        if alert == "server":  # no common parameters: the server answers the hello with handshake_failure
            s.send(1, record(21, b"\x02\x28", legacy))
            s.close(1)
            return {**truth, "tls_version": None, "cipher": None, "alert": 40}
        ccs = record(20, b"\x01", legacy)
        if version == 0x0304:
            flight = record(22, server_hello(rng, version, cipher, rng.randbytes(32))) + ccs
            for size in (32, 1500, 286, 69):
                flight += record(23, rng.randbytes(size))
            s.send(1, flight)
            if alert:
                s.send(0, ccs + record(21, b"\x02\x30"))
                s.close(0)
                return {**truth, "alert": 48}
            s.send(0, ccs + record(23, rng.randbytes(69)))
            return truth
        if rng.random() < 0.06 and not alert:  # an abbreviated handshake, no certificate in it
            s.send(
                1, record(22, server_hello(rng, version, cipher, rng.randbytes(32)), legacy) + ccs + record(22, rng.randbytes(40), legacy)
            )
            s.send(0, ccs + record(22, rng.randbytes(40), legacy))
            return {**truth, "resumed": True}
        cert = self.certs[s.server]
        truth["certificate"] = SERVERS[s.server].decode()
        parts = [server_hello(rng, version, cipher), handshake(11, v24(v24(cert)))]
        if cipher >> 8 == 0xC0:
            sig = b"\x04\x01" + v16(rng.randbytes(256))
            parts.append(handshake(12, b"\x03\x00\x1d" + v8(rng.randbytes(32)) + sig))
        parts.append(handshake(14, b""))
        if rng.random() < 0.5:  # all messages in one record, or each in its own
            s.send(1, record(22, b"".join(parts), legacy))
        else:
            s.send(1, b"".join(record(22, p, legacy) for p in parts))
        if alert:
            s.send(0, record(21, b"\x02\x2a", legacy))
            s.close(0)
            return {**truth, "alert": 42}
        key = v8(rng.randbytes(32)) if cipher >> 8 == 0xC0 else v16(rng.randbytes(256))
        s.send(0, record(22, handshake(16, key), legacy) + ccs + record(22, rng.randbytes(40), legacy))
        s.send(1, ccs + record(22, rng.randbytes(40), legacy))
        return truth

    def pick(self, version):
        return self.rng.choice(
            {
                0x0304: (0x1301, 0x1302, 0x1302, 0x1303),
                0x0303: (0xC030, 0xC030, 0xC02F, 0xC028, 0x0035),
                0x0301: (0x0005, 0x0005, 0x000A, 0x002F),
            }[version]
        )

    def session(self, kind, start):
        rng = self.rng
        s = Session(self, start, 465 if kind == "implicit-tls" else 25)
        if kind == "implicit-tls":
            version = rng.choice((0x0303, 0x0304))
            s.open()
            truth = self.tls(s, version, self.pick(version))
            self.mail_tls(s, version, implicit=True)
            s.finish(kind, **truth)
        elif kind.startswith("starttls"):
            version = {"starttls-tls12": 0x0303, "starttls-tls13": 0x0304, "starttls-tls10": 0x0301}[kind]
            self.greet(s, True)
            self.starttls(s)
            truth = self.tls(s, version, self.pick(version))
            self.mail_tls(s, version)
            s.finish(kind, **truth)
        elif kind == "lookalike-tls":
            self.lookalike(s)
            self.starttls(s)
            truth = self.tls(s, 0x0303, self.pick(0x0303))
            self.mail_tls(s, 0x0303)
            s.finish(kind, **truth)
        elif kind == "lookalike-clear":
            self.lookalike(s)
            if rng.random() < 0.5:
                self.login(s)
            self.mail_clear(s, b"X-Spam: XXXXXXXX\r\nXXXXXXXX\r\n250-XXXXXXXX\r\nXXXXXXXX\r\n")
            s.finish(kind)
        elif kind == "alert-fallback":
            version = rng.choice((0x0303, 0x0303, 0x0304, 0x0301))
            self.greet(s, True)
            self.starttls(s)
            truth = self.tls(s, version, self.pick(version), alert=rng.choice(("client", "server")))
            s.finish("handshake-alert", **truth)
            again = Session(self, s.t + 500000 + int(rng.random() * 5e6), 25, peer=s)
            self.greet(again, True)
            self.mail_clear(again)
            again.finish("cleartext-after-alert", reconnect_of=s.ports[0])
        else:
            offered = kind not in ("cleartext-not-offered", "masked-offer")
            helo = kind == "cleartext-not-offered" and rng.random() < 0.2
            self.greet(s, offered, mask=kind == "masked-offer", helo=helo)
            if kind == "masked-command":
                s.send(0, b"XXXXXXXX\r\n")
                s.send(1, rng.choice((b"500 5.5.1 Command unrecognized: XXXXXXXX\r\n", b"502 5.5.2 Error: command not recognized\r\n")))
            elif kind == "refused":
                s.send(0, b"STARTTLS\r\n")
                s.send(1, b"454 4.7.0 TLS not available due to local problem\r\n")
            self.mail_clear(s)
            s.finish(kind)

    def starttls(self, s):
        s.send(0, self.rng.choice((b"STARTTLS\r\n",) * 9 + (b"starttls\r\n",)))
        s.send(1, self.rng.choice((b"220 2.0.0 Ready to start TLS\r\n", b"220 2.0.0 SMTP server ready\r\n", b"220 TLS go ahead\r\n")))

    def make_other(self):
        """Frames of other traffic: DNS, NTP, ARP, ICMP and TCP segments to ports that are not mail."""
        rng, frames = self.rng, []
        eth = b"\x02\0\0\0\0\x09\x02\0\0\0\0\x08"
        for n in range(512):
            x = rng.random()
            a, b = bytes((10, 0, rng.randrange(4), rng.randrange(1, 255))), bytes((192, 0, 2, 200 + n % 50))
            base = sum16(a) + sum16(b)
            if x < 0.03:
                frames.append(eth + b"\x08\x06" + bytes.fromhex("0001080006040001") + eth[6:] + a + bytes(6) + b + bytes(18))
                continue
            if x < 0.4:
                data = rng.randbytes(2) + bytes.fromhex("01000001000000000000") + b"\x04mail\x07example\0\0\x0f\0\x01"
                proto, l4 = 17, struct.pack(">HHHH", 1024 + n, 53, 8 + len(data), 0) + data
            elif x < 0.45:
                proto, l4 = 17, struct.pack(">HHHH", 123, 123, 56, 0) + b"\x23" + bytes(47)
            elif x < 0.5:
                data = b"\x08\0\0\0" + rng.randbytes(4) + bytes(48)
                proto, l4 = 1, data[:2] + struct.pack(">H", 65535 - sum16(data)) + data[4:]
            else:
                data = record(23, rng.randbytes(rng.choice((20, 40, 300, 1430))))
                head = TCP(443, 1024 + n * 7, rng.getrandbits(32), rng.getrandbits(32), 0x5018, 501, 0, 0)
                csum = 65535 - (base + 6 + 20 + len(data) + sum16(head) + sum16(data)) % 65535
                proto, l4 = 6, head[:16] + struct.pack(">HH", csum, 0) + data
            total = 20 + len(l4)
            ipsum = 65535 - (base + 0x4500 + total + n + 0x4000 + 0x4000 + proto) % 65535
            frames.append(eth + b"\x08\x00" + struct.pack(">HHHHHH", 0x4500, total, n, 0x4000, 0x4000 | proto, ipsum) + a + b + l4)
        return [f + bytes(max(0, 60 - len(f))) for f in frames]

    def batches(self):
        """Frames in time order, some sessions at a time, so that memory does not grow with the capture."""
        opt, rng = self.opt, self.rng
        kinds, weights = zip(*opt.mix.items(), strict=True)
        start, made, step = opt.start * 1000000, 0, 1e6 / opt.rate
        while made < opt.sessions:
            count = min(2000, opt.sessions - made)
            before = len(self.pending)
            begin = start
            for kind in rng.choices(kinds, weights, k=count):
                start += int(rng.expovariate(1) * step) + 1
                self.session(kind, start)
            extra = int((len(self.pending) - before) * opt.other / (1 - opt.other))
            span = start - begin
            self.pending += [(begin + int(rng.random() * span), f) for f in rng.choices(self.other, k=extra)]
            made += count
            self.pending.sort(key=lambda p: p[0])
            cut = start if made < opt.sessions else math.inf
            keep = next((i for i, p in enumerate(self.pending) if p[0] >= cut), len(self.pending))
            out, self.pending = self.pending[:keep], self.pending[keep:]
            lines, self.truth = self.truth, []
            yield out, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="the .pcap to write; the truth goes to OUT.truth.ndjson")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--body-bytes", type=int, default=30000, help="mean message size (log-normal)")
    parser.add_argument("--rate", type=float, default=50, help="sessions started a second (sets the overlap)")
    parser.add_argument("--nasty", type=float, default=0.05, help="share of sessions with repeats, reordering, tiny segments")
    parser.add_argument("--ipv6", type=float, default=0.2)
    parser.add_argument("--vlan", type=float, default=0.1)
    parser.add_argument("--other", type=float, default=0.1, help="share of packets that are other traffic")
    parser.add_argument("--snaplen", type=int, default=262144)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=1796083200, help="epoch seconds (after the certificate's notBefore)")
    parser.add_argument("--pcapng", action="store_true", help="write a .pcapng as well")
    parser.add_argument("--mix", default="", help="weights, kind=number,...; kinds: " + " ".join(KINDS))
    opt = parser.parse_args()
    given = dict(part.split("=") for part in opt.mix.split(",") if part)
    opt.mix = {k: float(given.get(k, 0 if given else w)) for k, w in KINDS.items()}
    stem = opt.out.removesuffix(".pcap")
    began, packets, size, sessions = time.time(), 0, 0, 0
    ng = open(stem + ".pcapng", "wb") if opt.pcapng else None
    with open(stem + ".pcap", "wb") as out, open(stem + ".truth.ndjson", "w") as truth:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, opt.snaplen, 1))
        if ng:
            ng.write(
                struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, opt.snaplen, 20)
            )
        for frames, lines in Generator(opt).batches():
            chunk = b"".join([REC(t // 1000000, t % 1000000, min(len(f), opt.snaplen), len(f)) + f[: opt.snaplen] for t, f in frames])
            out.write(chunk)
            if ng:
                for t, f in frames:
                    cut = f[: opt.snaplen]
                    total = 32 + (len(cut) + 3 & ~3)
                    ng.write(
                        struct.pack("<IIIIIII", 6, total, 0, t >> 32, t & 0xFFFFFFFF, len(cut), len(f))
                        + cut
                        + bytes(-len(cut) & 3)
                        + struct.pack("<I", total)
                    )
            truth.writelines(json.dumps(line) + "\n" for line in lines)
            packets, size, sessions = packets + len(frames), size + len(chunk), sessions + len(lines)
    if ng:
        ng.close()
    print(f"{sessions} sessions, {packets} packets, {size / 2**20:.0f} MiB in {time.time() - began:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
