"""Both intakes over a real spool in a process of their own: ``serve_intakes.py FOLDER``; ends when standard input does.

Prints one line: the mail port and the HTTPS port.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from collector.certificate import Certificate, CertificateSettings
from collector.https.intake import HttpsIntake
from collector.https.settings import HttpsSettings
from collector.smtp.intake import SmtpIntake
from collector.smtp.settings import SmtpSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.limits import SpoolLimits
from ingest.spool.spool import Spool


async def serve(folder: Path) -> None:
    certificate = Certificate(CertificateSettings(folder), SYSTEM_CLOCK)
    with Spool.open(folder / "spool", limits=SpoolLimits(min_free_bytes=0)) as spool:
        mail = SmtpIntake(
            SmtpSettings(host="127.0.0.1", port=0, recipients=("example.org",), peer_limit=60), spool, certificate=certificate
        )
        posts = HttpsIntake(HttpsSettings(host="127.0.0.1", port=0), spool, certificate=certificate)
        await mail.start()
        await posts.start()
        print(mail.address[1], posts.address[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await mail.stop()
        await posts.stop()


asyncio.run(serve(Path(sys.argv[1])))
