"""Every target by its name."""

from __future__ import annotations

from tests.fuzz.captures import FRAMES, PCAP, PCAPNG
from tests.fuzz.logs import EVE, ZEEK
from tests.fuzz.names import DNS
from tests.fuzz.reports import DMARC, MAIL, TLSRPT, UNPACK
from tests.fuzz.sessions import IMAP, POP3, SMTP, TLS
from tests.fuzz.spools import SPOOL
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (FRAMES, PCAP, PCAPNG, DNS, SMTP, TLS, POP3, IMAP, ZEEK, EVE, DMARC, TLSRPT, MAIL, UNPACK, SPOOL)
}
