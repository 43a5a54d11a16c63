"""Reports: MIME, unpacking, DMARC aggregate reports, TLS reports, failure reports.

``read_reports`` is the one entrance; ``model`` says what comes out.
"""

from ingest.reports.errors import ReportError
from ingest.reports.failure import Privacy
from ingest.reports.limits import DEFAULT_LIMITS, Limits
from ingest.reports.model import DmarcRecord, DmarcReport, FailureReport, Report, TlsReport
from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.reports.render import render_report

__all__ = [
    "DEFAULT_LIMITS",
    "DmarcRecord",
    "DmarcReport",
    "FailureReport",
    "FoundReport",
    "Limits",
    "Privacy",
    "Report",
    "ReportError",
    "TlsReport",
    "Unusable",
    "read_reports",
    "render_report",
]
