"""Protocols of lines that greet with a code as SMTP does, and may stand on a mail port: FTP (RFC 959), NNTP (RFC 3977)."""

from __future__ import annotations

import re

from sniffer.stream import Connection

_SCAN = 4096
_SAYS_SMTP = re.compile(rb"(?i)\b[el]?smtp\b")
_MAIL = re.compile(rb"(?im)^[ \t]*(?:(?:EHLO|HELO|LHLO)\b|MAIL FROM:|RCPT TO:|STARTTLS[ \t]*\r?$)")
_SAYS_FTP = re.compile(rb"(?i)\b(?:ftp (?:server|service)|(?:pro|pure-|vs|wu-|bf)ftpd|filezilla|ftp\.[a-z0-9.-]+ ftp)\b")
_OTHER = re.compile(
    rb"(?i)[ \t]*(?:USER|PASS|ACCT|FEAT|SYST|OPTS|PASV|EPSV|PORT|EPRT|CWD|PWD|TYPE|LIST|NLST|CLNT|PBSZ|PROT|AUTH (?:TLS|SSL)"
    rb"|CAPABILITIES|MODE READER|GROUP|NEWGROUPS|AUTHINFO|XOVER|ARTICLE)(?:[ \t]|\r?\n)"
)


def is_lookalike(connection: Connection) -> bool:
    """True when a server that greets like SMTP is surely none: it does not say so, and the client, which says nothing that
    only SMTP has, begins in another protocol, or the greeting names FTP."""
    client, greeting = connection.client.data[:_SCAN], connection.server.data[:512]
    if _SAYS_SMTP.search(greeting) or _MAIL.search(client):
        return False
    return _OTHER.match(client) is not None or _SAYS_FTP.search(greeting) is not None
