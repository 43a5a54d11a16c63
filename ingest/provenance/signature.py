"""DKIM signatures of one mail, each with the word that says what it is worth (RFC 6376, RFC 8301, RFC 8460 §3).

dkimpy does the canonical forms and the arithmetic. What it would accept and we must not is refused before: ``l=`` (the
rest of the body could be anybody's), SHA-1, a From that is not signed, keys for another service, keys of any size. Its
own clock is not asked: a signature expires at the mail's arrival or not at all, so that a replay judges the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from ingest.provenance.alignment import aligned, domain_or_none
from ingest.provenance.errors import LookupRefused, TemporaryDnsFailure
from ingest.provenance.key_record import BadKey, PublicKey, published_key
from ingest.provenance.known_keys import KnownKeys
from ingest.provenance.mail import SignedMail
from ingest.provenance.resolver import RecordKind

Service = Literal["email", "tlsrpt"]
SIGNATURES = 10
"""More of them on one mail are not looked at."""
HEADER_BYTES = 8_192
SIGNED_NAMES = 200
DRIFT = 300
"""Seconds that two honest clocks may differ."""
UNDECIDED = "dns_failure"
VALID = "valid"
_KEY_GONE = frozenset({"key_missing", "key_revoked", "key_kind", "signature_mismatch"})
"""What a mail looks like whose key was changed since."""
_BLANKS = re.compile(rb"\s{33}")
_COLLAPSE = re.compile(rb"[\t ]{2,}|\t")
_CRLF = re.compile(rb"\r?\n")
_VERIFY_ERRORS = (dkim.DKIMException, ValueError, TypeError, LookupError, AssertionError)
"""What dkimpy has been seen to raise on a signature or mail that it cannot read."""


class TextLookup(Protocol):
    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]: ...


@dataclass(frozen=True, slots=True)
class SignatureResult:
    """``word`` is ``valid``, ``dns_failure`` (ask again), or why it is worth nothing; ``domain`` is its ``d=``."""

    word: str
    domain: str | None = None
    key: PublicKey | None = None

    def for_service(self, service: Service) -> str:
        """The word for one kind of mail: a valid signature by another service's key is ``key_service``."""
        if self.word == VALID and self.key is not None and not self.key.serves(service):
            return "key_service"
        return self.word


class _Refused(Exception):
    """The signature is worth nothing; the word says why."""


def check_signatures(
    mail: SignedMail, from_domain: str, arrived: int, resolver: TextLookup, known: KnownKeys
) -> tuple[SignatureResult, ...]:
    """All signatures of the mail, in its order. ``arrived``: seconds since the epoch. Never raises for what a mail holds;
    keys are asked for aligned signatures only."""
    return tuple(_results(mail, from_domain, arrived, resolver, known))


def _results(mail: SignedMail, from_domain: str, arrived: int, resolver: TextLookup, known: KnownKeys) -> Iterator[SignatureResult]:
    places = [place for place, (name, _) in enumerate(mail.fields) if name.lower() == b"dkim-signature"]
    for place in places[:SIGNATURES]:
        domain = None
        try:
            tags = _tags(mail.fields[place][1])
            domain = domain_or_none(tags[b"d"].decode("ascii", "replace"))
            _check_tags(tags, domain, from_domain, arrived)
            key = _verified(mail, place, tags, arrived, resolver, known)
        except (_Refused, BadKey) as error:
            yield SignatureResult(str(error), domain)
        except TemporaryDnsFailure:
            yield SignatureResult(UNDECIDED, domain)
        else:
            yield SignatureResult(VALID, domain, key)


def _tags(value: bytes) -> dict[bytes, bytes]:
    if len(value) > HEADER_BYTES or _BLANKS.search(value):
        raise _Refused("malformed_signature")
    try:
        tags: dict[bytes, bytes] = parse_tag_value(value)
        timeless = {name: text for name, text in tags.items() if name not in (b"x", b"t")}
        dkim.validate_signature_fields(timeless)
    except (InvalidTagValueList, *_VERIFY_ERRORS) as error:
        raise _Refused("weak_hash" if b"rsa-sha1" in value else "malformed_signature") from error
    return tags


def _check_tags(tags: dict[bytes, bytes], domain: str | None, from_domain: str, arrived: int) -> None:
    if tags[b"a"] not in (b"rsa-sha256", b"ed25519-sha256"):
        raise _Refused("weak_hash")
    if domain is None or domain_or_none(tags[b"s"].decode("ascii", "replace")) is None:
        raise _Refused("malformed_signature")
    if not aligned(domain, from_domain):
        raise _Refused("unaligned")
    if b"l" in tags:
        raise _Refused("body_length")
    names = _signed_names(tags)
    if len(names) > SIGNED_NAMES:
        raise _Refused("malformed_signature")
    if b"from" not in names:
        raise _Refused("from_unsigned")
    made, expires = _seconds(tags, b"t"), _seconds(tags, b"x")
    if expires is not None and (arrived > expires + DRIFT or (made is not None and expires < made)):
        raise _Refused("expired")
    if made is not None and made > arrived + DRIFT:
        raise _Refused("from_the_future")


def _seconds(tags: dict[bytes, bytes], name: bytes) -> int | None:
    text = tags.get(name)
    if text is None:
        return None
    if not text.isdigit() or len(text) > 12:  # RFC 6376 §3.5: up to 12 digits
        raise _Refused("malformed_signature")
    return int(text)


def _signed_names(tags: dict[bytes, bytes]) -> list[bytes]:
    return [name.strip().lower() for name in tags[b"h"].split(b":")]


def _verified(mail: SignedMail, place: int, tags: dict[bytes, bytes], arrived: int, resolver: TextLookup, known: KnownKeys) -> PublicKey:
    """The key that verifies the signature: the published one, or one that was published when the mail arrived."""
    name = f"{tags[b's'].decode('ascii')}._domainkey.{tags[b'd'].decode('ascii')}".lower()
    try:
        records = _records(name, resolver)
        key = _tried(mail, place, tags, records)
    except (_Refused, BadKey) as refusal:
        if str(refusal) in _KEY_GONE:
            for earlier in known.at(name, arrived):
                with suppress(_Refused, BadKey):
                    return _tried(mail, place, tags, earlier)
        raise
    known.verified(name, records, arrived)
    return key


def _records(name: str, resolver: TextLookup) -> tuple[bytes, ...]:
    try:
        return resolver.lookup(name, "TXT")
    except LookupRefused as error:
        raise _Refused("key_missing" if error.reason == "name_not_found" else error.reason) from error


def _tried(mail: SignedMail, place: int, tags: dict[bytes, bytes], records: tuple[bytes, ...]) -> PublicKey:
    key = _key(tags, records)
    _verify(mail, place, tags, key)
    return key


def _key(tags: dict[bytes, bytes], records: tuple[bytes, ...]) -> PublicKey:
    key = published_key(records)
    if not tags[b"a"].startswith(key.kind.encode()):
        raise _Refused("key_kind")
    if key.strict and b"i" in tags and tags[b"i"].rpartition(b"@")[2].lower() != tags[b"d"].lower():
        raise _Refused("identity_of_subdomain")
    return key


def _verify(mail: SignedMail, place: int, tags: dict[bytes, bytes], key: PublicKey) -> None:
    """The arithmetic. Raises _Refused with ``body_changed`` or ``signature_mismatch``."""
    checker = dkim.DKIM()
    checker.headers = [[name, value + b"\r\n"] for name, value in mail.fields]
    checker.body = _body(mail.body, tags)
    checker.pk, checker.keysize, checker.ktag = key.material, key.bits, key.kind.encode()
    checker.tlsrpt = True  # service types are judged by ``SignatureResult.for_service``
    try:
        valid = checker.verify_sig_process(tags, _signed_names(tags), checker.headers[place], None)
    except dkim.ValidationError as error:
        raise _Refused("body_changed") from error
    except _VERIFY_ERRORS as error:
        raise _Refused("malformed_signature") from error
    if not valid:
        raise _Refused("signature_mismatch")


def _body(body: bytes, tags: dict[bytes, bytes]) -> bytes:
    """The body with CRLF line ends and the same canonical form, made so that the library finds it in linear time: its own
    patterns are slow on long runs of blanks and of empty lines."""
    body = _CRLF.sub(b"\r\n", body)
    if tags.get(b"c", b"").endswith(b"/relaxed"):
        body = _COLLAPSE.sub(b" ", body).replace(b" \r\n", b"\r\n")
    return _one_last_line(body)


def _one_last_line(body: bytes) -> bytes:
    """Without empty lines at its end. A CR without LF is no line end: it stays."""
    if not body.endswith(b"\r\n\r\n"):
        return body
    text = len(body.rstrip(b"\r\n"))
    lone = body.rfind(b"\r\r", text)
    return body[: text if lone < 0 else lone + 1] + b"\r\n"
