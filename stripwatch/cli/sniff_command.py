"""``stripwatch sniff``"""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path
from typing import Annotated, Literal, cast, get_args

import typer

from sniffer.errors import CaptureError
from sniffer.weird import Weird
from stripwatch.cli.failure import INPUT_FAILED, USAGE, CommandFailed, complain
from stripwatch.cli.options import Config, Json
from stripwatch.cli.sniffing import Capture, session_lines, spool_sessions
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False)
Protocol = Literal["smtp", "pop3", "imap"]


@app.command()
def sniff(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Captures (pcap, pcapng; gzip, zstd); - is standard input.", metavar="FILE…", readable=False)
    ] = None,
    interface: Annotated[str | None, typer.Option("--interface", "-i", help="Capture live on this interface.", metavar="IFACE")] = None,
    json: Json = False,
    engine: Annotated[str | None, typer.Option("--engine", help="numpy (fast) or pyshark (Wireshark's dissectors).")] = None,
    protocols: Annotated[str | None, typer.Option("--protocols", help="Comma-separated: smtp,pop3,imap.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="With -i: forward to a collector, https://HOST/v1/sessions.", metavar="URL")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", help="Bearer token for --to; better in STRIPWATCH_SNIFF_TOKEN, which ps does not show.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=2, help="Processes for one file.")] = 1,
    config: Config = None,
) -> None:
    """Say of each mail session how it was encrypted: to the store, or with --json to standard output.

    Example: stripwatch sniff monday.pcap tuesday.pcapng.zst --json
    """
    if interface is not None:
        if files or jobs != 1:
            raise CommandFailed("-i captures live: it takes no files and no --jobs", USAGE)
        _live(_site(config, engine, protocols, token), interface, json, to)
        return
    if to is not None or token is not None:
        raise CommandFailed("--to and --token go with -i", USAGE)
    if not files:
        raise CommandFailed("nothing to read: name captures, - for standard input, or -i for an interface", USAGE)
    site = _site(config, engine, protocols)
    weird = Weird()
    whole = _print(site, files, weird, jobs) if json else _store(site, files, weird, jobs)
    if not whole:
        raise typer.Exit(INPUT_FAILED)


def _live(site: Site, interface: str, json: bool, to: str | None) -> None:
    from sniffer.live.collector_client import BadCollector
    from sniffer.live.errors import BadCaptureFilter, NoSuchInterface
    from stripwatch.sensor.run import Run

    sniff = site.configuration.sniff
    if sniff.engine != "numpy":
        raise CommandFailed("-i needs the numpy engine", USAGE)
    if json and to is not None:
        raise CommandFailed("--json prints and --to forwards: choose one", USAGE)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        Run(site, interface, json, None if json else to or sniff.forward_url).run()
    except (NoSuchInterface, BadCaptureFilter, BadCollector) as error:
        raise CommandFailed(f"{error.reason}: {error}", USAGE) from error


def _print(site: Site, files: list[Path], weird: Weird, jobs: int) -> bool:
    whole = True
    out = sys.stdout.buffer
    for file in files:
        try:
            out.writelines(session_lines(site, _capture(file), weird=weird, jobs=jobs))
        except (CaptureError, OSError) as error:
            whole = _complain(file, error)
    out.flush()
    return whole


def _store(site: Site, files: list[Path], weird: Weird, jobs: int) -> bool:
    from stripwatch.cli.feeding import drain_here
    from stripwatch.cli.outcome import say_outcome

    whole = True
    with site.spool() as spool:
        for file in files:
            try:
                whole &= spool_sessions(site, spool, session_lines(site, _capture(file), weird=weird, jobs=jobs), str(file))
            except OSError as error:
                whole = _complain(file, error)
        fed = spool.counters.records > 0
    if fed:
        say_outcome(drain_here(site))
    return whole


def _complain(file: Path, error: CaptureError | OSError) -> bool:
    if isinstance(error, BrokenPipeError):
        raise error
    complain(f"{file}: {error.reason}: {error}" if isinstance(error, CaptureError) else f"{file}: {error.strerror or error}")
    return False


def _capture(file: Path) -> Capture:
    return sys.stdin.buffer if str(file) == "-" else file


def _site(config: Path | None, engine: str | None, protocols: str | None, token: str | None = None) -> Site:
    configuration = configuration_from(config)
    sniff = configuration.sniff
    if engine is not None:
        if engine not in ("numpy", "pyshark"):
            raise CommandFailed(f"there is no engine {engine!r}: it is numpy or pyshark", USAGE)
        sniff = dataclasses.replace(sniff, engine=cast(Literal["numpy", "pyshark"], engine))
    if protocols is not None:
        words = tuple(word.strip().lower() for word in protocols.split(",") if word.strip())
        unknown = [word for word in words if word not in get_args(Protocol)]
        if unknown or not words:
            raise CommandFailed(f"--protocols takes {', '.join(get_args(Protocol))}, not {protocols!r}", USAGE)
        sniff = dataclasses.replace(sniff, protocols=cast(tuple[Protocol, ...], words))
    if token is not None:
        sniff = dataclasses.replace(sniff, forward_token=token)
    return Site(dataclasses.replace(configuration, sniff=sniff))
