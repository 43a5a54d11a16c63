"""Errors of names that are looked up, and of mails that cannot be judged by their form.

ProvenanceError
 ├─ LookupRefused           the answer will not get better by asking again
 │   ├─ NameNotFound        no such name, or a name that cannot exist
 │   └─ TooManyLookups      one mail asked for more names than it may
 ├─ TemporaryDnsFailure     no answer, or the server's own failure: ask again later
 └─ MalformedMail           two readers could see two different mails in these bytes
"""

from __future__ import annotations


class ProvenanceError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word."""

    reason = "provenance_error"
    permanent = True


class LookupRefused(ProvenanceError):
    reason = "lookup_refused"


class NameNotFound(LookupRefused):
    reason = "name_not_found"


class TooManyLookups(LookupRefused):
    reason = "too_many_lookups"


class TemporaryDnsFailure(ProvenanceError):
    reason = "dns_failure"
    permanent = False


class MalformedMail(ProvenanceError):
    reason = "malformed_mail"
