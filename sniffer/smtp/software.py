"""Server software as its greeting names it."""

from __future__ import annotations

import re
from functools import lru_cache

_MARKS: tuple[tuple[str, str], ...] = (
    ("Postfix", r"\bpostfix\b"),
    ("Exim", r"\bexim\b"),
    ("Exchange", r"microsoft esmtp mail service|microsoft exchange|\.outlook\.com|protection\.outlook"),
    ("Microsoft SMTP", r"microsoft smtp"),
    ("Gmail", r"\bgsmtp\b|\bgimap ready\b|\bgpop ready\b"),
    ("Sendmail", r"\bsendmail\b"),
    ("OpenSMTPD", r"opensmtpd"),
    ("qmail", r"\bqmail\b|\bnetqmail\b"),
    ("Courier", r"\bcourier\b"),
    ("MailEnable", r"mailenable"),
    ("MDaemon", r"mdaemon"),
    ("Haraka", r"haraka"),
    ("Kerio Connect", r"kerio"),
    ("hMailServer", r"hmailserver"),
    ("Lotus Domino", r"lotus domino|hcl domino|ibm domino"),
    ("IceWarp", r"icewarp|merak"),
    ("Zimbra", r"zimbra"),
    ("PowerMTA", r"powermta"),
    ("Momentum", r"\becelerity\b|\bmomentum\b"),
    ("Halon", r"\bhalon\b"),
    ("Stalwart", r"stalwart"),
    ("Maddy", r"\bmaddy\b"),
    ("Mox", r"\bmox\b"),
    ("Chasquid", r"chasquid"),
    ("CommuniGate", r"communigate"),
    ("SmarterMail", r"smartermail"),
    ("Proofpoint", r"proofpoint|pphosted"),
    ("Barracuda", r"barracuda"),
    ("Mimecast", r"mimecast"),
    ("Cisco", r"\bironport\b|\biphmx\b|cisco secure email"),
    ("Sophos", r"sophos"),
    ("Trend Micro", r"trend ?micro|\bimss\b|interscan"),
    ("Dovecot", r"dovecot"),
    ("Cyrus", r"\bcyrus\b"),
    ("Yahoo", r"\byahoo(?:dns)?\.(?:com|net)\b"),
    ("aiosmtpd", r"python smtp \d"),
    ("James", r"\bjames\b.*(?:smtp|apache)|apache james"),
    ("MercuryMail", r"mercury/32|mercurys?\b.*smtp"),
    ("GroupWise", r"groupwise"),
    ("SurgeMail", r"surgemail|surgesmtp"),
    ("ArGoSoft", r"argosoft"),
)
_PATTERN = re.compile("|".join(f"(?P<s{place}>{pattern})" for place, (_, pattern) in enumerate(_MARKS)), re.IGNORECASE)


@lru_cache(8192)
def software_of(banner: str) -> str | None:
    """The first software whose mark stands in the greeting; None when none does."""
    found = _PATTERN.search(banner)
    return _MARKS[int(found.lastgroup[1:])][0] if found and found.lastgroup else None


_HOST = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)+\.?")


@lru_cache(8192)
def host_of(banner: str) -> str | None:
    """The host name at the start of a greeting (RFC 5321 section 4.2: "220" Domain), when it is one."""
    word = banner[4:].split(None, 1)[0] if len(banner) > 4 and banner[4:].strip() else ""
    return word.rstrip(".").lower() if _HOST.fullmatch(word) else None
