#!/usr/bin/env python3
"""Write the golden cases of the report room: one folder a case, its input and what must come of it.

    python tests/golden/reports/make_cases.py

Expectations are written here by hand, by the specifications; they are never taken from what the reader says. In
``expected.json`` a report's members are compared where they are given; ``refused`` are the reasons of what gave no
report. Each input is made here: nothing is copied from anybody's mail.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import shutil
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DAY = 1_790_000_000
BEGIN, END = "2026-09-21T14:13:20Z", "2026-09-22T14:13:19Z"

Case = tuple[str, str, str, bytes, list[dict[str, Any]], list[str]]
CASES: list[Case] = []


def case(name: str, why: str, suffix: str, content: bytes | str, *reports: dict[str, Any], refused: tuple[str, ...] = ()) -> None:
    CASES.append((name, why, suffix, content.encode() if isinstance(content, str) else content, list(reports), list(refused)))


# --- DMARC building blocks ---


def metadata(
    org: str | None = "Reporter One", id: str | None = "r-1", begin: object = DAY, end: object = DAY + 86399, more: str = ""
) -> str:
    org_name = "" if org is None else f"<org_name>{org}</org_name>"
    report_id = "" if id is None else f"<report_id>{id}</report_id>"
    return (
        f"<report_metadata>{org_name}<email>dmarc@reporter.example</email>{report_id}"
        f"<date_range><begin>{begin}</begin><end>{end}</end></date_range>{more}</report_metadata>\n"
    )


def policy(more: str = "<sp>none</sp><pct>100</pct>", p: str = "<p>quarantine</p>", domain: str = "mail.example") -> str:
    return f"<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf>{p}{more}</policy_published>\n"


def record(
    ip: str = "<source_ip>192.0.2.1</source_ip>",
    count: str = "<count>3</count>",
    evaluated: str = "<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>",
    identifiers: str = "<identifiers><header_from>mail.example</header_from></identifiers>",
    results: str = "<dkim><domain>mail.example</domain><selector>s1</selector><result>pass</result></dkim>"
    "<spf><domain>bounce.example</domain><result>fail</result></spf>",
) -> str:
    return (
        f"<record><row>{ip}{count}<policy_evaluated>{evaluated}</policy_evaluated></row>{identifiers}"
        f"<auth_results>{results}</auth_results></record>\n"
    )


def feedback(*content: str, root: str = "feedback", head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    return f"{head}<{root}>\n{''.join(content)}</{root.split()[0]}>\n"


PLAIN = feedback("<version>1.0</version>", metadata(), policy(), record())
ANOTHER = feedback(metadata(org="Reporter Two", id="r-2"), policy(), record(count="<count>5</count>"))
PLAIN_SAYS: dict[str, Any] = {
    "kind": "dmarc",
    "org_name": "Reporter One",
    "report_id": "r-1",
    "policy_domain": "mail.example",
    "begin": BEGIN,
    "end": END,
    "messages": 3,
    "warnings": [],
    "dropped": 0,
}
ANOTHER_SAYS = {**PLAIN_SAYS, "org_name": "Reporter Two", "report_id": "r-2", "messages": 5}


def says(*warnings: str, **members: Any) -> dict[str, Any]:
    return {**PLAIN_SAYS, "warnings": list(warnings), **members}


# --- TLS building blocks ---


def tls_policy(**changes: Any) -> dict[str, Any]:
    item: dict[str, Any] = {
        "policy": {
            "policy-type": "sts",
            "policy-string": ["version: STSv1", "mode: enforce", "mx: *.mail.example", "max_age: 604800"],
            "policy-domain": "mail.example",
            "mx-host": ["*.mail.example"],
        },
        "summary": {"total-successful-session-count": 40, "total-failure-session-count": 2},
        "failure-details": [
            {
                "result-type": "starttls-not-supported",
                "sending-mta-ip": "198.51.100.7",
                "receiving-mx-hostname": "mx1.mail.example",
                "receiving-ip": "192.0.2.25",
                "failed-session-count": 2,
            }
        ],
    }
    item.update(changes)
    return item


def tls(*policies: Any, **changes: Any) -> dict[str, Any]:
    report: dict[str, Any] = {
        "organization-name": "Reporter One",
        "date-range": {"start-datetime": "2026-09-21T00:00:00Z", "end-datetime": "2026-09-21T23:59:59Z"},
        "contact-info": "tls@reporter.example",
        "report-id": "t-1",
        "policies": list(policies) or [tls_policy()],
    }
    report.update(changes)
    return {key: value for key, value in report.items() if value != "absent"}


def without(item: dict[str, Any], *path: str) -> dict[str, Any]:
    copy = json.loads(json.dumps(item))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copy


def changed(item: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    copy = json.loads(json.dumps(item))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


TLS_SAYS: dict[str, Any] = {
    "kind": "tlsrpt",
    "org_name": "Reporter One",
    "report_id": "t-1",
    "policy_domain": "mail.example",
    "begin": "2026-09-21T00:00:00Z",
    "end": "2026-09-21T23:59:59Z",
    "contact_info": "tls@reporter.example",
    "warnings": [],
    "dropped": 0,
}


def tls_says(*warnings: str, **members: Any) -> dict[str, Any]:
    return {**TLS_SAYS, "warnings": list(warnings), **members}


# --- containers ---


def gz(content: bytes | str) -> bytes:
    return gzip.compress(content.encode() if isinstance(content, str) else content, 9, mtime=0)


def zipped(*members: tuple[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 9, 21, 0, 0, 0)), content, method)
    return out.getvalue()


def b64(content: bytes) -> str:
    return base64.encodebytes(content).decode().replace("\n", "\r\n")


def mail(body: str, content_type: str = "text/plain", more: str = "") -> str:
    return (
        "From: DMARC <noreply@reporter.example>\r\nTo: rua@mail.example\r\nSubject: Report Domain: mail.example\r\n"
        f"Message-ID: <m-1@reporter.example>\r\nDate: Tue, 22 Sep 2026 15:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: {content_type}\r\n{more}\r\n{body}"
    )


def part(content: bytes, content_type: str, name: str = "", encoding: str = "base64") -> str:
    body = b64(content) if encoding == "base64" else content.decode()
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n{name}\r\n{body}\r\n"


def multipart(*parts: str, kind: str = "mixed", more: str = "") -> str:
    body = "".join(f"--b1\r\n{text}" for text in parts)
    return mail(f"A report is attached.\r\n{body}--b1--\r\n", f'multipart/{kind}; boundary="b1"{more}')


def attachment(name: str) -> str:
    return f'Content-Disposition: attachment; filename="{name}"\r\n'


LETTER = part(b"Your daily report.\r\n", "text/plain", encoding="7bit")
NAME = "reporter.example!mail.example!1790000000!1790086399"


OVERRIDES = ("forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy", "policy_test_mode", "other")
RESULT_TYPES = (
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
)
DKIM_RESULTS = ("none", "pass", "fail", "policy", "neutral", "temperror", "permerror")
SPF_RESULTS = ("none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror")


def dmarc_cases() -> None:
    case("dmarc-plain", "RFC 7489 appendix C, nothing odd", "xml", PLAIN, says(records=1, version="1.0"))
    rfc9990 = feedback(
        metadata(more="<error>two policy records</error><generator>Generator 1.2</generator>"),
        policy("<sp>reject</sp><np>reject</np><testing>y</testing><discovery_method>treewalk</discovery_method><fo>1</fo>"),
        record(
            evaluated="<disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf>"
            "<reason><type>policy_test_mode</type><comment>t=y</comment></reason>",
            identifiers="<identifiers><envelope_to>mx.example</envelope_to><envelope_from/><header_from>mail.example</header_from></identifiers>",
            results="<dkim><domain>mail.example</domain><selector>s1</selector><result>pass</result>"
            "<human_result>key 2048</human_result></dkim><spf><domain>mail.example</domain><scope>mfrom</scope><result>pass</result></spf>",
        ),
        '<extension><x:own xmlns:x="urn:x">1</x:own></extension>',
        root='feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"',
    )
    published = {
        "domain": "mail.example",
        "p": "quarantine",
        "sp": "reject",
        "np": "reject",
        "testing": "y",
        "discovery_method": "treewalk",
    }
    case(
        "dmarc-rfc9990",
        "RFC 9990: np, testing, discovery_method, generator, human_result, pass, extension, namespace",
        "xml",
        rfc9990,
        says(
            namespace="urn:ietf:params:xml:ns:dmarc-2.0",
            generator="Generator 1.2",
            errors=["two policy records"],
            policy_published={**published, "adkim": "r", "aspf": "r", "pct": None, "fo": "1"},
            records=[
                {
                    "source_ip": "192.0.2.1",
                    "count": 3,
                    "disposition": "pass",
                    "dkim": "pass",
                    "spf": "pass",
                    "header_from": "mail.example",
                    "envelope_from": None,
                    "envelope_to": "mx.example",
                    "reasons": [{"type": "policy_test_mode", "comment": "t=y"}],
                    "auth_results": {
                        "dkim": [{"domain": "mail.example", "selector": "s1", "result": "pass", "human_result": "key 2048"}],
                        "spf": [{"domain": "mail.example", "scope": "mfrom", "result": "pass", "human_result": None}],
                    },
                }
            ],
        ),
    )
    case(
        "dmarc-no-spf-result",
        "a record without an spf element",
        "xml",
        feedback(metadata(), policy(), record(results="<dkim><domain>mail.example</domain><result>pass</result></dkim>")),
        says(records=1),
    )
    every = feedback(
        "<version>1.0</version>",
        metadata(
            more="<extra_contact_info>https://reporter.example/</extra_contact_info><error>rua: bad</error><generator>G 1</generator>"
        ),
        policy(
            "<sp>reject</sp><np>none</np><pct>50</pct><testing>n</testing><discovery_method>psl</discovery_method><fo>0:d</fo>",
        ),
        '<extension><x:own xmlns:x="urn:x">1</x:own></extension>',
        record(
            evaluated="<disposition>reject</disposition><dkim>pass</dkim><spf>fail</spf><reason><type>local_policy</type></reason>"
            "<reason><type>mailing_list</type><comment>arc=pass</comment></reason>",
            identifiers="<identifiers><envelope_to>mx.example</envelope_to><envelope_from>bounce.example</envelope_from>"
            "<header_from>mail.example</header_from></identifiers>",
            results="<dkim><domain>mail.example</domain><selector>s1</selector><result>pass</result><human_result>2048</human_result>"
            "</dkim><dkim><domain>list.example</domain><selector>s2</selector><result>policy</result></dkim>"
            "<spf><domain>bounce.example</domain><scope>helo</scope><result>softfail</result><human_result>~all</human_result></spf>",
        ).replace("</record>", "<y:more xmlns:y='urn:y'><record/></y:more></record>"),
        root='feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"',
    )
    case(
        "dmarc-every-field",
        "every element of RFC 7489 appendix C and RFC 9990, two signatures, two reasons, extensions of the file and of a record",
        "xml",
        every,
        says(
            version="1.0",
            namespace="urn:ietf:params:xml:ns:dmarc-2.0",
            email="dmarc@reporter.example",
            extra_contact_info="https://reporter.example/",
            generator="G 1",
            errors=["rua: bad"],
            extensions=["x:own", "y:more"],
            policy_published={
                "domain": "mail.example",
                "adkim": "r",
                "aspf": "r",
                "p": "quarantine",
                "sp": "reject",
                "np": "none",
                "pct": 50,
                "fo": "0:d",
                "testing": "n",
                "discovery_method": "psl",
            },
            records=[
                {
                    "disposition": "reject",
                    "envelope_from": "bounce.example",
                    "envelope_to": "mx.example",
                    "reasons": [{"type": "local_policy", "comment": None}, {"type": "mailing_list", "comment": "arc=pass"}],
                    "auth_results": {
                        "dkim": [
                            {"domain": "mail.example", "selector": "s1", "result": "pass", "human_result": "2048"},
                            {"domain": "list.example", "selector": "s2", "result": "policy", "human_result": None},
                        ],
                        "spf": [{"domain": "bounce.example", "scope": "helo", "result": "softfail", "human_result": "~all"}],
                    },
                }
            ],
        ),
    )
    case(
        "dmarc-prefix-of-children",
        "the root without prefix, everything in it with one that is bound to the same namespace",
        "xml",
        re.sub(r"<(/?)(?!/?feedback)(\w)", r"<\1d:\2", feedback(metadata(), policy(), record(), head="")).replace(
            "<feedback>", '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">'
        ),
        says(records=1, namespace="urn:ietf:params:xml:ns:dmarc-2.0"),
    )
    reasons = [f"<reason><type>{kind}</type></reason>" for kind in OVERRIDES]
    dkim = [f"<dkim><domain>d.example</domain><selector>s</selector><result>{word}</result></dkim>" for word in DKIM_RESULTS]
    spf = [f"<spf><domain>d.example</domain><result>{word}</result></spf>" for word in SPF_RESULTS]
    case(
        "dmarc-every-word",
        "every reason and every DKIM and SPF result that RFC 7489, 8601 and 9990 know",
        "xml",
        feedback(
            metadata(),
            policy(),
            record(
                evaluated=f"<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>{''.join(reasons)}", results="".join(dkim + spf)
            ),
        ),
        says(
            records=[
                {
                    "reasons": [{"type": kind} for kind in OVERRIDES],
                    "auth_results": {
                        "dkim": [{"result": word} for word in DKIM_RESULTS],
                        "spf": [{"result": word} for word in SPF_RESULTS],
                    },
                }
            ]
        ),
    )
    case("dmarc-bom-utf8", "UTF-8 byte order mark", "xml", b"\xef\xbb\xbf" + PLAIN.encode(), says(records=1))
    utf16 = PLAIN.replace("UTF-8", "UTF-16")
    case("dmarc-utf16-bom", "UTF-16 with byte order mark", "xml", utf16.encode("utf-16"), says(records=1))
    case("dmarc-utf16-be", "UTF-16, big end first, no byte order mark", "xml", utf16.encode("utf-16-be"), says(records=1))
    case("dmarc-utf16-claimed", "UTF-8 that says it is UTF-16", "xml", utf16, says(records=1))
    case(
        "dmarc-latin1",
        "declared ISO-8859-1",
        "xml",
        feedback(metadata(org="Réseau"), policy(), record(), head='<?xml version="1.0" encoding="ISO-8859-1"?>').encode("latin-1"),
        says(org_name="Réseau", records=1),
    )
    for name in ("nope", "utf-7", "rot13"):
        case(
            f"dmarc-encoding-{name}",
            "an unknown or unsafe encoding's name",
            "xml",
            PLAIN.replace("UTF-8", name),
            says("unknown_encoding", records=1),
        )
    case(
        "dmarc-invalid-utf8",
        "bytes that are no UTF-8",
        "xml",
        PLAIN.encode().replace(b"Reporter One", b"Reporter \xff\xfe One"),
        says("invalid_characters", org_name="Reporter \ufffd\ufffd One", records=1),
    )
    case(
        "dmarc-control-characters",
        "characters that XML forbids",
        "xml",
        PLAIN.encode().replace(b"Reporter One", b"Reporter\x00\x0b One"),
        says("invalid_characters", records=1),
    )
    case("dmarc-leading-newline", "a newline before the declaration", "xml", "\n\r\n " + PLAIN, says(records=1))
    case("dmarc-leading-words", "words before the declaration", "xml", "Here it is:\n" + PLAIN, says("leading_content", records=1))
    case("dmarc-no-declaration", "no XML declaration", "xml", feedback(metadata(), policy(), record(), head=""), says(records=1))
    case(
        "dmarc-bad-declaration",
        "an XML declaration that XML forbids",
        "xml",
        feedback(metadata(), policy(), record(), head="<?xml version='9' standalone='maybe' ?>"),
        says(records=1),
    )
    tags = (
        "feedback",
        "report_metadata",
        "org_name",
        "email",
        "report_id",
        "date_range",
        "begin",
        "end",
        "policy_published",
        "domain",
        "adkim",
        "aspf",
        "p",
        "sp",
        "pct",
        "record",
        "row",
        "source_ip",
        "count",
        "policy_evaluated",
        "disposition",
        "dkim",
        "spf",
        "identifiers",
        "header_from",
        "auth_results",
        "selector",
        "result",
        "version",
    )
    prefixed = PLAIN
    for tag in tags:
        prefixed = prefixed.replace(f"<{tag}>", f"<ns0:{tag}>").replace(f"</{tag}>", f"</ns0:{tag}>")
    prefixed = prefixed.replace("<ns0:feedback>", '<ns0:feedback xmlns:ns0="http://dmarc.org/dmarc-xml/0.1">')
    case("dmarc-prefixed-all", "ns0: on every element", "xml", prefixed, says(records=1))
    case(
        "dmarc-prefixed-root",
        "ns0: on the root alone",
        "xml",
        feedback(metadata(), policy(), record(), root='ns0:feedback xmlns:ns0="urn:ietf:params:xml:ns:dmarc-2.0"'),
        says(records=1),
    )
    case(
        "dmarc-prefix-undeclared",
        "a prefix that is declared nowhere",
        "xml",
        feedback(metadata(), policy(), record(), root="ns0:feedback"),
        says(records=1),
    )
    case(
        "dmarc-unknown-namespace",
        "a namespace nobody named",
        "xml",
        feedback(metadata(), policy(), record(), root='feedback xmlns="http://example.org/own"'),
        says("unknown_namespace", records=1),
    )
    case(
        "dmarc-mixed-case",
        "names and words in mixed case",
        "xml",
        PLAIN.replace("org_name", "Org_Name").replace(">pass<", ">Pass<").replace(">fail<", "> FAIL <"),
        says(records=[{"dkim": "pass", "spf": "fail"}]),
    )
    case(
        "dmarc-any-order",
        "records first, metadata last, inside too",
        "xml",
        feedback(record(ip="", count="<count>3</count><source_ip>192.0.2.1</source_ip>"), policy(), metadata()),
        says(records=1),
    )
    case(
        "dmarc-stray-schema",
        "an xs:schema element around it that never ends",
        "xml",
        '<?xml version="1.0"?> <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://dmarc.org/dmarc-xml/0.1">\n'
        + feedback(metadata(), policy(), record(), head=""),
        says("stray_elements", records=1),
    )
    case(
        "dmarc-stray-schema-inside",
        "stray schema elements inside",
        "xml",
        feedback('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', metadata(), policy(), record()),
        says(records=1),
    )
    case(
        "dmarc-truncated",
        "cut in the second record",
        "xml",
        feedback(metadata(), policy(), record(), record(count="<count>100</count>"))[:-60],
        says("xml_truncated", "record_dropped", records=1, dropped=1),
    )
    case(
        "dmarc-truncated-metadata",
        "cut in the metadata",
        "xml",
        feedback(metadata()).split("<date_range>")[0],
        {
            "org_name": "Reporter One",
            "report_id": "r-1",
            "begin": None,
            "policy_domain": None,
            "records": 0,
            "warnings": ["xml_truncated", "no_records", "policy_domain_missing", "policy_missing", "dates_missing"],
        },
    )
    case(
        "dmarc-damaged-record",
        "a record that is not well-formed between two good ones",
        "xml",
        feedback(metadata(), policy(), record(), "<record><row><source_ip>1.2.3.4</row></record>\n", record(count="<count>4</count>")),
        says("xml_damaged", "record_dropped", records=2, messages=7, dropped=1),
    )
    case(
        "dmarc-bare-ampersand",
        "an ampersand in an address of the web",
        "xml",
        feedback(metadata(more="<extra_contact_info>https://r.example/?a=1&b=2</extra_contact_info>"), policy(), record()),
        says("bare_ampersand", extra_contact_info="https://r.example/?a=1&b=2", records=1),
    )
    case("dmarc-trailing", "something behind the end", "xml", PLAIN + "<more/> \n-- \nsent by a robot", says("trailing_content", records=1))
    case(
        "dmarc-cdata-comment",
        "CDATA sections and comments",
        "xml",
        feedback("<!-- <record> -->", metadata(org="<![CDATA[R & <D>]]>"), policy(), "<!-- one -->", record()),
        says(org_name="R & <D>", records=1),
    )
    for name, ip in (("missing", ""), ("empty", "<source_ip></source_ip>"), ("no-address", "<source_ip>unknown</source_ip>")):
        case(
            f"dmarc-source-ip-{name}",
            "one row without a usable source address beside a good one",
            "xml",
            feedback(metadata(), policy(), record(ip=ip), record()),
            says("source_ip_missing", "record_dropped", records=1, dropped=1),
        )
    for name, count in (
        ("negative", "-3"),
        ("underscore", "1_000"),
        ("plus", "+3"),
        ("fraction", "3.0"),
        ("arabic", "٣"),
        ("empty", ""),
        ("huge", "9" * 30),
        ("hex", "0x3"),
    ):
        case(
            f"dmarc-count-{name}",
            "a count that is not digits only beside a good one",
            "xml",
            feedback(metadata(), policy(), record(count=f"<count>{count}</count>"), record()),
            says("count_unusable", "record_dropped", records=1, dropped=1),
        )
    case(
        "dmarc-only-record-bad",
        "the only record is bad",
        "xml",
        feedback(metadata(), policy(), record(count="<count>-1</count>")),
        says("count_unusable", "record_dropped", "no_records", records=0, messages=0, dropped=1),
    )
    case("dmarc-no-records", "no record at all", "xml", feedback(metadata(), policy()), says("no_records", records=0, messages=0))
    case("dmarc-no-email", "no email", "xml", PLAIN.replace("<email>dmarc@reporter.example</email>", ""), says(email=None, records=1))
    case(
        "dmarc-no-report-id",
        "no report_id",
        "xml",
        feedback(metadata(id=None), policy(), record()),
        says("report_id_missing", report_id=None, records=1),
    )
    case(
        "dmarc-no-org",
        "no org_name",
        "xml",
        feedback(metadata(org=None), policy(), record()),
        says("org_name_missing", org_name=None, records=1),
    )
    case("dmarc-no-p", "no p", "xml", feedback(metadata(), policy(p=""), record()), says("policy_missing", records=1))
    case("dmarc-empty-sp", "sp is there and empty", "xml", feedback(metadata(), policy("<sp></sp>"), record()), says(records=1))
    case(
        "dmarc-no-dates",
        "no date_range",
        "xml",
        feedback("<report_metadata><org_name>Reporter One</org_name><report_id>r-1</report_id></report_metadata>", policy(), record()),
        says("dates_missing", begin=None, end=None, records=1),
    )
    for name, begin, end, words in (
        ("iso", BEGIN, END, ["date_normalized"]),
        ("iso-no-zone", "2026-09-21 14:13:20", "2026-09-22 14:13:19", ["date_normalized", "date_without_zone"]),
        ("float", f"{DAY}.0", f"{DAY + 86399}.75", ["date_normalized"]),
        ("milliseconds", DAY * 1000, (DAY + 86399) * 1000, ["date_normalized"]),
    ):
        case(
            f"dmarc-dates-{name}",
            "dates in another form than seconds",
            "xml",
            feedback(metadata(begin=begin, end=end), policy(), record()),
            says(*words, records=1),
        )
    case(
        "dmarc-dates-nonsense",
        "dates that are none",
        "xml",
        feedback(metadata(begin="soon", end="9" * 16), policy(), record()),
        says("date_unreadable", "date_normalized", begin=None, end=None, records=1),
    )
    case(
        "dmarc-end-before-begin",
        "end before begin",
        "xml",
        feedback(metadata(begin=DAY + 86399, end=DAY), policy(), record()),
        says("end_before_begin", begin=END, end=BEGIN, records=1),
    )
    case(
        "dmarc-weeks-long",
        "a span of weeks",
        "xml",
        feedback(metadata(end=DAY + 90 * 86400), policy(), record()),
        says(end="2026-12-20T14:13:20Z", records=1),
    )
    case(
        "dmarc-spf-words",
        "results of older specifications",
        "xml",
        feedback(
            metadata(),
            policy(),
            *(record(results=f"<spf><domain>a.example</domain><result>{word}</result></spf>") for word in ("hardfail", "Unknown", "error")),
        ),
        says(
            records=[
                {"auth_results": {"dkim": [], "spf": [{"domain": "a.example", "scope": None, "result": word, "human_result": None}]}}
                for word in ("hardfail", "unknown", "error")
            ],
            messages=9,
        ),
    )
    case(
        "dmarc-alignment-words",
        "aligned results other than pass and fail",
        "xml",
        feedback(metadata(), policy(), record(evaluated="<disposition>none</disposition><dkim>neutral</dkim><spf>hardfail</spf>")),
        says("alignment_normalized", records=[{"dkim": "fail", "spf": "fail"}], unaligned=3),
    )
    case(
        "dmarc-nothing-evaluated",
        "policy_evaluated is empty",
        "xml",
        feedback(metadata(), policy(), record(evaluated="")),
        says("disposition_missing", "alignment_missing", records=[{"disposition": None, "dkim": None, "spf": None}]),
    )
    case(
        "dmarc-odd-disposition",
        "a disposition nobody named",
        "xml",
        feedback(metadata(), policy(), record(evaluated="<disposition>Delivered</disposition><dkim>pass</dkim><spf>pass</spf>")),
        says("disposition_unknown", records=[{"disposition": "delivered"}]),
    )
    case(
        "dmarc-empty-reason",
        "reason is there and empty",
        "xml",
        feedback(metadata(), policy(), record(evaluated="<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf><reason/>")),
        says(records=[{"reasons": []}]),
    )
    case(
        "dmarc-empty-auth-results",
        "auth_results is there and empty",
        "xml",
        feedback(metadata(), policy(), record(results="")),
        says(records=[{"auth_results": {"dkim": [], "spf": []}}]),
    )
    case(
        "dmarc-spf-no-domain",
        "an spf result without domain",
        "xml",
        feedback(metadata(), policy(), record(results="<spf><result>none</result></spf>")),
        says(records=[{"auth_results": {"dkim": [], "spf": [{"domain": None, "scope": None, "result": "none", "human_result": None}]}}]),
    )
    case(
        "dmarc-identities",
        "identities for identifiers",
        "xml",
        feedback(metadata(), policy(), record(identifiers="<identities><header_from>mail.example</header_from></identities>")),
        says(records=[{"header_from": "mail.example"}]),
    )
    case(
        "dmarc-no-identifiers",
        "no identifiers",
        "xml",
        feedback(metadata(), policy(), record(identifiers="")),
        says("header_from_missing", records=[{"header_from": None}]),
    )
    case(
        "dmarc-policy-twice",
        "policy_published twice",
        "xml",
        feedback(metadata(), policy(), policy(domain="other.example"), record()),
        says("repeated_element", records=1),
    )
    case(
        "dmarc-lang-attributes",
        "langAttrString: texts with a language",
        "xml",
        feedback(
            metadata(more='<extra_contact_info lang="en">see web</extra_contact_info><error lang="de">zwei</error>'), policy(), record()
        ),
        says(extra_contact_info="see web", errors=["zwei"], records=1),
    )
    case(
        "dmarc-addresses",
        "address forms",
        "xml",
        feedback(
            metadata(),
            policy(),
            *(
                record(ip=f"<source_ip>{ip}</source_ip>")
                for ip in ("2001:0DB8:0:0:0:0:0:1", "::ffff:192.0.2.9", " 192.0.2.10 ", "192.000.002.011", "[2001:db8::2]")
            ),
        ),
        says(messages=15, records=[{"source_ip": ip} for ip in ("2001:db8::1", "192.0.2.9", "192.0.2.10", "192.0.2.11", "2001:db8::2")]),
    )
    case(
        "dmarc-doctype", "a DOCTYPE", "xml", PLAIN.replace("<feedback>", "<!DOCTYPE feedback>\n<feedback>"), refused=("doctype_forbidden",)
    )
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    case(
        "dmarc-billion-laughs",
        "entities in entities",
        "xml",
        PLAIN.replace("<feedback>", f'<!DOCTYPE lolz [<!ENTITY l0 "lol">{laughs}]>\n<feedback>').replace("Reporter One", "&l9;"),
        refused=("doctype_forbidden",),
    )
    case(
        "dmarc-external-entity",
        "an external entity",
        "xml",
        PLAIN.replace("<feedback>", '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n<feedback>').replace("Reporter One", "&x;"),
        refused=("doctype_forbidden",),
    )
    case(
        "dmarc-external-dtd",
        "an external DTD",
        "xml",
        PLAIN.replace("<feedback>", '<!DOCTYPE feedback SYSTEM "http://192.0.2.1/f.dtd">\n<feedback>'),
        refused=("doctype_forbidden",),
    )
    case(
        "dmarc-deep",
        "forty elements inside each other",
        "xml",
        feedback(metadata(), "<a>" * 40 + "</a>" * 40, policy(), record()),
        refused=("too_deep",),
    )
    case("dmarc-empty-frame", "a feedback element and nothing else", "xml", feedback(), refused=("empty_report",))
    named = "".join(f"<a{n}/>" for n in range(10_001))
    case(
        "dmarc-many-names",
        "ten thousand different names",
        "xml.gz",
        gz(feedback(metadata(), policy(), named)),
        refused=("too_many_elements",),
    )
    many = "<dkim><domain>d.example</domain><selector>s</selector><result>pass</result></dkim>" * 200
    case(
        "dmarc-many-results",
        "two hundred signatures in a record (RFC 9990: at most 100)",
        "xml.gz",
        gz(feedback(metadata(), policy(), record(results=many))),
        says("results_left_out", records=[{"auth_results": {"dkim": [{"result": "pass"}] * 128}}]),
    )
    case("xml-other", "XML that is something else", "xml", '<?xml version="1.0"?><svg><path d="M0 0"/></svg>', refused=("not_a_report",))
    case("xml-broken", "broken before the root's end", "xml", "<feedback", refused=("bad_xml",))


def tls_cases() -> None:
    def one(name: str, why: str, report: dict[str, Any], expected: dict[str, Any], *, dump: Any = json.dumps) -> None:
        case(name, why, "json", dump(report), expected)

    good = {
        "policy_type": "sts",
        "policy_domain": "mail.example",
        "mx_host": ["*.mail.example"],
        "successful_sessions": 40,
        "failed_sessions": 2,
    }
    sts = {"version": "STSv1", "mode": "enforce", "mx": ["*.mail.example"], "max_age": 604800}
    detail = {
        "result_type": "starttls-not-supported",
        "sending_mta_ip": "198.51.100.7",
        "receiving_mx_hostname": "mx1.mail.example",
        "receiving_mx_helo": None,
        "receiving_ip": "192.0.2.25",
        "failed_session_count": 2,
        "additional_information": None,
        "failure_reason_code": None,
    }
    one("tls-plain", "RFC 8460 §4, mx-host as a list", tls(), tls_says(policies=[{**good, "sts": sts, "failure_details": [detail]}]))
    words = sorted(RESULT_TYPES)
    details = [{"result-type": word, "failed-session-count": 1} for word in words]
    one(
        "tls-every-word",
        "every result type and policy type of RFC 8460",
        tls(
            tls_policy(
                **{
                    "summary": {"total-successful-session-count": 40, "total-failure-session-count": len(words)},
                    "failure-details": details,
                }
            ),
            changed(without(tls_policy(), "failure-details"), "tlsa", "policy", "policy-type"),
            changed(without(tls_policy(), "failure-details"), "no-policy-found", "policy", "policy-type"),
        ),
        tls_says(
            policies=[
                {"policy_type": "sts", "failure_details": [{"result_type": word, "failed_session_count": 1} for word in words]},
                {"policy_type": "tlsa"},
                {"policy_type": "no-policy-found"},
            ]
        ),
    )
    full = {
        **tls_policy()["failure-details"][0],
        "receiving-mx-helo": "mx1",
        "additional-information": "https://reporter.example/7",
        "failure-reason-code": "X509_V_ERR_CERT_HAS_EXPIRED",
    }
    tlsa = {
        "policy": {"policy-type": "tlsa", "policy-string": ["3 1 1 aabb", "_25._tcp.mx1.mail.example. 3600 IN TLSA 2 0 1 ( AA\tbb )"]},
        "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0},
    }
    tlsa["policy"]["policy-domain"] = "mail.example"
    one(
        "tls-every-field",
        "every field of RFC 8460 §4.4; an MTA-STS policy and TLSA records taken apart",
        tls(tls_policy(**{"failure-details": [full]}), tlsa),
        tls_says(
            contact_info="tls@reporter.example",
            policies=[
                {
                    **good,
                    "policy_string": ["version: STSv1", "mode: enforce", "mx: *.mail.example", "max_age: 604800"],
                    "sts": sts,
                    "failure_details": [
                        {
                            **detail,
                            "receiving_mx_helo": "mx1",
                            "additional_information": "https://reporter.example/7",
                            "failure_reason_code": "X509_V_ERR_CERT_HAS_EXPIRED",
                        }
                    ],
                },
                {
                    "policy_type": "tlsa",
                    "sts": None,
                    "tlsa": [
                        {"usage": 3, "selector": 1, "matching_type": 1, "data": "aabb"},
                        {"usage": 2, "selector": 0, "matching_type": 1, "data": "aabb"},
                    ],
                },
            ],
        ),
    )
    one(
        "tls-mx-host-string",
        "mx-host as a string (RFC 8460's sample)",
        tls(changed(tls_policy(), ".mail.example", "policy", "mx-host")),
        tls_says(policies=[{**good, "mx_host": [".mail.example"]}]),
    )
    one(
        "tls-mx-host-pattern",
        "mx-host-pattern of the drafts",
        tls(without(changed(tls_policy(), "*.mail.example", "policy", "mx-host-pattern"), "policy", "mx-host")),
        tls_says(policies=[good]),
    )
    one(
        "tls-no-policy-domain",
        "no-policy-found without policy-domain",
        tls(
            {
                "policy": {"policy-type": "no-policy-found"},
                "summary": {"total-successful-session-count": 7, "total-failure-session-count": 0},
            }
        ),
        tls_says(
            "policy_domain_missing",
            policy_domain=None,
            policies=[{"policy_type": "no-policy-found", "policy_domain": None, "successful_sessions": 7}],
        ),
    )
    one(
        "tls-bad-policy-beside-good", "one policy is a number", tls(7, tls_policy()), tls_says("policy_dropped", dropped=1, policies=[good])
    )
    one(
        "tls-bad-count-beside-good",
        "one policy counts below zero",
        tls(changed(tls_policy(), -1, "summary", "total-failure-session-count"), tls_policy()),
        tls_says("count_unusable", "policy_dropped", dropped=1, policies=[good]),
    )
    one(
        "tls-underscore-count",
        "a count of 1_000",
        tls(changed(tls_policy(), "1_000", "summary", "total-successful-session-count"), tls_policy()),
        tls_says("count_unusable", "policy_dropped", dropped=1, policies=[good]),
    )
    one(
        "tls-unknown-policy-type",
        "a policy-type nobody named",
        tls(changed(tls_policy(), "Magic", "policy", "policy-type")),
        tls_says("policy_type_unknown", policies=[{**good, "policy_type": "magic"}]),
    )
    one(
        "tls-upper-case",
        "types in upper case",
        tls(
            tls_policy(
                policy={"policy-type": "STS", "policy-domain": "MAIL.example."},
                **{"failure-details": [{"result-type": "STARTTLS-Not-Supported", "failed-session-count": 2}]},
            )
        ),
        tls_says(
            policies=[
                {"policy_type": "sts", "policy_domain": "mail.example", "failure_details": [{"result_type": "starttls-not-supported"}]}
            ]
        ),
    )
    one(
        "tls-no-policy-type",
        "no policy-type",
        tls(without(tls_policy(), "policy", "policy-type")),
        tls_says("policy_type_missing", policies=[{"policy_type": None}]),
    )
    one(
        "tls-no-summary",
        "no summary",
        tls(without(tls_policy(), "summary")),
        tls_says("summary_missing", policies=[{**good, "successful_sessions": 0, "failed_sessions": 2}]),
    )
    one(
        "tls-no-result-type",
        "no result-type",
        tls(tls_policy(**{"failure-details": [{"failed-session-count": 2}]})),
        tls_says("result_type_missing", policies=[{**good, "failure_details": [{"result_type": None, "failed_session_count": 2}]}]),
    )
    one(
        "tls-bad-detail-beside-good",
        "one failure detail without a count",
        tls(
            tls_policy(
                **{
                    "failure-details": [
                        {"result-type": "validation-failure"},
                        {"result-type": "validation-failure", "failed-session-count": 2},
                    ]
                }
            )
        ),
        tls_says("count_unusable", "failure_dropped", dropped=1, policies=[{**good, "failure_details": [{"failed_session_count": 2}]}]),
    )
    one(
        "tls-details-null",
        "failure-details is null",
        tls(changed(tls_policy(**{"failure-details": None}), 0, "summary", "total-failure-session-count")),
        tls_says(policies=[{"failed_sessions": 0, "failure_details": []}]),
    )
    one(
        "tls-no-contact",
        "no contact-info",
        tls(**{"contact-info": "absent"}),
        tls_says("contact_info_missing", contact_info=None, policies=[good]),
    )
    one(
        "tls-contact-null",
        "contact-info is null",
        tls(**{"contact-info": None}),
        tls_says("contact_info_missing", contact_info=None, policies=[good]),
    )
    for name, value in (("empty", ""), ("null", None)):
        one(
            f"tls-mta-ip-{name}",
            "sending-mta-ip is there and says nothing",
            tls(
                tls_policy(
                    **{"failure-details": [{"result-type": "sts-policy-invalid", "sending-mta-ip": value, "failed-session-count": 2}]}
                )
            ),
            tls_says(policies=[{"failure_details": [{"sending_mta_ip": None}]}]),
        )
    one(
        "tls-mta-ip-nonsense",
        "sending-mta-ip is no address",
        tls(tls_policy(**{"failure-details": [{"result-type": "sts-policy-invalid", "sending-mta-ip": "mx7", "failed-session-count": 2}]})),
        tls_says("address_unreadable", policies=[{"failure_details": [{"sending_mta_ip": None}]}]),
    )
    one(
        "tls-dates-no-zone",
        "dates without zone",
        tls(**{"date-range": {"start-datetime": "2026-09-21T00:00:00", "end-datetime": "2026-09-21T23:59:59"}}),
        tls_says("date_without_zone", policies=[good]),
    )
    one(
        "tls-dates-lower-case",
        "RFC 3339 §5.6: t and z in lower case",
        tls(**{"date-range": {"start-datetime": "2026-09-21t00:00:00z", "end-datetime": "2026-09-21t23:59:59z"}}),
        tls_says(policies=[good]),
    )
    one(
        "tls-dates-leap-second",
        "RFC 3339 §5.6: a leap second",
        tls(**{"date-range": {"start-datetime": "2016-12-31T00:00:00Z", "end-datetime": "2016-12-31T23:59:60Z"}}),
        tls_says(begin="2016-12-31T00:00:00Z", end="2017-01-01T00:00:00Z", policies=[good]),
    )
    one(
        "tls-dates-24-00",
        "RFC 8460 §4.4: a day from 00:00 to 24:00, taken at its word",
        tls(**{"date-range": {"start-datetime": "2026-09-21T00:00:00Z", "end-datetime": "2026-09-21T24:00:00Z"}}),
        tls_says(end="2026-09-22T00:00:00Z", policies=[good]),
    )
    one(
        "tls-counts-strings",
        "counts as strings",
        tls(
            changed(changed(tls_policy(), "40", "summary", "total-successful-session-count"), "2", "summary", "total-failure-session-count")
        ),
        tls_says(policies=[good]),
    )
    inner = json.dumps(["3 1 1 " + "ab" * 32, "2 0 1 " + "CD" * 32])
    tlsa = [
        {"usage": 3, "selector": 1, "matching_type": 1, "data": "ab" * 32},
        {"usage": 2, "selector": 0, "matching_type": 1, "data": "cd" * 32},
    ]
    one(
        "tls-tlsa-inner-list",
        "TLSA records as a JSON list inside a string",
        tls(tls_policy(policy={"policy-type": "tlsa", "policy-domain": "mail.example", "policy-string": [inner]})),
        tls_says(
            policies=[{"policy_type": "tlsa", "tlsa": tlsa, "sts": None, "policy_string": ["3 1 1 " + "ab" * 32, "2 0 1 " + "CD" * 32]}]
        ),
    )
    one(
        "tls-tlsa-full",
        "TLSA records with owner name",
        tls(
            tls_policy(
                policy={
                    "policy-type": "tlsa",
                    "policy-domain": "mail.example",
                    "policy-string": ["_25._tcp.mx1.mail.example. 3600 IN TLSA ( 3 1 1 " + "ab" * 32 + " )"],
                }
            )
        ),
        tls_says(policies=[{"tlsa": tlsa[:1]}]),
    )
    one(
        "tls-tlsa-semicolons",
        "RFC 8460 §4: TLSA records in one text, a semicolon between them",
        tls(
            tls_policy(
                policy={
                    "policy-type": "tlsa",
                    "policy-domain": "mail.example",
                    "policy-string": ["3 1 1 " + "ab" * 32 + "; 2 0 1 " + "cd" * 32],
                }
            )
        ),
        tls_says(policies=[{"tlsa": tlsa}]),
    )
    one(
        "tls-policy-string-text",
        "policy-string as one text",
        tls(changed(tls_policy(), "version: STSv1\r\nmode: testing\r\nmx: *.mail.example\r\nmax_age: 86400", "policy", "policy-string")),
        tls_says(policies=[{"sts": {**sts, "mode": "testing", "max_age": 86400}}]),
    )
    one(
        "tls-sums-differ",
        "the summary says 1, the details add up to 2",
        tls(changed(tls_policy(), 1, "summary", "total-failure-session-count")),
        tls_says("failure_counts_differ", policies=[{"failed_sessions": 1, "failure_details": [{"failed_session_count": 2}]}]),
    )
    one("tls-bom", "UTF-8 byte order mark", tls(), tls_says(policies=[good]), dump=lambda r: b"\xef\xbb\xbf" + json.dumps(r).encode())
    one("tls-utf16", "UTF-16", tls(), tls_says(policies=[good]), dump=lambda r: json.dumps(r).encode("utf-16"))
    one("tls-leading-newline", "a newline before it", tls(), tls_says(policies=[good]), dump=lambda r: "\n\n" + json.dumps(r))
    one(
        "tls-policies-null",
        "policies is null",
        tls(policies=None),
        tls_says("no_policies", "policy_domain_missing", policy_domain=None, policies=[]),
    )
    one(
        "tls-two-policies",
        "the first policy names the domain",
        tls(tls_policy(), changed(tls_policy(), "other.example", "policy", "policy-domain")),
        tls_says(policies=[good, {"policy_domain": "other.example"}]),
    )
    case("json-other", "JSON that is something else", "json", '{"hello": "world"}', refused=("not_a_report",))
    case("json-broken", "cut off", "json", json.dumps(tls())[:-30], refused=("bad_json",))
    case("json-deep", "a hundred thousand lists inside each other", "json", "[" * 100_000, refused=("bad_json",))
    case("json-wide", "a million empty lists", "json.gz", gz('{"policies":[' + "[]," * 1_000_000 + "0]}"), refused=("too_many_elements",))


def container_cases() -> None:
    good = says(records=1)
    both = (says(records=1), {**ANOTHER_SAYS, "records": 1})
    case("gz", "gzip", "gz", gz(PLAIN), good)
    case("gz-of-gz", "gzip in gzip", "gz", gz(gz(PLAIN)), good)
    half = len(PLAIN) // 2
    case("gz-members", "gzip in two members", "gz", gz(PLAIN[:half]) + gz(PLAIN[half:]), good)
    case("gz-padded", "zeros behind the gzip", "gz", gz(PLAIN) + b"\0" * 64, good)
    case("gz-trailing", "something behind the gzip", "gz", gz(PLAIN) + b"-- \nrobot", says("trailing_content", records=1))
    case("gz-truncated-trailer", "the gzip lacks its last bytes", "gz", gz(PLAIN)[:-6], says("archive_truncated", records=1))
    many = feedback(
        metadata(),
        policy(),
        *(record(ip=f"<source_ip>192.0.2.{n % 250}</source_ip>", count=f"<count>{n * n * 7919 % 1000003}</count>") for n in range(600)),
    )
    cut = gz(many)[:-400]
    whole = zlib.decompressobj(31).decompress(cut).count(b"</record>")
    case(
        "gz-truncated",
        "the gzip is cut in the middle",
        "gz",
        cut,
        {"org_name": "Reporter One", "records": whole, "warnings": ["archive_truncated", "xml_truncated", "record_dropped"], "dropped": 1},
    )
    bad_sum = bytearray(gz(PLAIN))
    bad_sum[-8] ^= 0xFF
    case("gz-checksum", "the gzip's checksum is wrong", "gz", bytes(bad_sum), says("checksum_mismatch", records=1))
    case("gz-nothing", "a gzip header and nothing more", "gz", gz(PLAIN)[:12], refused=("bad_gzip",))
    case("gz-garbage", "a gzip header and garbage", "gz", gz(PLAIN)[:10] + b"\xff" * 200, refused=("bad_gzip",))
    case("gz-too-deep", "gzip in gzip in gzip in gzip", "gz", gz(gz(gz(gz(PLAIN)))), refused=("too_deep",))
    bomb = gz(gz(b"<feedback>" + b" " * (110 * 1024 * 1024)))
    case("gz-bomb", "110 MB of spaces, twice compressed", "gz", bomb, refused=("too_large",))
    case("zip", "zip", "zip", zipped((f"{NAME}.xml", PLAIN)), good)
    case("zip-stored", "zip without compression", "zip", zipped((f"{NAME}.xml", PLAIN), method=zipfile.ZIP_STORED), good)
    case("zip-two-reports", "two reports in a zip", "zip", zipped(("a.xml", PLAIN), ("b.xml", ANOTHER)), *both)
    case(
        "zip-folder-readme",
        "a folder and a README first",
        "zip",
        zipped(("reports/", ""), ("README.txt", "Dear customer, see below."), ("reports/a.xml", PLAIN)),
        good,
    )
    case("zip-gz-inside", "gzip in zip", "zip", zipped(("a.xml.gz", gz(PLAIN)), ("b.xml", ANOTHER)), *both)
    case("zip-in-zip", "zip in zip", "zip", zipped(("inner.zip", zipped(("a.xml", PLAIN)))), good)
    case(
        "zip-bad-beside-good",
        "a broken report beside a good one",
        "zip",
        zipped(("a.xml", "<feedback><"), ("b.xml", PLAIN)),
        good,
        refused=("bad_xml",),
    )
    encrypted = bytearray(zipped(("a.xml", PLAIN)))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = encrypted.find(magic) + offset
        struct.pack_into("<H", encrypted, at, struct.unpack_from("<H", encrypted, at)[0] | 1)
    case("zip-encrypted", "an encrypted member", "zip", bytes(encrypted), refused=("encrypted_zip",))
    case(
        "zip-bzip2",
        "a member in a method no reporter uses",
        "zip",
        zipped(("a.xml", PLAIN), method=zipfile.ZIP_BZIP2),
        refused=("unsupported_compression",),
    )
    case(
        "zip-no-directory",
        "the zip is cut before its directory",
        "zip",
        zipped(("a.xml", PLAIN), ("b.xml", ANOTHER)).split(b"PK\x01\x02")[0],
        says("zip_directory_missing", records=1),
        {**ANOTHER_SAYS, "records": 1, "warnings": ["zip_directory_missing"]},
    )
    liar = bytearray(zipped(("a.xml", PLAIN)))
    struct.pack_into("<L", liar, liar.find(b"PK\x01\x02") + 24, 10)
    case("zip-lying-size", "the zip says its member is 10 bytes long", "zip", bytes(liar), says("size_mismatch", records=1))
    case("zip-empty", "an empty zip", "zip", zipped(), refused=("no_report_in_archive",))
    case("zip-no-report", "a zip of pictures", "zip", zipped(("a.txt", "hello"), ("b.svg", "<svg/>")), refused=("no_report_in_archive",))
    case(
        "zip-many-members",
        "more members than the limit",
        "zip",
        zipped(*((f"{n}.txt", "x") for n in range(101))),
        refused=("too_many_members",),
    )
    case("empty", "no bytes", "bin", b"", refused=("empty_input",))
    case("blank", "white space", "txt", " \r\n\n", refused=("empty_input",))
    case("text", "plain words", "txt", "Hello, this is no report.\n", refused=("not_a_report",))
    case("html", "a web page", "html", "<!DOCTYPE html><html><body><p>Hello<br></body></html>", refused=("not_a_report",))


def mail_cases() -> None:
    good = says(records=1)
    both = (says(records=1), {**ANOTHER_SAYS, "records": 1})
    name = attachment(f"{NAME}.xml.gz")
    case("mail-gz", "the usual mail", "eml", multipart(LETTER, part(gz(PLAIN), "application/gzip", name)), good)
    case(
        "mail-zip-is-the-body",
        "the body is the zip",
        "eml",
        mail(b64(zipped(("a.xml", PLAIN))), "application/zip", "Content-Transfer-Encoding: base64\r\n"),
        good,
    )
    case("mail-xml-attached", "attached without compression", "eml", multipart(LETTER, part(PLAIN.encode(), "text/xml", name)), good)
    unused = part(b"unused\r\n", "text/plain", encoding="7bit")
    case("mail-body-unused", "a body that says it is unused", "eml", multipart(unused, part(gz(PLAIN), "application/gzip", name)), good)
    case("mail-octet-stream", ".xml.gz as octet-stream", "eml", multipart(LETTER, part(gz(PLAIN), "application/octet-stream", name)), good)
    case("mail-no-name", "an attachment without name or type", "eml", multipart(LETTER, part(gz(PLAIN), "application/x-unknown")), good)
    case(
        "mail-wrong-type", "gzip that says it is zip", "eml", multipart(part(gz(PLAIN), "application/zip", attachment("report.zip"))), good
    )
    split = f"Content-Disposition: attachment; filename*0={NAME};\r\n filename*1=.xml; filename*2=.gz\r\n"
    case(
        "mail-rfc2231-name",
        "a name in pieces (RFC 2231)",
        "eml",
        multipart(LETTER, part(gz(PLAIN), "application/octet-stream", split)),
        good,
    )
    case(
        "mail-two-attachments",
        "two reports in a mail",
        "eml",
        multipart(
            LETTER, part(gz(PLAIN), "application/gzip", name), part(zipped(("b.xml", ANOTHER)), "application/zip", attachment("b.zip"))
        ),
        *both,
    )
    case(
        "mail-bad-before-good",
        "a broken attachment before a good one",
        "eml",
        multipart(part(gz(PLAIN)[:12], "application/gzip", name), part(gz(PLAIN), "application/gzip", name)),
        good,
        refused=("bad_gzip",),
    )
    case(
        "mail-body-xml-8bit",
        "the body is text/xml, 8bit",
        "eml",
        mail(feedback(metadata(org="Réseau"), policy(), record()), "text/xml; charset=utf-8", "Content-Transfer-Encoding: 8bit\r\n"),
        says(org_name="Réseau", records=1),
    )
    import quopri

    case(
        "mail-body-xml-qp",
        "the body is text/xml, quoted-printable",
        "eml",
        mail(quopri.encodestring(PLAIN.encode()).decode(), "text/xml", "Content-Transfer-Encoding: quoted-printable\r\n"),
        good,
    )
    case(
        "mail-body-xml-base64",
        "the body is text/xml, base64",
        "eml",
        mail(b64(PLAIN.encode()), "text/xml", "Content-Transfer-Encoding: base64\r\n"),
        good,
    )
    case(
        "mail-body-inline",
        "the report pasted under a letter",
        "eml",
        mail("Dear postmaster,\r\n\r\n" + PLAIN),
        says("leading_content", records=1),
    )
    inner = multipart(LETTER, part(gz(PLAIN), "application/gzip", name))
    case(
        "mail-forwarded",
        "a forwarded mail (message/rfc822)",
        "eml",
        multipart(LETTER, f"Content-Type: message/rfc822\r\n\r\n{inner.replace('b1', 'b2')}\r\n"),
        good,
    )
    case(
        "mail-eml-octet-stream",
        "an .eml as octet-stream",
        "eml",
        multipart(LETTER, part(inner.encode(), "application/octet-stream", attachment("report.eml"))),
        good,
    )
    case("mail-rfc822-base64", "message/rfc822 under base64", "eml", multipart(LETTER, part(inner.encode(), "message/rfc822")), good)
    html = part(b"<html><body><p>Report<br></body></html>", "text/html", encoding="7bit")
    case("mail-html-alternative", "an HTML alternative", "eml", multipart(html, LETTER, part(gz(PLAIN), "application/gzip", name)), good)
    case(
        "mail-tls-gzip",
        "application/tlsrpt+gzip",
        "eml",
        multipart(
            LETTER,
            part(gz(json.dumps(tls())), "application/tlsrpt+gzip", attachment("r!d!1!2.json.gz")),
            kind="report",
            more="; report-type=tlsrpt",
        ),
        tls_says(),
    )
    case(
        "mail-tls-json",
        "application/tlsrpt+json",
        "eml",
        multipart(
            LETTER,
            part(json.dumps(tls(), indent=1).replace("\n", "\r\n").encode(), "application/tlsrpt+json", encoding="7bit"),
            kind="report",
            more="; report-type=tlsrpt",
        ),
        tls_says(),
    )
    case("mail-no-report", "a letter", "eml", mail("Hello.\r\n"), refused=("no_report_in_mail",))
    case(
        "mail-no-report-parts",
        "a letter with a picture",
        "eml",
        multipart(LETTER, part(b"\x89PNG\r\n\x1a\n", "image/png")),
        refused=("no_report_in_mail",),
    )
    flood = mail("\r\n" * 500_001, 'multipart/mixed; boundary="b1"')
    case("mail-many-lines", "half a million lines", "eml.gz", gz(flood), refused=("too_many_lines",))
    case("mail-many-parts", "more parts than the limit", "eml", multipart(*[LETTER] * 80), refused=("too_many_parts",))
    deep = "".join(f'Content-Type: multipart/mixed; boundary="d{n}"\r\n\r\n--d{n}\r\n' for n in range(30))
    case("mail-deep", "thirty multiparts inside each other", "eml", f"From: a@b.example\r\n{deep}\r\nx", refused=("too_deep",))
    case(
        "mail-long-header",
        "a header of 100 kB",
        "eml",
        mail("Hello.\r\n", more=f"X-Long: {'x' * 100_000}\r\n"),
        refused=("headers_too_large",),
    )
    one, two = mail(b64(gz(PLAIN)), "application/gzip", "Content-Transfer-Encoding: base64\r\n"), inner.replace("b1", "b3")
    mbox = "".join(
        f"From noreply@reporter.example Tue Sep 22 15:00:00 2026\n{text.replace(chr(13), '')}\n" for text in (one, two, mail("Hello."))
    )
    case("mbox", "three messages, the last a letter", "mbox", mbox, good, good, refused=("no_report_in_mail",))


def failure_cases() -> None:
    fields = (
        "Feedback-Type: auth-failure\r\nUser-Agent: Agent/1.0\r\nVersion: 1\r\nOriginal-Mail-From: <alice@mail.example>\r\n"
        "Original-Rcpt-To: <bob@reporter.example>\r\nArrival-Date: Mon, 21 Sep 2026 12:00:00 +0200\r\nSource-IP: 203.0.113.5\r\n"
        "Reported-Domain: mail.example\r\nReporting-MTA: dns; mx.reporter.example\r\nIdentity-Alignment: spf, dkim\r\n"
        "Auth-Failure: dmarc\r\nDelivery-Result: reject\r\nDKIM-Domain: mail.example\r\nDKIM-Selector: s1\r\n"
        "Authentication-Results: mx.reporter.example; dmarc=fail header.from=mail.example smtp.mailfrom=alice@mail.example\r\n\r\n"
    )
    every = fields.replace("\r\n\r\n", "\r\n") + (
        "Original-Envelope-Id: 65E1A3F0A0\r\nSource-Port: 12345\r\nIncidents: 3\r\nReported-URI: mailto:alice@mail.example\r\n"
        "Reported-URI: https://mail.example/\r\nDKIM-Identity: alice@mail.example\r\nDKIM-ADSP-DNS: dkim=all\r\n"
        "DKIM-Selector-DNS: v=DKIM1; p=abc\r\nDKIM-Canonicalized-Header: RnJvbTogQWxpY2U=\r\nDKIM-Canonicalized-Body: VGhlIHBsYW4=\r\n"
        'SPF-DNS: txt : mail.example : "v=spf1 -all"\r\nSPF-DNS: txt : b.example : "v=spf1 ~all"\r\n\r\n'
    )
    original = (
        "From: Alice <alice@mail.example>\r\nTo: bob@reporter.example\r\nSubject: secret plans\r\n"
        "Message-ID: <77@mail.example>\r\n\r\nThe plan is this.\r\n"
    )
    expected: dict[str, Any] = {
        "kind": "failure",
        "org_name": "reporter.example",
        "report_id": "m-1@reporter.example",
        "policy_domain": "mail.example",
        "begin": "2026-09-21T10:00:00Z",
        "end": "2026-09-21T10:00:00Z",
        "feedback_type": "auth-failure",
        "auth_failure": ["dmarc"],
        "identity_alignment": ["spf", "dkim"],
        "delivery_result": "reject",
        "source_ip": "203.0.113.5",
        "dkim_selector": "s1",
        "original_mail_from": "<…@mail.example>",
        "original_rcpt_to": ["<…@reporter.example>"],
        "original_from": "Alice <…@mail.example>",
        "authentication_results": "mx.reporter.example; dmarc=fail header.from=mail.example smtp.mailfrom=…@mail.example",
        "original_subject": None,
        "original_body": None,
        "redacted": True,
        "warnings": [],
        "dropped": 0,
    }
    arf = {"kind": "report", "more": "; report-type=feedback-report"}
    message = f"Content-Type: message/rfc822\r\n\r\n{original}"
    case(
        "failure-arf",
        "RFC 6591, redacted",
        "eml",
        multipart(LETTER, f"Content-Type: message/feedback-report\r\n\r\n{fields}", message, **arf),
        expected,
    )
    case(
        "failure-every-field",
        "every field of RFC 5965, 6591, 6692 and 9991, redacted: what holds the message's own text is left out",
        "eml",
        multipart(LETTER, f"Content-Type: message/feedback-report\r\n\r\n{every}", message, **arf),
        {
            **expected,
            "version": "1",
            "source_port": 12345,
            "incidents": 3,
            "user_agent": "Agent/1.0",
            "reporting_mta": "dns; mx.reporter.example",
            "original_envelope_id": "65E1A3F0A0",
            "original_message_id": "<…@mail.example>",
            "reported_uri": ["mailto:…@mail.example", "https://mail.example/"],
            "dkim_domain": "mail.example",
            "dkim_identity": "…@mail.example",
            "dkim_adsp_dns": "dkim=all",
            "dkim_selector_dns": "v=DKIM1; p=abc",
            "dkim_canonicalized_header": None,
            "dkim_canonicalized_body": None,
            "spf_dns": ['txt : mail.example : "v=spf1 -all"', 'txt : b.example : "v=spf1 ~all"'],
        },
    )
    gen = fields.replace("Identity-Alignment: spf, dkim", "Identity-Alignment: none").replace(
        "Delivery-Result: reject", "Delivery-Result: other"
    )
    case(
        "failure-alignment-none",
        "RFC 9991: no mechanism failed to align; delivery other; a semicolon behind the sender's address, as its appendix has it",
        "eml",
        multipart(LETTER, f"Content-Type: message/feedback-report\r\n\r\n{gen}", message, **arf)
        .replace("noreply@reporter.example>", "noreply@reporter.example>;")
        .replace("m-1@reporter.example>", "m-1@reporter.example>;"),
        {**expected, "identity_alignment": ["none"], "delivery_result": "other"},
    )
    commented = (
        fields.replace("spf, dkim", "(of two) spf (its (own) domain) , dkim")
        .replace("Auth-Failure: dmarc", "Auth-Failure: dmarc (RFC 9991)")
        .replace("Result: reject", "Result: (p=reject) reject")
        .replace("Reported-Domain: mail.example", "Reported-Domain: (about) mail.example")
        .replace("Source-IP: 203.0.113.5", "Source-IP: (from) [IPv6:2001:DB8::5]")
    )
    case(
        "failure-comments",
        "comments where RFC 9991 §4 and RFC 6591 allow them; an address literal",
        "eml",
        multipart(LETTER, f"Content-Type: message/feedback-report\r\n\r\n{commented}", message, **arf),
        {**expected, "source_ip": "2001:db8::5"},
    )
    case(
        "failure-base64",
        "its parts under base64",
        "eml",
        multipart(LETTER, part(fields.encode(), "message/feedback-report"), part(original.encode(), "text/rfc822-headers"), **arf),
        expected,
    )
    attached = original.replace("Message-ID", 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b7"\r\nMessage-ID').replace(
        "The plan is this.\r\n", f"--b7\r\n{part(gz(PLAIN), 'application/gzip', attachment('a.xml.gz'))}--b7--\r\n"
    )
    case(
        "failure-of-a-report",
        "the message that failed was an aggregate report: it is not read as one",
        "eml",
        multipart(
            LETTER, f"Content-Type: message/feedback-report\r\n\r\n{fields}", f"Content-Type: message/rfc822\r\n\r\n{attached}", **arf
        ),
        expected,
    )
    plain = (
        "A message claiming to be from you has failed the published DMARC\r\n"
        "policy for your domain.\r\n\r\n  Sender Domain: mail.example\r\n"
        "  Sender IP Address: 203.0.113.5\r\n  Received Date: Mon, 21 Sep 2026 12:00:00 +0200\r\n"
        "  SPF Alignment: no\r\n  DKIM Alignment: no\r\n"
        "  DMARC Results: Reject\r\n"
    )
    case(
        "failure-text-only",
        "plain text instead of the feedback part",
        "eml",
        mail(plain),
        {
            "kind": "failure",
            "policy_domain": "mail.example",
            "source_ip": "203.0.113.5",
            "delivery_result": "reject",
            "begin": "2026-09-21T10:00:00Z",
            "warnings": ["feedback_fields_missing", "original_missing"],
        },
    )


def main() -> None:
    for build in (dmarc_cases, tls_cases, container_cases, mail_cases, failure_cases):
        build()
    for old in HERE.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    for name, why, suffix, content, reports, refused in CASES:
        folder = HERE / name
        folder.mkdir()
        (folder / f"input.{suffix}").write_bytes(content)
        expected = {"why": why, "reports": reports, "refused": refused}
        (folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
