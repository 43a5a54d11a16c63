"""The demo: a service on loopback with nothing configured, sample mail, posts and traffic sent through its own doors."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import httpx

from ingest.incidents.window import month_of
from ingest.store.protocol import StoreReader
from stripwatch.configuration import Configuration, load
from stripwatch.demo.reports import DMARC_ADDRESS, DOMAIN, TLS_ADDRESS, Mailed, Posted, deliveries
from stripwatch.demo.signing import SigningKeys
from stripwatch.demo.traffic import DAYS, capture
from stripwatch.serve.service import Service
from stripwatch.site import Site

Say = Callable[[str], None]
SETTLE_SECONDS = 120.0


def demo_configuration(folder: Path, dashboard_port: int, nameserver: str, environ: dict[str, str]) -> Configuration:
    """Loopback, free ports, the demo's own networks and name server (address:port). The environment chooses the
    store and nothing else: an operator's own settings and data are left alone."""
    text = f"""
[data]
folder = {str(folder)!r}
[serve]
dashboard_port = {dashboard_port}
evaluate_seconds = 0.2
[smtp]
host = "127.0.0.1"
port = 0
hostname = "mx.example.org"
recipients = ["{TLS_ADDRESS}", "{DMARC_ADDRESS}"]
[https]
host = "127.0.0.1"
port = 0
[dashboard]
title = "stripwatch demo"
[elasticsearch]
prefix = "stripwatch-demo"
[reports]
domains = ["{DOMAIN}"]
nameservers = ["{nameserver}"]
[networks]
ours = ["192.0.2.0/24", "2001:db8:200::/48"]
table = {str(_networks_file())!r}
[places]
packaged = false
[sniff]
observer = "gw.example.org"
"""
    store = ("STRIPWATCH_STORE", "STRIPWATCH_ELASTICSEARCH_")
    chosen = {name: value for name, value in environ.items() if name.startswith(store)}
    return load(text, chosen, "demo")


def _networks_file() -> Path:
    return Path(str(resources.files("stripwatch.demo") / "networks.csv"))


def week_end(now: datetime) -> datetime:
    """When the demo's week ends: now, or with the month before. Incidents are of one month (``ingest.incidents.window``), and a
    week that lies in two would show each of them twice."""
    month = month_of(now).begin
    return now if now - timedelta(days=DAYS) >= month else month


@dataclass(slots=True)
class Demo:
    """A running service and what was sent to it."""

    site: Site
    service: Service
    keys: SigningKeys
    say: Say

    async def fill(self) -> None:
        """Send a week of reports and traffic through the front doors, and wait until all of it is judged."""
        sent = await asyncio.to_thread(self._deliver)
        self.say(f"delivered  {sent[0]} reports by SMTP (STARTTLS), {sent[1]} by HTTPS")
        sessions = await asyncio.to_thread(self._sniff)
        self.say(f"sniffed    {sessions} mail sessions from a sample capture")
        async with asyncio.timeout(SETTLE_SECONDS):
            while not await asyncio.to_thread(self.service.settled):  # noqa: ASYNC110 - it is another thread that settles
                await asyncio.sleep(0.1)

    def _deliver(self) -> tuple[int, int]:
        mailed = posted = 0
        smtp_host, smtp_port = self.service.addresses["smtp"]
        https_host, https_port = self.service.addresses["https"]
        trust = _trust_of(self.site)
        with (
            smtplib.SMTP(smtp_host, smtp_port, local_hostname="reporter.example") as mail,
            httpx.Client(base_url=f"https://{https_host}:{https_port}", verify=trust) as web,
        ):
            mail.starttls(context=trust)
            for delivery in deliveries(week_end(self.site.now())):
                if isinstance(delivery, Mailed):
                    mail.sendmail(delivery.sender, [delivery.recipient], self._message(delivery))
                    mailed += 1
                else:
                    _post(web, delivery)
                    posted += 1
        return mailed, posted

    def _message(self, delivery: Mailed) -> bytes:
        return delivery.message if delivery.signer is None else self.keys.signed(delivery.message, delivery.signer)

    def _sniff(self) -> int:
        from stripwatch.cli.sniffing import session_lines, spool_sessions

        path = self.site.folders.root / "sample.pcapng"
        path.write_bytes(capture(week_end(self.site.now())))
        count = 0

        def counted() -> Iterator[bytes]:
            nonlocal count
            for line in session_lines(self.site, path):
                count += 1
                yield line

        with self.site.spool() as spool:
            spool_sessions(self.site, spool, counted(), path.name, {})
        return count


def _post(web: httpx.Client, delivery: Posted) -> None:
    web.post(delivery.path, content=delivery.body, headers={"Content-Type": delivery.media_type}).raise_for_status()


def _trust_of(site: Site) -> ssl.SSLContext:
    """Trust in the service's self-made certificate alone; its name is not the loopback address that we connect to."""
    context = ssl.create_default_context(cafile=str(site.folders.certificates / "self-made.pem"))
    context.check_hostname = False
    return context


@contextmanager
def quiet_logging() -> Iterator[None]:
    """The demo prints its own story."""
    import logging

    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def stored_counts(store: StoreReader) -> dict[str, int]:
    """Documents by dataset."""
    from ingest.store.query import Query
    from ingest.store.schema import DATASETS

    counts = {}
    for name in DATASETS:
        rows = store.aggregate(Query(dataset=name))
        counts[name] = int(rows[0]["count"]) if rows else 0
    return counts
