"""``stripwatch setup``"""

from __future__ import annotations

from pathlib import Path

import click

from stripwatch.cli import options
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.configuration import configuration_from
from stripwatch.site import Site


@click.group()
def command() -> None:
    """Prepare Elasticsearch or Kibana, once, with rights that the service itself need not have.

    \b
    Example: STRIPWATCH_ELASTICSEARCH_URL=http://127.0.0.1:9200 stripwatch setup elasticsearch
    """


@command.command()
@options.config
def elasticsearch(config: Path | None) -> None:
    """Install the index templates.

    \b
    Example: STRIPWATCH_ELASTICSEARCH_URL=http://127.0.0.1:9200 stripwatch setup elasticsearch
    """
    from ingest.store.elasticsearch_store.store import ElasticsearchStore

    site = Site(configuration_from(config))
    store = ElasticsearchStore(site.configuration.elasticsearch)
    try:
        store.prepare()
    finally:
        store.close()
    click.echo(f"templates installed at {', '.join(site.configuration.elasticsearch.hosts)}")


@command.command()
@options.config
def kibana(config: Path | None) -> None:
    """Install the saved objects (not in this version).

    \b
    Example: stripwatch setup kibana
    """
    raise CommandFailed("setup kibana is not in this version yet; the built-in dashboard needs no Kibana", USAGE)
