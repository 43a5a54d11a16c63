"""Records read by one expression are what the XML parser makes of them, notes included."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.reports.dmarc import read_dmarc
from ingest.reports.errors import ReportError
from ingest.reports.limits import Limits
from ingest.reports.model import DmarcReport
from ingest.reports.plain_rest import leaves, plain_rest, results
from ingest.reports.warnings import Notes

FORM = (
    "<policy_evaluated>{evaluated}</policy_evaluated></row>\n"
    "<identifiers>{identifiers}</identifiers> <auth_results>{results}</auth_results>"
)
COMMENT = b"<!-- from here on everything is the parser's -->"

spaces = st.sampled_from(("", "", "\n  ", "\t", "\r\n", "x"))
values = st.sampled_from(
    (
        "pass",
        "fail",
        "none",
        "reject",
        "PASS",
        " pass\n",
        "",
        "softfail",
        "Example.COM.",
        "a.example",
        "s" * 40,
        "]]>",
        "a\rb",
        "&amp;",
        "ä",
    )
)
EVALUATED = ("disposition", "dkim", "spf", "reason")
IDENTIFIERS = ("header_from", "envelope_from", "envelope_to", "Header_From")
RESULT = ("domain", "selector", "result", "scope", "human_result", "x:domain")
FIGURES = ("row", "source_ip", "count", "other")
names = st.sampled_from((*EVALUATED, *IDENTIFIERS, *RESULT, *FIGURES))
leaf = st.builds(
    lambda space, name, value, end: f"{space}<{name}>{value}</{name}{end}>", spaces, names, values, st.sampled_from(("", "", "", " "))
)
inner = st.lists(leaf, max_size=4).map("".join)
result = st.builds(
    lambda name, attribute, text, space: f"<{name}{attribute}>{text}{space}</{name}>",
    st.sampled_from(("dkim", "spf", "dkim", "spf", "arc")),
    st.sampled_from(("", "", "", " a='b'")),
    inner | st.just("pass"),
    spaces,
)
rests = st.builds(
    lambda evaluated, identifiers, found: FORM.format(evaluated=evaluated, identifiers=identifiers, results="".join(found)),
    inner,
    inner,
    st.lists(result, max_size=3),
)
figures = st.sampled_from(("192.0.2.1", "2001:db8::1", "2001:DB8:0:0::1", "", " 192.0.2.1 ", "nonsense"))
counts = st.sampled_from(("1", "20", "", "-1", " 3"))


def report_text(records: list[tuple[str, str, str]], first: bytes) -> bytes:
    texts = [f"<record><row><source_ip>{ip}</source_ip><count>{count}</count>{rest}</record>" for ip, count, rest in records]
    metadata = "<report_metadata><org_name>o</org_name><report_id>1</report_id></report_metadata>"
    return b"<feedback>" + first + (metadata + "\n".join(texts) + "</feedback>").encode()


def reading(text: bytes, limits: Limits) -> DmarcReport | str:
    notes = Notes()
    try:
        return read_dmarc([text], limits, notes)
    except ReportError as error:
        return error.reason


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(figures, counts, rests), min_size=1, max_size=4), st.sampled_from((16, 64 * 1024)))
@example([("192.0.2.1", "1", FORM.format(evaluated="", identifiers="", results="<dkim>" + " " * 2000 + "</dkim>"))], 64 * 1024)
@example([("192.0.2.1", "1", FORM.format(evaluated="", identifiers="", results="<dkim><selector></selector></dkim>"))], 64 * 1024)
def test_the_answer_is_the_parsers(records: list[tuple[str, str, str]], text_bytes: int) -> None:
    limits = Limits(text_bytes=text_bytes)
    assert reading(report_text(records, b""), limits) == reading(report_text(records, COMMENT), limits)


def test_the_usual_form_needs_no_parser() -> None:
    rest = FORM.format(
        evaluated="<disposition>none</disposition><dkim>pass</dkim>",
        identifiers="\n<header_from>a.example</header_from>",
        results="<spf><domain>a.example</domain><result>pass</result></spf>\n<dkim><domain></domain></dkim>",
    )
    taken = plain_rest(rest.encode())
    assert taken is not None
    assert leaves(taken.evaluated) == {"disposition": "none", "dkim": "pass"}
    assert leaves(taken.identifiers) == {"header_from": "a.example"}
    assert [(name, leaves(text)) for name, text in results(taken.results)] == [
        ("spf", {"domain": "a.example", "result": "pass"}),
        ("dkim", {"domain": None}),
    ]


@pytest.mark.parametrize("odd", ["<a>ä</a>", "<a>]]></a>", "<a>&lt;</a>", "<a b='c'>d</a>", "<a>b</c>", "<A>b</A>", "text", "<a>b\r</a>"])
def test_another_form_is_left_to_the_parser(odd: str) -> None:
    assert plain_rest(FORM.format(evaluated=odd, identifiers="", results="").encode()) is None
