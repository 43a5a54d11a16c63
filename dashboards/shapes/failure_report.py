"""A failure report's facts in the order in which people ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLES = {
    "source_ip": "Sent from",
    "source_port": "Port",
    "original_from": "From",
    "original_mail_from": "Envelope from",
    "original_rcpt_to": "Envelope to",
    "original_subject": "Subject",
    "original_message_id": "Message id",
    "original_envelope_id": "Envelope id",
    "auth_failure": "What failed",
    "identity_alignment": "Identity-Alignment, as sent",
    "delivery_result": "What became of it",
    "incidents": "Messages like it",
    "authentication_results": "Authentication results",
    "dkim_domain": "DKIM domain",
    "dkim_identity": "DKIM identity",
    "dkim_selector": "DKIM selector",
    "dkim_selector_dns": "DKIM key record",
    "dkim_adsp_dns": "ADSP record",
    "dkim_canonicalized_header": "Headers as DKIM saw them",
    "dkim_canonicalized_body": "Text as DKIM saw it",
    "spf_dns": "SPF records",
    "reported_uri": "Reported addresses",
    "reporting_mta": "Reporting server",
    "user_agent": "Made by",
    "feedback_type": "Kind of feedback",
    "version": "Format version",
    "original_body": "Text",
}


def failure_facts(report: Any) -> list[tuple[str, list[str]]]:
    """(title, values) of what a stored ``report.failure`` says; nothing for any other value."""
    if not isinstance(report, Mapping):
        return []
    facts = []
    for name, title in TITLES.items():
        value = report.get(name)
        if value in (None, "", []):
            continue
        facts.append((title, [str(item) for item in value] if isinstance(value, list) else [str(value)]))
    return facts
