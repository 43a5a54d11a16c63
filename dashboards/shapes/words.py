"""What the stable words of the schema mean to people: titles and one-sentence meanings."""

from __future__ import annotations

from typing import Literal, NamedTuple

Tone = Literal["stripped", "tls", "clear", "failed", "quiet"]
"""How a word looks. ``stripped`` is the only red one."""


class Word(NamedTuple):
    """A word of the schema, for people."""

    title: str
    meaning: str
    tone: Tone = "quiet"


VERDICTS: dict[str, Word] = {
    "tls": Word("TLS", "STARTTLS asked for, accepted, handshake completed.", "tls"),
    "implicit_tls": Word("Implicit TLS", "TLS from the first byte.", "tls"),
    "cleartext_offered": Word(
        "Clear, though offered",
        "The server offered STARTTLS and the client never asked: its own choice, or an offer that never reached it.",
        "clear",
    ),
    "cleartext_not_offered": Word("Clear, not offered", "The server did not offer STARTTLS.", "clear"),
    "stripped_offer": Word("Offer stripped", "A mask stands where the server's STARTTLS offer was.", "stripped"),
    "stripped_command": Word("Command stripped", "The client's STARTTLS is masked on the wire.", "stripped"),
    "starttls_refused": Word("STARTTLS refused", "A well-formed STARTTLS was asked for, and the answer was no.", "failed"),
    "tls_failed": Word("TLS failed", "STARTTLS accepted, then no completed handshake.", "failed"),
    "incomplete": Word("Incomplete", "What decides was not captured: counts neither for nor against."),
}

RULES: dict[str, Word] = {
    "starttls_stripped": Word("STARTTLS stripped", "Masked offers or commands on the wire.", "stripped"),
    "offer_removed": Word("Offer removed", "A server known to offer STARTTLS does not offer it on this path.", "stripped"),
    "starttls_refused": Word("STARTTLS refused", "A server known to accept STARTTLS refuses it on this path.", "stripped"),
    "starttls_not_requested": Word(
        "STARTTLS no longer asked for", "A client that used to ask for STARTTLS does not any more, though it is offered.", "stripped"
    ),
    "cleartext_after_failure": Word("Clear after a failed handshake", "A failed handshake, then mail in clear between the same hosts."),
    "tlsrpt_failures": Word("TLS failures reported", "Senders report more TLS failures than is usual for them."),
    "policy_violated": Word("Policy violated", "Clear or unverified TLS to a domain whose policy demands better."),
    "certificate_changed": Word("Certificate changed", "A server's certificate changed to one that does not fit."),
    "mx_spoofed": Word("MX spoofed", "Two answers of DNS about a server contradict each other: one was forged."),
    "credentials_in_clear": Word("Credentials in clear", "AUTH before TLS."),
    "weak_tls": Word("Weak TLS", "Old versions or suites."),
    "spoofing": Word("Spoofing", "Unaligned mail in our name above its usual volume."),
}

CERTIFICATE_RULES = frozenset({"certificate_changed", "policy_violated"})
"""Rules whose sessions show it by their certificate."""

PROVENANCE: dict[str, Word] = {
    "verified": Word("Verified", "Mailed with a valid DKIM signature of the reporting domain."),
    "unsigned": Word("Unsigned", "Mailed without a signature: kept, and left out of the figures (RFC 8460 §3)."),
    "failed": Word("Signature failed", "Mailed with a signature that does not hold: kept, and left out of the figures."),
    "posted": Word("Posted", "Came by HTTPS: nothing proves who sent it, its origin is shown."),
    "imported": Word("Imported", "Read from a file by someone with access to this machine."),
}

LEFT_OUT: dict[str, str] = {
    "unsigned": PROVENANCE["unsigned"].meaning,
    "failed": PROVENANCE["failed"].meaning,
    "posted": "Reports that are posted do not count here (a setting).",
    "imported": "Reports that are imported do not count here (a setting).",
    "verified": "Reports that are mailed and signed do not count here (a setting).",
    "undecided": "The signature's key could not be asked for: it is judged again as soon as the DNS answers.",
    "foreign_domain": "It is about a domain that is not ours.",
    "conflict": "Another report has the same identity and other content, and that one counts.",
    "duplicate": "The same report is stored under its own identity by now.",
}
"""Why a report does not count."""

SIGNATURES: dict[str, str] = {
    "valid": "A DKIM signature of the sender's organisation holds.",
    "spf_pass": "The sending host is one that the sender's organisation names (SPF).",
    "no_signature": "It carries no DKIM signature.",
    "dns_failure": "The DNS did not answer.",
    "unaligned": "Signed by another organisation than the one in From.",
    "body_changed": "The body is not the one that was signed.",
    "signature_mismatch": "The signature does not fit headers and key.",
    "body_length": "The signature covers a part of the body only (l=), which RFC 8460 forbids.",
    "weak_hash": "Signed with SHA-1 or an unknown algorithm.",
    "expired": "The signature had expired when the mail arrived.",
    "from_the_future": "Signed later than it arrived.",
    "from_unsigned": "The signature does not cover From.",
    "malformed_signature": "The signature cannot be read.",
    "identity_of_subdomain": "The key forbids identities of subdomains.",
    "too_many_lookups": "It asked for too many names.",
    "key_missing": "The domain publishes no such key.",
    "key_revoked": "The domain has taken the key back.",
    "key_testing": "The key is marked as a test, which counts as no signature.",
    "key_service": "The key is for another kind of mail.",
    "key_kind": "The key is of another kind than the signature.",
    "key_weak": "The key is too short, or is for SHA-1 only.",
    "key_unreadable": "The key cannot be used.",
    "contact_unaligned": "The report's contact belongs to another organisation than the signature.",
    "submitter_unaligned": "The header TLS-Report-Submitter names another organisation than the signature.",
    "from_unusable": "From does not hold one address.",
    "no_from": "It has no From.",
    "repeated_header": "A header that may stand once stands more than once.",
    "bare_carriage_return": "Its headers hold line ends that mail programs read differently.",
    "bad_header_line": "Its headers hold a line that is no header.",
    "headers_without_end": "Its headers do not end.",
    "too_many_headers": "It has too many headers.",
    "not_a_mail": "Its bytes are no mail.",
}
"""What a report mail's signatures showed."""

KINDS: dict[str, Word] = {
    "tlsrpt": Word("TLS report", "SMTP TLS report (RFC 8460): how many sessions to us succeeded and failed."),
    "dmarc": Word("DMARC report", "DMARC aggregate report (RFC 9990): who sends in our name, and whether it aligns."),
    "failure": Word("DMARC failure report", "One message that failed DMARC (RFC 9991)."),
}

AGREEMENT: dict[str, Word] = {
    "wire_and_reports": Word("Wire and reports agree", "Our tap saw it, and senders report it: two independent witnesses."),
    "wire_only": Word("Seen on the wire only", "Our tap saw it. No report speaks of it: the senders may not send any."),
    "reports_only": Word("Reported only", "Senders report it, and our tap shows no sign of it."),
}
OUT_OF_SIGHT = Word("Reported only", "Receivers report it (DMARC): such mail goes from its sender to others and passes no tap of ours.")
"""The agreement of what a tap could never show."""

ABBREVIATIONS = frozenset({"isp", "ngo", "mx", "cdn", "vpn"})
SEVERITIES = ("critical", "high", "medium", "low")
STATES: dict[str, str] = {"open": "Open", "acknowledged": "Acknowledged", "closed": "Closed"}

RESULTS: dict[str, str] = {
    "starttls-not-supported": "The sender saw no STARTTLS offer: what stripping looks like from the other side.",
    "certificate-host-mismatch": "The certificate does not name the MX.",
    "certificate-expired": "The certificate had expired.",
    "certificate-not-trusted": "No trusted issuer.",
    "validation-failure": "The handshake failed for another reason.",
    "tlsa-invalid": "The TLSA record is unusable.",
    "dnssec-invalid": "DNSSEC validation failed.",
    "dane-required": "DANE was required and is not there.",
    "sts-policy-fetch-error": "The MTA-STS policy could not be fetched.",
    "sts-policy-invalid": "The MTA-STS policy is invalid.",
    "sts-webpki-invalid": "The MTA-STS policy host's certificate is not trusted.",
}


def verdict(word: str | None) -> Word:
    return VERDICTS.get(word or "", Word(plain(word), ""))


def rule(word: str | None) -> Word:
    return RULES.get(word or "", Word(plain(word), ""))


def plain(word: object) -> str:
    """A stable word as text: ``no_such_word`` → "No such word"."""
    text = str(word or "unknown")
    if text in ABBREVIATIONS:
        return text.upper()
    text = text.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]
