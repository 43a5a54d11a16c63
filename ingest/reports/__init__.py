"""Reports: MIME, unpacking, DMARC aggregate reports, TLS reports, failure reports.

``read_reports`` is the one entrance; ``model`` says what comes out.
"""
