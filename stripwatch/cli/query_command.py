"""``stripwatch query``"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from ingest.store.errors import QueryError
from ingest.store.query import Interval, Query
from ingest.store.query_text import parse_metric
from stripwatch.cli import options
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.listing import parsed_filters
from stripwatch.cli.options import moment
from stripwatch.cli.output import form_of, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site


@click.command()
@options.dataset
@options.filters
@click.option("--by", "-b", multiple=True, metavar="FIELD", help="Group by this field; may be repeated.")
@click.option(
    "--metric",
    "-m",
    multiple=True,
    metavar="METRIC",
    help="count, sum(FIELD), min, max, distinct(FIELD), NAME:count[FILTERS]; may be repeated. On Elasticsearch, distinct beyond "
    "200,000 values is an estimate.",
)
@click.option("--interval", "-i", type=click.Choice(get_args(Interval)), help="Group by time.")
@click.option("--order", "-o", metavar="NAME", help="Order by this metric or field, largest first.")
@options.json
@options.csv
@options.limit(1000)
@options.time_range
@options.config
def command(
    dataset: str,
    filters: tuple[str, ...],
    by: tuple[str, ...],
    metric: tuple[str, ...],
    interval: Interval | None,
    order: str | None,
    json: bool,
    csv: bool,
    limit: int,
    since: str | None,
    until: str | None,
    config: Path | None,
) -> None:
    """Counts and sums, grouped by any fields.

    A FILTER is FIELD=VALUE (docs/fields.md has the fields); several must all hold.

    \b
    Example: stripwatch query sessions -b far_end.geo.country_iso_code -m 'stripped:count[smtp.verdict=stripped_offer,stripped_command]'
    """
    site = Site(configuration_from(config))
    now = site.now()
    try:
        metrics = tuple(parse_metric(dataset, text) for text in metric or ("count",))
        question = Query(
            dataset=dataset,
            since=moment(since, now),
            until=moment(until, now),
            where=parsed_filters(dataset, filters),
            group_by=by,
            interval=interval,
            metrics=metrics,
            order_by=order or (metrics[0].name if by and not interval else None),
            limit=limit,
        )
        with reading(site) as store:
            rows = store.aggregate(question)
    except QueryError as error:
        raise CommandFailed(str(error), USAGE) from error
    keys = [*(["@timestamp"] if interval else []), *by]
    columns = [(name, name) for name in [*keys, *(one.name for one in metrics)]]
    write(rows, columns, form_of(json, csv), "No documents.")
