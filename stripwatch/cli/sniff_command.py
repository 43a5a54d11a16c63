"""``stripwatch sniff``"""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast, get_args

import click

from sniffer.errors import CaptureError
from sniffer.weird import Weird
from stripwatch.cli import options
from stripwatch.cli.failure import INPUT_FAILED, OK, USAGE, CommandFailed, complain
from stripwatch.cli.sniffing import Reading, engine_settings, spool_sessions
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

Protocol = Literal["smtp", "pop3", "imap"]
Engine = Literal["numpy", "pyshark"]


@click.command()
@click.argument("files", nargs=-1, type=options.PATH, metavar="FILE…")
@click.option("--interface", "-i", metavar="IFACE", help="Capture live on this interface.")
@options.json
@click.option("--engine", type=click.Choice(get_args(Engine)), help="numpy is fast; pyshark has Wireshark's dissectors.")
@click.option("--protocols", metavar="LIST", help="Comma-separated: smtp,pop3,imap.")
@click.option("--tunnels", is_flag=True, help="With -i: also what comes in VXLAN, Geneve, GRE, ERSPAN, MPLS or PPPoE.")
@click.option("--to", metavar="URL", help="With -i: forward to a collector, https://HOST/v1/sessions.")
@click.option("--token", metavar="TOKEN", help="Bearer token for --to; better in STRIPWATCH_SNIFF_TOKEN, which ps does not show.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 2), default=1, show_default=True, metavar="N", help="Processes for a file that follows no other."
)
@options.config
def command(
    files: tuple[Path, ...],
    interface: str | None,
    json: bool,
    engine: Engine | None,
    protocols: str | None,
    tunnels: bool,
    to: str | None,
    token: str | None,
    jobs: int,
    config: Path | None,
) -> int:
    """Say of each mail session how it was encrypted: to the store, or with --json to standard output.

    A FILE is a capture: pcap or pcapng, also gzipped or zstd; - is standard input. Rotated files, each of which begins within a
    second of the former's end, are read as one capture.

    \b
    Example: stripwatch sniff monday.pcap tuesday.pcapng.zst --json
    """
    if interface is not None:
        if files or jobs != 1:
            raise CommandFailed("-i captures live: it takes no files and no --jobs", USAGE)
        _live(_site(config, engine, protocols, token, tunnels), interface, json, to)
        return OK
    if to is not None or token is not None:
        raise CommandFailed("--to and --token go with -i", USAGE)
    if tunnels:
        raise CommandFailed("--tunnels goes with -i: files are always looked into", USAGE)
    if not files:
        raise CommandFailed("nothing to read: name captures, - for standard input, or -i for an interface", USAGE)
    site = _site(config, engine, protocols)
    whole = _print(site, files, jobs) if json else _store(site, files, jobs)
    return OK if whole else INPUT_FAILED


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


class _Told:
    """The lines of one run's files, counted, and what kept them from being more."""

    def __init__(self, site: Site, files: tuple[Path, ...], jobs: int) -> None:
        self._site = site
        self._files = files
        self._jobs = _jobs(files, jobs)
        self._weird = Weird()
        self._reading = Reading(site, weird=self._weird)
        self._count = 0
        self._blind = False

    def lines(self, number: int) -> Iterator[bytes]:
        """Those of one file; of the last one with all that is still open. Says on stderr which packets were not seen."""
        file, before = self._files[number], self._weird.blinding()
        failure: CaptureError | OSError | None = None
        try:
            yield from self._counted(self._reading.lines(sys.stdin.buffer if str(file) == "-" else file, self._jobs[number]))
        except (CaptureError, OSError) as error:
            failure = error
        if number == len(self._files) - 1:
            yield from self._counted(self._reading.rest())
        if failure:
            raise failure
        found = {name: count - before.get(name, 0) for name, count in self._weird.blinding().items()}
        unseen = ", ".join(f"{count} {name}" for name, count in found.items() if count)
        if unseen:
            self._blind = True
            complain(f"{file}: packets that could not all be read: {unseen} (docs/words.md)")

    def _counted(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._count += 1
            yield line

    def end(self) -> None:
        """Say on stderr when there was nothing, for no reason that was told."""
        if not self._count and not self._blind:
            ports = ", ".join(map(str, sorted(engine_settings(self._site.configuration).ports)))
            files = str(self._files[0]) if len(self._files) == 1 else f"{len(self._files)} files"
            complain(f"{files}: no mail session on the TCP ports {ports}")


def _jobs(files: tuple[Path, ...], jobs: int) -> list[int]:
    """For each file; those that may follow each other are read by one process."""
    if jobs == 1 or len(files) == 1:
        return [jobs] * len(files)
    from sniffer.jobs import stand_alone

    return [jobs if alone else 1 for alone in stand_alone(files)]


def _print(site: Site, files: tuple[Path, ...], jobs: int) -> bool:
    whole = True
    out = sys.stdout.buffer
    told = _Told(site, files, jobs)
    for number, file in enumerate(files):
        try:
            out.writelines(told.lines(number))
        except (CaptureError, OSError) as error:
            whole = _complain(file, error)
    if whole:
        told.end()
    out.flush()
    return whole


def _store(site: Site, files: tuple[Path, ...], jobs: int) -> bool:
    from stripwatch.cli.feeding import drained
    from stripwatch.cli.outcome import outcome_code

    whole = True
    names: dict[str, str] = {}
    told = _Told(site, files, jobs)
    with site.spool() as spool:
        for number, file in enumerate(files):
            try:
                whole &= spool_sessions(site, spool, told.lines(number), str(file), names)
            except OSError as error:
                whole = _complain(file, error)
    if whole:
        told.end()
    return outcome_code(site, drained(site, list(names)), names, not whole) == OK


def _complain(file: Path, error: CaptureError | OSError) -> bool:
    if isinstance(error, BrokenPipeError):
        raise error
    complain(f"{file}: {error.reason}: {error}" if isinstance(error, CaptureError) else f"{file}: {error.strerror or error}")
    return False


def _site(config: Path | None, engine: Engine | None, protocols: str | None, token: str | None = None, tunnels: bool = False) -> Site:
    configuration = configuration_from(config)
    sniff = configuration.sniff
    if engine is not None:
        sniff = dataclasses.replace(sniff, engine=engine)
    if protocols is not None:
        words = tuple(word.strip().lower() for word in protocols.split(",") if word.strip())
        unknown = [word for word in words if word not in get_args(Protocol)]
        if unknown or not words:
            raise CommandFailed(f"--protocols takes {', '.join(get_args(Protocol))}, not {protocols!r}", USAGE)
        sniff = dataclasses.replace(sniff, protocols=cast(tuple[Protocol, ...], words))
    if tunnels:
        sniff = dataclasses.replace(sniff, tunnels=True)
    if token is not None:
        sniff = dataclasses.replace(sniff, forward_token=token)
    return Site(dataclasses.replace(configuration, sniff=sniff))
