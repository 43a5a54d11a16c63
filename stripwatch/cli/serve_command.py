"""``stripwatch serve``"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from stripwatch.cli import options
from stripwatch.configuration import configuration_from
from stripwatch.site import Site


@click.command()
@options.config
def command(config: Path | None) -> None:
    """Take reports by mail and HTTPS, drain and judge them, show the dashboard. Ends on SIGTERM; a second one ends it at once.

    \b
    Example: STRIPWATCH_SMTP_RECIPIENTS=tls-reports@example.org stripwatch serve --config /etc/stripwatch/stripwatch.toml
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "elastic_transport", "imapclient"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_served(Site(configuration_from(config))))


async def _served(site: Site) -> None:
    from stripwatch.serve.service import Service

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop)
    service = Service(site)
    try:
        await service.start()
        for name, (host, port) in service.addresses.items():
            click.echo(f"{name:<10}{_url(name, host, port)}")
        click.echo("ready")
        await stop.wait()
    finally:
        await service.stop()


def _asked_to_stop(stop: asyncio.Event) -> None:
    if stop.is_set():
        import os

        os._exit(130)  # the second time: at once; whatever was acknowledged is durable
    stop.set()


def _url(name: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    scheme = {"https": "https://", "dashboard": "http://"}.get(name, "")
    return f"{scheme}{shown}:{port}" if port else host
