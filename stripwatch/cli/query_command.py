"""``stripwatch query``"""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from ingest.store.errors import QueryError
from ingest.store.query import Interval, Query
from ingest.store.query_text import parse_metric
from ingest.store.schema import DATASETS
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.listing import parsed_filters
from stripwatch.cli.options import Config, Csv, Json, Limit, Since, Until, moment
from stripwatch.cli.output import form_of, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def query(
    dataset: Annotated[str, typer.Argument(help=f"One of {', '.join(DATASETS)}.")],
    filters: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE filters.")] = None,
    by: Annotated[list[str] | None, typer.Option("--by", "-b", help="Group by this field; may be repeated.", metavar="FIELD")] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="count, sum(FIELD), min, max, distinct(FIELD), NAME:count[FILTERS].")
    ] = None,
    interval: Annotated[str | None, typer.Option("--interval", "-i", help=f"One of {', '.join(get_args(Interval))}.")] = None,
    order: Annotated[str | None, typer.Option("--order", "-o", help="Order by this metric or field, largest first.")] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Limit = 1000,
    since: Since = None,
    until: Until = None,
    config: Config = None,
) -> None:
    """Counts and sums, grouped by any fields.

    Example: stripwatch query sessions -b far_end.geo.country_iso_code -m 'stripped:count[smtp.verdict=stripped_offer,stripped_command]'
    """
    if dataset not in DATASETS:
        raise CommandFailed(f"there is no dataset {dataset!r}; it is one of {', '.join(DATASETS)}", USAGE)
    if interval is not None and interval not in get_args(Interval):
        raise CommandFailed(f"{interval!r} is no interval; it is one of {', '.join(get_args(Interval))}", USAGE)
    site = Site(configuration_from(config))
    now = site.now()
    try:
        metrics = tuple(parse_metric(dataset, text) for text in metric or ["count"])
        question = Query(
            dataset=dataset,
            since=moment(since, now),
            until=moment(until, now),
            where=parsed_filters(dataset, filters or []),
            group_by=tuple(by or ()),
            interval=interval,  # type: ignore[arg-type]  # checked above
            metrics=metrics,
            order_by=order or (metrics[0].name if by and not interval else None),
            limit=limit,
        )
        with reading(site) as store:
            rows = store.aggregate(question)
    except QueryError as error:
        raise CommandFailed(str(error), USAGE) from error
    keys = [*(["@timestamp"] if interval else []), *(by or [])]
    columns = [(name, name) for name in [*keys, *(one.name for one in metrics)]]
    write(rows, columns, form_of(json, csv), "No documents.")
