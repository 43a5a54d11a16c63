from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import conflict_uid, digest, report_uid, row_id

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=1)


@given(st.lists(st.text(max_size=8), max_size=5), st.lists(st.text(max_size=8), max_size=5))
def test_different_parts_never_share_a_digest(one: list[str], two: list[str]) -> None:
    assert (digest(*one) == digest(*two)) == (one == two)


def test_lone_surrogates_have_an_identity() -> None:
    assert digest("\ud800") != digest("\ud801")


def test_case_and_space_of_names_do_not_matter_but_every_part_does() -> None:
    plain = report_uid("dmarc", "google.com", "Example.org.", "1", BEGIN, END)
    assert report_uid("dmarc", " Google.COM ", "example.org", " 1", BEGIN, END) == plain
    others = {
        report_uid("tlsrpt", "google.com", "example.org", "1", BEGIN, END),
        report_uid("dmarc", "yahoo.com", "example.org", "1", BEGIN, END),
        report_uid("dmarc", "google.com", "example.net", "1", BEGIN, END),
        report_uid("dmarc", "google.com", "example.org", "2", BEGIN, END),
        report_uid("dmarc", "google.com", "example.org", "1", END, END),
        report_uid("dmarc", "google.com", "example.org", "1", BEGIN, BEGIN),
    }
    assert plain not in others
    assert len(others) == 6


def test_rows_of_conflicting_reports_never_mix() -> None:
    uid = report_uid("dmarc", "a", "b", "c", BEGIN, END)
    one, two = "AA" * 32, "BB" * 32
    assert {row_id(uid, one, "r", n) for n in range(5)}.isdisjoint(row_id(uid, two, "r", n) for n in range(5))
    assert conflict_uid(uid, one) != conflict_uid(uid, two) != uid
