"""The reporter that Postfix users run (tlsrpt-reporter on PyPI): its own daemon makes a report and delivers it both ways.

``tlsrpt-reportd`` asks a fetcher, which is any program that speaks its protocol, for a day's figures. Ours prints some;
everything after that, rendering, gzip, the mail, the POST by curl, is the daemon's own.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from ingest.reports.model import TlsReport
from ingest.reports.reader import FoundReport, read_reports

REPORTD = Path(__file__).parents[3] / ".cache" / "tlsrpt-reporter" / "bin" / "tlsrpt-reportd"

pytestmark = [
    pytest.mark.skipif(not REPORTD.exists(), reason="no tlsrpt-reporter in .cache (tests/setup.sh gets it from PyPI)"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl"),
]

FETCHER = """#!{python}
import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc)
if len(sys.argv) == 2:
    print("TLSRPT FETCHER v1devel-c domain list")
    print(now.strftime("%Y-%m-%d %H:%M:%S"))
    print((now - datetime.timedelta(days=1)).date())
    if sys.argv[1] > "2000":
        print("example.org")
    print(".")
else:
    lines = ["version: STSv1", "mode: enforce"]
    policy = json.dumps({{"policy-type": 2, "policy-string": lines, "policy-domain": "example.org", "mx-host": ["mx.example.org"]}})
    failure = json.dumps({{"c": 201, "h": "mx.example.org", "n": "mx.example.org", "r": "192.0.2.1", "s": "192.0.2.9"}})
    figures = {{"cntrtotal": 10, "cntrfailure": 3, "failures": {{failure: 3}}}}
    print(json.dumps({{"d": "example.org", "policies": {{"v=TLSRPTv1;rua={rua}": {{policy: figures}}}}}}))
"""
SENDMAIL = """#!{python}
import smtplib, sys
from email import message_from_bytes
raw = sys.stdin.buffer.read()
with smtplib.SMTP("127.0.0.1", {port}) as client:
    client.sendmail("noreply@sender.example", [message_from_bytes(raw)["To"]], raw)
"""


DELIVERED = """SELECT destinations.status, report FROM destinations JOIN reports ON r_id = d_r_id
WHERE retries > 0 OR destinations.status IS NOT NULL"""


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def run_reportd(folder: Path, rua: str, **options: str) -> tuple[str, str]:
    """Let the daemon make and deliver one report; its status of the delivery, and the report as it keeps it."""
    fetcher = program(folder / "fetcher", FETCHER.format(python=sys.executable, rua=rua))
    database = folder / "reportd.sqlite"
    settings = {
        "organization_name": "Sender Example",
        "contact_info": "tls@sender.example",
        "sender_address": "noreply@sender.example",
        "dbname": str(database),
        "logfilename": str(folder / "reportd.log"),
        "log_level": "debug",
        "pidfilename": str(folder / "reportd.pid"),
        "fetchers": str(fetcher),
        "interval_main_loop": "1",
        "spread_out_delivery": "1",
        "max_wait_domainlist": "1",
        "min_wait_domainlist": "0",
        **options,
    }
    configuration = folder / "reportd.cfg"
    configuration.write_text("[tlsrpt_reportd]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    daemon = subprocess.Popen([REPORTD, "--config_file", str(configuration)])
    try:
        deadline = time.monotonic() + 40
        while not (found := delivered(database)):
            assert daemon.poll() is None and time.monotonic() < deadline, (folder / "reportd.log").read_text()
            time.sleep(0.2)
        return found
    finally:
        daemon.terminate()
        daemon.wait(10)


def delivered(database: Path) -> tuple[str, str] | None:
    """Status and report, once the delivery is over."""
    if not database.exists():
        return None
    connection = sqlite3.connect(database)
    try:
        row = connection.execute(DELIVERED).fetchone()
    except sqlite3.OperationalError:  # its tables are being made
        return None
    finally:
        connection.close()
    return row and (str(row[0]), row[1])


def the_report(body: bytes) -> TlsReport:
    (found,) = read_reports(body)
    assert isinstance(found, FoundReport), found
    assert isinstance(found.report, TlsReport)
    return found.report


def check(report: TlsReport, kept: dict[str, Any]) -> None:
    assert (report.org_name, report.report_id, report.warnings) == ("Sender Example", kept["report-id"], ())
    (policy,) = report.policies
    assert (policy.policy_domain, policy.successful_sessions, policy.failed_sessions) == ("example.org", 7, 3)
    assert [detail.result_type for detail in policy.failure_details] == ["starttls-not-supported"]


def test_by_https(start_https: Any, tmp_path: Path) -> None:
    intake = start_https()
    host, port = intake.address
    pem = tmp_path / "certificate" / "self-made.pem"
    curl = f"curl --silent --show-error --fail --cacert {pem} --resolve mx.example.org:{port}:{host}"
    script = f"{curl} --header 'Content-Type: application/tlsrpt+gzip' --data-binary @-"
    status, kept = run_reportd(tmp_path, f"https://mx.example.org:{port}/v1/tlsrpt", http_script=script)
    assert status == "sent"
    (found,) = intake.records()
    assert gzip.decompress(found.record.body) == kept.encode(), "byte for byte what it made"
    assert (found.record.way, found.record.media_type) == ("https", "application/tlsrpt+gzip")
    check(the_report(found.record.body), json.loads(kept))


def test_by_mail(start_smtp: Any, tmp_path: Path) -> None:
    intake = start_smtp()
    sendmail = program(tmp_path / "sendmail", SENDMAIL.format(python=sys.executable, port=intake.address[1]))
    status, kept = run_reportd(tmp_path, "mailto:reports@example.org", sendmail_script=f"{sendmail} -i -t")
    assert status == "sent"
    (found,) = intake.records()
    message = message_from_bytes(found.record.body)
    assert message["TLS-Report-Domain"] == "example.org"
    attached = message.get_payload(1).get_payload(decode=True)  # type: ignore[union-attr,call-overload]  # a multipart's second part
    assert gzip.decompress(attached) == kept.encode()
    check(the_report(found.record.body), json.loads(kept))
