"""``stripwatch replay``"""

from __future__ import annotations

from pathlib import Path

import click

from ingest.spool.errors import DrainLocked
from stripwatch.cli import options
from stripwatch.cli.failure import CommandFailed
from stripwatch.cli.options import moment
from stripwatch.cli.reading import control, served
from stripwatch.configuration import configuration_from
from stripwatch.site import Site


@click.command()
@options.since
@options.config
def command(since: str | None, config: Path | None) -> None:
    """Put what the spool still keeps into the store again: after a mended parser, a lost store, or a move to another one.

    Writing again is harmless: what is there stays as it is.

    \b
    Example: stripwatch replay --since 3d
    """
    site = Site(configuration_from(config))
    start = moment(since, site.now())
    nanoseconds = int(start.timestamp() * 1e9) if start else None
    if served(site):
        records = control(site, "POST", f"/replay?since={nanoseconds}" if nanoseconds is not None else "/replay")["records"]
    else:
        records = _replay_here(site, nanoseconds)
    click.echo(f"{records} records replayed")


def _replay_here(site: Site, since: int | None) -> int:
    from stripwatch.serve.pipeline import Pipeline

    try:
        pipeline = Pipeline(site, judge_everything=False)
    except DrainLocked as error:
        raise CommandFailed("another process drains this spool and answers no questions") from error
    with pipeline:
        count = pipeline.replay(since)
        pipeline.evaluator.evaluate_now()
        return count
