"""The one schema table: every dataset and field that a store holds, with its type and meaning.

DuckDB's columns, Elasticsearch's templates, the query language's vocabulary, the pages' labels and Kibana's data
views are all made from it, so they cannot drift. Names are ECS where ECS has one; ``smtp.*``, ``dmarc.*`` and
``tlsrpt.*`` carry the RFCs' own words; ``far_end.*`` is the side of a session or report that is not ours
(source when inbound, destination when outbound, the client otherwise; ``sending-mta-ip`` for TLS-RPT,
``source_ip`` for DMARC).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["keyword", "keywords", "ip", "integer", "number", "boolean", "date", "json"]
"""``keywords`` is a list of keywords: it can be filtered (any element matches) but not grouped by. ``json`` is kept
and given back as it was, and can be neither filtered nor grouped."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``label`` is what a page's table heading says; ``meaning`` is one sentence for the docs."""

    name: str
    type: FieldType
    meaning: str
    label: str = ""

    @property
    def title(self) -> str:
        return self.label or self.name.rsplit(".", 1)[-1].replace("_", " ")


@dataclass(frozen=True, slots=True)
class Dataset:
    """One kind of document. Every document also has ``@timestamp`` (its own time, never the arrival's)."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    mutable: bool = False
    """True where documents are replaced (incidents); everything else is written once."""

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError when the dataset has none."""
        return _BY_NAME[self.name][name]

    def has(self, name: str) -> bool:
        return name in _BY_NAME[self.name]


def _f(type_: FieldType, name: str, meaning: str, label: str = "") -> Field:
    return Field(name, type_, meaning, label)


def _end(prefix: str, who: str, label: str) -> tuple[Field, ...]:
    return (
        _f("keyword", f"{prefix}.geo.country_iso_code", f"Country of {who}, ISO 3166-1 alpha-2.", f"{label} country"),
        _f("integer", f"{prefix}.as.number", f"AS number that announces {who}.", f"{label} AS"),
        _f("keyword", f"{prefix}.as.organization.name", "Operator of that AS.", f"{label} operator"),
    )


_TIME = _f("date", "@timestamp", "The document's own time: a session's first packet, a report's begin.", "time")

_FAR_END = (
    _f("ip", "far_end.ip", "Address of the far end: the side that is not ours.", "far end"),
    *_end("far_end", "the far end", "far"),
    _f("keyword", "far_end.as.kind", "Kind of organisation that owns the far end's AS, when the data says.", "AS kind"),
    _f("keyword", "far_end.network", "The far end's /24 (IPv4) or /48 (IPv6).", "network"),
)

_ORIGIN = (
    _f("keyword", "tenant", "Organisation that the row belongs to, by configuration.", "tenant"),
    _f("keyword", "spool.id", "The spool record that brought it.", "spool record"),
    _f("date", "event.ingested", "When it was first written to a store.", "ingested"),
)

SESSIONS = Dataset(
    "sessions",
    "One document a mail session seen on the wire.",
    (
        _TIME,
        _f("keyword", "event.dataset", "smtp.session, pop3.session or imap.session.", "dataset"),
        _f("integer", "event.duration", "Nanoseconds from the first packet to the last.", "duration"),
        _f("ip", "source.ip", "The client.", "client"),
        _f("integer", "source.port", "The client's port.", "client port"),
        _f("integer", "source.bytes", "TCP payload bytes sent by the client.", "client bytes"),
        _f("integer", "source.packets", "Packets sent by the client.", "client packets"),
        *_end("source", "the client", "client"),
        _f("ip", "destination.ip", "The server.", "server"),
        _f("integer", "destination.port", "The server's port.", "server port"),
        _f("integer", "destination.bytes", "TCP payload bytes sent by the server.", "server bytes"),
        _f("integer", "destination.packets", "Packets sent by the server.", "server packets"),
        *_end("destination", "the server", "server"),
        _f(
            "keyword",
            "destination.domain",
            "The server's MX host, by the DNS answers on the tap.",
            "server name",
        ),
        _f("keyword", "network.community_id", "Community ID v1 of the flow: joins views of it by several tools.", "community id"),
        _f("integer", "network.vlan.id", "VLAN tag: the outer one of two, the one in a tunnel where none is outside.", "VLAN"),
        _f("keyword", "network.direction", "inbound, outbound or external, by the networks that configuration calls ours.", "direction"),
        _f("keyword", "network.path", "Observer, interface and VLAN, source AS → destination: the way the session took.", "path"),
        _f("keyword", "observer.name", "The sensor that saw it.", "observer"),
        _f("keyword", "observer.ingress.interface.name", "The interface or capture file's interface it was seen on.", "interface"),
        _f("keyword", "smtp.verdict", "One word for the session: see the table of verdicts.", "verdict"),
        _f("keywords", "smtp.evidence_words", "The words of smtp.evidence, for filtering.", "evidence"),
        _f("json", "smtp.evidence", "What shows the verdict: {word, side, text, at} each."),
        _f("json", "smtp.dialogue", "Commands and replies before TLS or DATA: {at, side, text} each."),
        _f("keyword", "smtp.software", "The server's software, when its banner says.", "software"),
        _f("keyword", "smtp.banner", "The server's greeting.", "banner"),
        _f("keyword", "smtp.helo", "The name the client gave.", "helo"),
        _f("boolean", "smtp.ehlo", "An EHLO got a 2xx reply; of POP3 and IMAP: the capabilities were listed before the login.", "EHLO"),
        _f(
            "boolean",
            "smtp.starttls.offered",
            "STARTTLS stood in the reply to EHLO, or STLS, STARTTLS among the capabilities; absent when not observable.",
            "offered",
        ),
        _f("boolean", "smtp.starttls.requested", "The client asked for STARTTLS; absent when its side was not captured.", "requested"),
        _f("integer", "smtp.starttls.reply_code", "Reply to the last STARTTLS.", "reply"),
        _f("boolean", "smtp.auth.offered_in_clear", "AUTH was offered before TLS.", "AUTH offered in clear"),
        _f("boolean", "smtp.auth.used_in_clear", "AUTH was used before TLS.", "AUTH used in clear"),
        _f("boolean", "smtp.mail_in_clear", "A message went over in clear.", "mail in clear"),
        _f(
            "keywords",
            "smtp.mx.domain",
            "Mail domains whose MX it is, by the DNS answers on the tap (ours).",
            "mail domains",
        ),
        _f("boolean", "smtp.mx.dane", "The MX host has TLSA records; absent when nobody asked for them on the tap.", "DANE"),
        _f("boolean", "smtp.mx.tlsrpt", "A mail domain has a TLS-RPT record; absent when nobody asked.", "TLS-RPT record"),
        _f("boolean", "smtp.mx.mta_sts", "A mail domain has an MTA-STS record; absent when nobody asked.", "MTA-STS record"),
        _f("boolean", "tls.established", "The handshake completed as far as can be seen; absent when TLS was not tried.", "TLS"),
        _f("keyword", "tls.version", "1.0, 1.1, 1.2 or 1.3 (SSL: 3.0).", "TLS version"),
        _f("keyword", "tls.version_protocol", "tls or ssl.", "protocol"),
        _f("keyword", "tls.cipher", "IANA name of the suite.", "cipher suite"),
        _f("keyword", "tls.key_exchange", "Key exchange taken from the suite or the handshake (ECDHE, DHE, RSA …).", "key exchange"),
        _f("keyword", "tls.encryption", "Cipher part of the suite.", "encryption"),
        _f("keyword", "tls.mac", "MAC or AEAD part of the suite.", "MAC"),
        _f("boolean", "tls.forward_secrecy", "The key exchange keeps past sessions safe.", "forward secrecy"),
        _f("keyword", "tls.curve", "Group of the key exchange.", "curve"),
        _f("boolean", "tls.resumed", "The handshake was abbreviated.", "resumed"),
        _f("keyword", "tls.next_protocol", "ALPN chosen, when visible.", "ALPN"),
        _f("keyword", "tls.client.server_name", "SNI.", "SNI"),
        _f("keyword", "tls.client.ja3", "JA3 of the ClientHello.", "JA3"),
        _f("keyword", "tls.client.ja4", "JA4 of the ClientHello (not in ECS).", "JA4"),
        _f("keyword", "tls.server.subject", "Subject of the server's certificate.", "subject"),
        _f("keyword", "tls.server.issuer", "Its issuer.", "issuer"),
        _f("date", "tls.server.not_before", "Start of its validity.", "valid from"),
        _f("date", "tls.server.not_after", "End of its validity.", "valid until"),
        _f("keyword", "tls.server.hash.sha256", "SHA-256 of the certificate, upper-case hex.", "certificate"),
        _f("keywords", "tls.server.x509.alternative_names", "Its subject alternative names.", "names"),
        _f("keyword", "tls.server.x509.public_key_algorithm", "Its key's algorithm.", "key"),
        _f("integer", "tls.server.x509.public_key_size", "Its key's size in bits.", "key bits"),
        _f(
            "keyword",
            "tls.certificate.trust",
            "trusted, self_signed, expired, unknown_issuer, invalid, not_observable, not_checked.",
            "trust",
        ),
        _f("keyword", "tls.certificate.match", "mx, domain, neither, unknown, not_observable.", "match"),
        *_FAR_END,
        *_ORIGIN,
    ),
)

_REPORT = (
    _f("keyword", "report.uid", "Identity of the report's document.", "report"),
    _f("keyword", "organization.name", "Organisation that made the report.", "reporter"),
    _f("keyword", "report.id", "The report id that the reporter gave.", "report id"),
    _f("keyword", "policy.domain", "Domain that the report is about.", "domain"),
    _f("date", "report.begin", "Start of the time that the report covers.", "begin"),
    _f("date", "report.end", "End of it.", "end"),
    _f("keyword", "provenance", "verified, unsigned, failed, posted or imported.", "provenance"),
    _f("boolean", "counted", "True when the report counts in the figures (provenance is enough and it is no conflict).", "counted"),
    _f("keyword", "left_out", "Why it does not count: unsigned, failed, undecided, conflict, foreign_domain.", "left out"),
)

REPORTS = Dataset(
    "reports",
    "One document a report, written after its rows: it marks the report complete.",
    (
        _TIME,
        *_REPORT,
        _f("keyword", "report.identity", "Identity that it claims: versions in conflict share it.", "identity"),
        _f("keyword", "report.kind", "dmarc, tlsrpt or failure.", "kind"),
        _f("integer", "report.records", "Records (DMARC) or policies (TLS-RPT) in it.", "records"),
        _f("integer", "report.messages", "Messages (DMARC) or sessions (TLS-RPT) it speaks of.", "messages"),
        _f("integer", "report.failures", "Unaligned messages, or failed sessions.", "failures"),
        _f("keywords", "report.warnings", "What was repaired or left out when reading it.", "warnings"),
        _f("keyword", "report.contact", "The reporter's contact.", "contact"),
        _f("keyword", "report.extra_contact", "More of how to reach the reporter (DMARC extra_contact_info).", "more contact"),
        _f("keyword", "report.generator", "Software that made the report (DMARC).", "generator"),
        _f("keyword", "report.version", "Version of its format (DMARC).", "version"),
        _f("keyword", "report.namespace", "XML namespace of its root (DMARC).", "namespace"),
        _f("keywords", "report.errors", "Errors that the reporter met with our DMARC record.", "errors"),
        _f("keywords", "report.extensions", "Extension elements in it, by name; they are not read (DMARC).", "extensions"),
        _f("json", "report.policies", "TLS-RPT: its policies. DMARC: the policy published."),
        _f("json", "report.failure", "Failure report: what it says of the one message, redacted unless configured."),
        _f("ip", "failure.source_ip", "Failure report: address that sent the message.", "source"),
        _f("keywords", "failure.auth_failure", "Failure report: what failed (RFC 6591 Auth-Failure).", "what failed"),
        _f("keyword", "failure.delivery_result", "Failure report: what became of the message.", "delivery"),
        _f("keyword", "event.hash", "SHA-256 of the report's inflated bytes.", "hash"),
        _f("boolean", "conflict", "Same identity as another report, other content: not counted until someone chooses.", "conflict"),
        _f("keyword", "signature.result", "What its mail's signatures showed: valid, spf_pass, no_signature, body_changed …", "signature"),
        _f("keyword", "signature.domain", "Domain that signed, or whose SPF policy passed.", "signed by"),
        _f("keyword", "way", "How it came: smtp, https, file …", "way"),
        _f("ip", "peer.ip", "Who delivered it.", "delivered by"),
        *_ORIGIN,
    ),
)

DMARC = Dataset(
    "dmarc",
    "One document a record (row) of a DMARC aggregate report (RFC 9990).",
    (
        _TIME,
        *_REPORT,
        _f("integer", "dmarc.count", "Messages that the row stands for.", "messages"),
        _f("keyword", "dmarc.disposition", "none, quarantine or reject (pass where a report says so).", "disposition"),
        _f("keyword", "dmarc.dkim", "DKIM result in alignment: pass or fail.", "DKIM"),
        _f("keyword", "dmarc.spf", "SPF result in alignment: pass or fail.", "SPF"),
        _f("boolean", "dmarc.aligned", "DKIM or SPF passed in alignment.", "aligned"),
        _f("keyword", "dmarc.header_from", "Domain of the From header.", "header from"),
        _f("keyword", "dmarc.envelope_from", "Domain of MAIL FROM.", "envelope from"),
        _f("keyword", "dmarc.envelope_to", "Domain of RCPT TO.", "envelope to"),
        _f("keywords", "dmarc.reasons", "Reasons why the disposition is not what the policy asks.", "reasons"),
        _f("keywords", "dmarc.reason_comments", "Comments to those reasons, where there are any.", "comments"),
        _f("keywords", "dmarc.dkim_domains", "Domains of the DKIM signatures seen.", "DKIM domains"),
        _f("keyword", "dmarc.spf_domain", "Domain that SPF was checked for.", "SPF domain"),
        _f("keyword", "dmarc.policy", "Published policy (p).", "policy"),
        _f("json", "dmarc.auth_results", "Raw authentication results."),
        _f("ip", "source.ip", "Address that sent.", "source"),
        *_FAR_END,
        *_ORIGIN,
    ),
)

_TLSRPT = (
    _f("keyword", "tlsrpt.policy_type", "sts, tlsa or no-policy-found.", "policy type"),
    _f("keyword", "tlsrpt.sts_mode", "Mode in the MTA-STS policy string: enforce, testing or none.", "MTA-STS mode"),
    _f("keywords", "tlsrpt.mx_host", "mx-host of the policy.", "MX hosts"),
)

TLSRPT = Dataset(
    "tlsrpt",
    "One document a policy of a TLS report (RFC 8460): how many sessions succeeded and failed.",
    (
        _TIME,
        *_REPORT,
        *_TLSRPT,
        _f("integer", "tlsrpt.successful_sessions", "total-successful-session-count.", "successful"),
        _f("integer", "tlsrpt.failed_sessions", "total-failure-session-count.", "failed"),
        *_ORIGIN,
    ),
)

TLSRPT_FAILURES = Dataset(
    "tlsrpt_failures",
    "One document a failure detail of a TLS report (RFC 8460 §4.4).",
    (
        _TIME,
        *_REPORT,
        *_TLSRPT,
        _f("keyword", "tlsrpt.result_type", "result-type: starttls-not-supported, certificate-expired …", "result"),
        _f("integer", "tlsrpt.failed_session_count", "failed-session-count.", "failed"),
        _f("ip", "tlsrpt.sending_mta_ip", "sending-mta-ip.", "sending MTA"),
        _f("ip", "tlsrpt.receiving_ip", "receiving-ip.", "receiving address"),
        _f("keyword", "tlsrpt.receiving_mx_hostname", "receiving-mx-hostname.", "receiving MX"),
        _f("keyword", "tlsrpt.receiving_mx_helo", "receiving-mx-helo.", "MX HELO"),
        _f("keyword", "tlsrpt.additional_information", "additional-information.", "more"),
        _f("keyword", "tlsrpt.failure_reason_code", "failure-reason-code.", "reason"),
        *_FAR_END,
        *_ORIGIN,
    ),
)

INCIDENTS = Dataset(
    "incidents",
    "One document an incident: a rule that fired for its keys in its window.",
    (
        _TIME,
        _f("keyword", "rule", "starttls_stripped, offer_removed …", "rule"),
        _f("keyword", "state", "open, acknowledged or closed.", "state"),
        _f("keyword", "severity", "low, medium, high or critical.", "severity"),
        _f("keyword", "scope", "What the incident is about: path, country, server, client, network, sender.", "scope"),
        _f("keyword", "subject", "The path, country, server … itself, as text.", "subject"),
        _f("keyword", "kind", "Tells incidents apart that share rule, scope and subject.", "kind"),
        _f("keyword", "summary", "One sentence for people.", "summary"),
        _f("keyword", "country", "Country code of the far end, when the scope has one.", "country"),
        _f("keyword", "path", "Path, when the scope has one.", "path"),
        _f("keyword", "direction", "inbound, outbound or external.", "direction"),
        _f("integer", "affected", "Sessions or messages that show it.", "affected"),
        _f("integer", "total", "Sessions or messages looked at.", "of"),
        _f("number", "share", "affected / total.", "share"),
        _f("number", "lower", "Wilson 95 % lower bound of the share.", "at least"),
        _f("number", "upper", "Wilson 95 % upper bound of the share.", "at most"),
        _f("date", "first_seen", "Oldest evidence.", "first seen"),
        _f("date", "last_seen", "Newest evidence.", "last seen"),
        _f("date", "window.begin", "Start of the window that was judged.", "window from"),
        _f("date", "window.end", "End of it.", "window to"),
        _f("json", "evidence", "Documents that show it: {dataset, id} each, the newest first, at most 50."),
        _f("json", "keys", "The rule's keys, machine-readable: field → value; a query for all its evidence."),
        _f("keywords", "sources", "wire, tlsrpt, dmarc: which sources show it.", "seen by"),
        _f("keyword", "agreement", "wire_and_reports, wire_only, reports_only.", "agreement"),
        _f("date", "updated", "Last evaluation that touched it.", "updated"),
        _f("keyword", "tenant", "Organisation it belongs to.", "tenant"),
    ),
    mutable=True,
)

ARRIVALS = Dataset(
    "arrivals",
    "One document a spool record: what came in and what became of it.",
    (
        _TIME,
        _f("keyword", "way", "How it came: smtp, https, file, sniffer, sensor …", "way"),
        _f("keyword", "content", "mail, report or sessions.", "content"),
        _f("keyword", "outcome", "stored, duplicate, conflict or dead_letter: the gravest of its items.", "outcome"),
        _f("integer", "stored", "Items stored.", "stored"),
        _f("integer", "duplicate", "Items already there.", "duplicates"),
        _f("integer", "conflict", "Items with a known identity and other content.", "conflicts"),
        _f("integer", "dead_letter", "Items that could not be used.", "dead letters"),
        _f("keywords", "reasons", "Reasons of the dead letters.", "reasons"),
        _f("integer", "bytes", "Size of the body.", "bytes"),
        _f("ip", "peer.ip", "Who delivered it.", "peer"),
        _f("keyword", "helo", "Name the peer gave.", "helo"),
        _f("keyword", "mail_from", "MAIL FROM.", "mail from"),
        _f("keywords", "rcpt_to", "RCPT TO.", "rcpt to"),
        _f("keyword", "file_path", "Path of the file.", "file"),
        _f("keyword", "tls_version", "TLS version of the delivery, when encrypted.", "TLS"),
        *_ORIGIN,
    ),
)

DATASETS: dict[str, Dataset] = {d.name: d for d in (SESSIONS, REPORTS, DMARC, TLSRPT, TLSRPT_FAILURES, INCIDENTS, ARRIVALS)}

_BY_NAME: dict[str, dict[str, Field]] = {name: {f.name: f for f in d.fields} for name, d in DATASETS.items()}

VERDICTS = (
    "tls",
    "implicit_tls",
    "cleartext_not_offered",
    "cleartext_offered",
    "stripped_offer",
    "stripped_command",
    "starttls_refused",
    "tls_failed",
    "incomplete",
)
STRIPPED = ("stripped_offer", "stripped_command")
FROM_LOG = "from_log"
"""The word of evidence of sessions that another program's log told of. Such a log shows TLS and never its absence or
stripping, so in a share of either these sessions would count for one side only: they count for none."""
