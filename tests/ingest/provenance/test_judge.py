"""How far mailed reports are trusted: real signatures, keys asked from a real server."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.judge import MailJudge
from ingest.provenance.settings import JudgeSettings

from .conftest import (
    ARRIVED,
    Nameserver,
    Verdict,
    dmarc_xml,
    edwards_key,
    key_record,
    mail,
    pem,
    record,
    report_in,
    rsa_key,
    tls_json,
)

Judged = Callable[..., Verdict]
VERIFIED = ("verified", None, "valid")
KEY = ("s1._domainkey.sender.example", "TXT")


def failed(finding: str) -> Verdict:
    return "failed", "failed", finding


@pytest.mark.parametrize("canonical", [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")])
def test_a_signature_of_the_reporting_domain_verifies(verdict: Judged, canonical: tuple[bytes, bytes]) -> None:
    assert verdict(mail().sign(canonical=canonical).bytes()) == VERIFIED


@pytest.mark.parametrize("way", ["smtp", "lmtp", "imap"])
def test_mail_is_judged_whatever_way_it_came(verdict: Judged, way: str) -> None:
    assert verdict(mail().sign().bytes(), way=way) == VERIFIED
    assert verdict(mail().bytes(), way=way) == ("unsigned", "unsigned", "no_signature")


def test_posts_and_files_are_judged_by_their_way_alone(verdict: Judged, nameserver: Nameserver) -> None:
    assert verdict(mail().bytes(), way="https") == ("posted", None, None)
    assert verdict(mail().sign().bytes(), way="file") == ("imported", None, None)
    assert not nameserver.asked


def test_line_ends_of_lf_alone_verify(verdict: Judged) -> None:
    assert verdict(mail().sign().bytes().replace(b"\r\n", b"\n")) == VERIFIED


def test_a_signature_of_the_parent_domain_is_aligned(verdict: Judged) -> None:
    assert verdict(mail(sender="x@reports.sender.example").sign().bytes()) == VERIFIED


def test_an_edwards_signature_verifies(verdict: Judged, nameserver: Nameserver) -> None:
    public = edwards_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    private = edwards_key().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    nameserver.records["ed._domainkey.sender.example", "TXT"] = [f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"]
    signed = mail().sign(selector="ed", algorithm="ed25519-sha256", key=base64.b64encode(private)).bytes()
    assert verdict(signed) == VERIFIED
    assert verdict(signed.replace(b"Subject: Report", b"Subject: report")) == failed("signature_mismatch")


def test_one_valid_signature_among_others_is_enough(verdict: Judged) -> None:
    assert verdict(mail().sign(l=b"5").sign().sign(domain="relay.example").bytes()) == VERIFIED


def test_a_changed_body_fails(verdict: Judged) -> None:
    assert verdict(mail().sign().bytes().replace(b"A report.", b"A Report.")) == failed("body_changed")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Subject: Report", b"Subject: report"), (b"From: Reports", b"From: Report"), (b"+0000", b"+0001")],
)
def test_a_changed_header_fails(verdict: Judged, old: bytes, new: bytes) -> None:
    assert verdict(mail().sign().bytes().replace(old, new, 1)) == failed("signature_mismatch")


def test_a_signature_of_another_domain_fails_without_asking_for_its_key(verdict: Judged, nameserver: Nameserver) -> None:
    assert verdict(mail().sign(domain="other.example").bytes()) == failed("unaligned")
    assert not nameserver.asked


def test_neighbours_under_a_public_suffix_are_not_aligned(verdict: Judged) -> None:
    raw = mail(tls_json("a@one.co.uk"), "a@one.co.uk", "one.co.uk").sign(domain="two.co.uk").bytes()
    assert verdict(raw) == failed("unaligned")


@pytest.mark.parametrize("report", [tls_json(), dmarc_xml()])
def test_a_body_length_is_refused_though_the_signature_is_good(verdict: Judged, report: bytes) -> None:
    assert verdict(mail(report).sign(length=True, canonical=(b"relaxed", b"simple")).bytes(), mail_from="") == failed("body_length")


def test_a_weak_hash_is_refused(verdict: Judged) -> None:
    assert verdict(mail().sign(algorithm="rsa-sha1").bytes()) == failed("weak_hash")


def test_a_from_that_is_not_signed_is_refused(verdict: Judged) -> None:
    assert verdict(mail().sign(headers=("From", "To"), h=b"to : subject").bytes()) == failed("from_unsigned")


def test_expiry_is_judged_at_the_arrival_and_not_now(verdict: Judged) -> None:
    assert verdict(mail().sign(x=b"%d" % (ARRIVED + 60)).bytes()) == VERIFIED
    assert verdict(mail().sign(x=b"%d" % (ARRIVED - 3000)).bytes()) == failed("expired")
    old, long_ago = 1_500_000_000, 1_500_003_600
    raw = mail().sign(t=b"%d" % old, x=b"%d" % (old + 7200)).bytes()
    assert verdict(raw, arrived_at=long_ago * 10**9) == VERIFIED
    assert verdict(raw) == failed("expired")


def test_a_signature_from_the_future_is_refused(verdict: Judged) -> None:
    assert verdict(mail().sign(t=b"%d" % (ARRIVED + 86_400)).bytes()) == failed("from_the_future")


@pytest.mark.parametrize(
    ("tags", "tls", "dmarc"),
    [
        ("v=DKIM1; k=rsa", "valid", "valid"),
        ("v=DKIM1; k=rsa; s=*", "valid", "valid"),
        ("v=DKIM1; k=rsa; s=tlsrpt", "valid", "key_service"),
        ("v=DKIM1; k=rsa; s=email", "key_service", "valid"),
        ("v=DKIM1; k=rsa; s=email:tlsrpt", "valid", "valid"),
        ("v=DKIM1; k=rsa; s=other", "key_service", "key_service"),
        ("k=rsa", "valid", "valid"),
        ("v=DKIM2; k=rsa", "key_missing", "key_missing"),
        ("v=DKIM1; k=rsa; h=sha1", "key_weak", "key_weak"),
        ("v=DKIM1; k=ed25519", "key_unreadable", "key_unreadable"),
    ],
)
def test_the_keys_own_limits_are_kept(verdict: Judged, nameserver: Nameserver, tags: str, tls: str, dmarc: str) -> None:
    nameserver.records[KEY] = [key_record(tags=tags)]
    for body, finding in ((tls_json(), tls), (dmarc_xml(), dmarc)):
        assert verdict(mail(body).sign().bytes(), mail_from="a@elsewhere.example")[2] == finding


def test_a_key_under_test_counts_as_no_signature(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records[KEY] = [key_record(tags="v=DKIM1; t=y")]
    assert verdict(mail().sign().bytes()) == ("unsigned", "unsigned", "key_testing")


def test_a_strict_key_wants_the_identity_of_the_domain_itself(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records[KEY] = [key_record(tags="v=DKIM1; t=s")]
    assert verdict(mail().sign().bytes()) == VERIFIED
    assert verdict(mail().sign(i=b"@sub.sender.example").bytes()) == failed("identity_of_subdomain")


def test_missing_revoked_short_and_foreign_keys_fail(verdict: Judged, nameserver: Nameserver) -> None:
    assert verdict(mail().sign(selector="absent").bytes()) == failed("key_missing")
    nameserver.records[KEY] = []
    assert verdict(mail().sign().bytes()) == failed("key_missing")
    nameserver.records[KEY] = ["v=DKIM1; p="]
    assert verdict(mail().sign().bytes()) == failed("key_revoked")
    nameserver.records[KEY] = [key_record(rsa_key(1024 + 512))]
    assert verdict(mail().sign().bytes()) == failed("signature_mismatch")
    nameserver.records[KEY] = ["v=DKIM1; p=MDwwDQYJKoZIhvcNAQEBBQADKwAwKAIhAKbF2h+HzQX5kz5b6XbD9m8xK+/0mQ2nJ5s0bVtqk2e/AgMBAAE="]
    assert verdict(mail().sign().bytes()) == failed("key_weak")


def test_of_several_texts_the_key_is_found(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records[KEY] = ["some verification=1", key_record()]
    assert verdict(mail().sign().bytes()) == VERIFIED


@pytest.mark.parametrize(
    ("added", "finding"),
    [
        (b"From: other@other.example\r\n", "repeated_header"),
        (b"Content-Type: application/tlsrpt+json\r\n", "repeated_header"),
        (b"X-A: b\r\rFrom: hidden@other.example\r\n", "bare_carriage_return"),
        (b"X-A: \0\r\n", "bare_carriage_return"),
        (b"no colon here\r\n", "bad_header_line"),
        (b" folded first\r\n", "not_a_mail"),
        (b"<!--X: y\r\n", "not_a_mail"),
        (b"From somebody Mon Sep 21\r\n", "not_a_mail"),
        (b'{"a": 1,\r\n', "not_a_mail"),
        (b"X: y\r\n" * 1001, "too_many_headers"),
    ],
)
def test_what_two_readers_could_read_in_two_ways_fails(verdict: Judged, added: bytes, finding: str) -> None:
    signed = mail().sign().bytes()
    provenance, left_out, found = verdict(added + signed, report_in(signed))
    assert (provenance, left_out) == ("failed", "failed")
    assert found == finding or found in ("bad_header_line", "not_a_mail")


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.example, c@sender.example", "<>", "a@[192.0.2.1]", "((((" * 400, "a@-.example"])
def test_a_from_without_one_domain_fails(verdict: Judged, sender: str) -> None:
    raw = mail().bytes().replace(b"From: Reports <tls@sender.example>", b"From: " + sender.encode())
    assert verdict(raw) == failed("from_unusable")


def test_a_mail_without_from_fails(verdict: Judged) -> None:
    assert verdict(mail().bytes().replace(b"From: ", b"X-From: ")) == failed("no_from")


def test_a_report_that_speaks_for_another_reporter_fails(verdict: Judged) -> None:
    assert verdict(mail(tls_json("tls@big.example")).sign().bytes()) == failed("contact_unaligned")
    assert verdict(mail(submitter="big.example").sign().bytes()) == failed("submitter_unaligned")
    assert verdict(mail(tls_json("tls@mail.sender.example"), submitter="sub.sender.example").sign().bytes()) == VERIFIED
    assert verdict(mail(tls_json(None), submitter="Sender Inc.").sign().bytes()) == VERIFIED


def test_an_aggregate_report_passes_dmarc_by_an_aligned_sender(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records["sender.example", "TXT"] = ["v=spf1 include:spf.sender.example -all"]
    nameserver.records["spf.sender.example", "TXT"] = ["v=spf1 a:mx.sender.example ip4:192.0.2.77 -all"]
    nameserver.records["mx.sender.example", "A"] = ["192.0.2.80"]
    raw = mail(dmarc_xml()).bytes()
    assert verdict(raw) == ("verified", None, "spf_pass")
    assert verdict(raw, peer_address="192.0.2.80") == ("verified", None, "spf_pass")
    assert verdict(raw, peer_address="192.0.2.81") == ("unsigned", "unsigned", "no_signature")
    assert verdict(raw, mail_from="a@other.example") == ("unsigned", "unsigned", "no_signature")
    assert verdict(raw, mail_from="<>", helo="sender.example") == ("verified", None, "spf_pass")
    assert verdict(raw, way="lmtp") == ("unsigned", "unsigned", "no_signature")
    assert verdict(mail(dmarc_xml()).sign(domain="other.example").bytes()) == ("verified", None, "spf_pass")


def test_spf_is_not_enough_for_a_tls_report(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records["sender.example", "TXT"] = ["v=spf1 ip4:192.0.2.77 -all"]
    assert verdict(mail().bytes()) == ("unsigned", "unsigned", "no_signature")


@pytest.mark.parametrize("fault", ["refuse", "silent"])
def test_a_dns_that_is_down_decides_nothing(verdict: Judged, nameserver: Nameserver, fault: str) -> None:
    setattr(nameserver, fault, True)
    everything = JudgeSettings(counted=frozenset({"unsigned", "failed", "verified"}))
    assert verdict(mail().sign().bytes()) == ("unsigned", "undecided", "dns_failure")
    assert verdict(mail().sign().bytes(), settings=everything) == ("unsigned", "undecided", "dns_failure")
    assert verdict(mail(dmarc_xml()).bytes()) == ("unsigned", "undecided", "dns_failure")
    setattr(nameserver, fault, False)
    assert verdict(mail().sign().bytes()) == VERIFIED


def test_what_counts_is_a_setting(verdict: Judged) -> None:
    only_posted = JudgeSettings(counted=frozenset({"posted"}))
    forgiving = JudgeSettings(counted=frozenset({"verified", "unsigned", "failed"}))
    assert verdict(mail().sign().bytes(), settings=only_posted) == ("verified", "verified", "valid")
    assert verdict(mail().bytes(), settings=forgiving) == ("unsigned", None, "no_signature")
    assert verdict(mail().sign(domain="other.example").bytes(), settings=forgiving)[:2] == ("failed", None)


def test_reports_about_other_domains_are_kept_apart(verdict: Judged) -> None:
    ours = JudgeSettings(domains=("Example.ORG.",))
    assert verdict(mail().sign().bytes(), settings=ours) == VERIFIED
    assert verdict(mail(tls_json(domain="sub.example.org")).sign().bytes(), settings=ours) == VERIFIED
    foreign = mail(tls_json(domain="notexample.org")).sign().bytes()
    assert verdict(foreign, settings=ours) == ("verified", "foreign_domain", "valid")
    assert verdict(foreign, settings=ours, way="https") == ("posted", "foreign_domain", None)


def test_one_mail_is_examined_once_for_all_its_reports(nameserver: Nameserver) -> None:
    nameserver.records[KEY] = [key_record()]
    judge = MailJudge(DnsResolver([nameserver.address]))
    raw = mail().sign().bytes()
    taken = record(raw)
    report = report_in(raw)
    judge(taken, report)
    nameserver.records.clear()
    assert judge(taken, report).provenance == "verified"
    assert nameserver.asked[KEY] == 1


def test_a_mail_may_not_ask_for_names_without_end(verdict: Judged, nameserver: Nameserver) -> None:
    signed = mail()
    for number in range(12):
        signed = signed.sign(selector=f"k{number}")
    assert verdict(signed.bytes()) == failed("key_missing")
    assert sum(nameserver.asked.values()) == 10
    few = JudgeSettings(lookups=3)
    nameserver.asked.clear()
    verdict(signed.bytes(), settings=few)
    assert sum(nameserver.asked.values()) == 3


def test_the_signed_size_of_a_key_is_bounded(verdict: Judged, nameserver: Nameserver) -> None:
    nameserver.records[KEY] = [key_record(rsa_key(4096 + 1024))]
    assert verdict(mail().sign(key=pem(rsa_key(4096 + 1024))).bytes()) == failed("key_unreadable")
