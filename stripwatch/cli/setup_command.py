"""``stripwatch setup``"""

from __future__ import annotations

from pathlib import Path

import click

from stripwatch.cli import options
from stripwatch.cli.failure import CommandFailed
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
    """Make a data view for each dataset, with our fields' labels, for Discover, Lens and alerts of Kibana's own.

    \b
    Example: STRIPWATCH_KIBANA_URL=http://127.0.0.1:5601 stripwatch setup kibana
    """
    from dashboards.kibana.install import KibanaFailed, install
    from dashboards.kibana.views import data_views

    configuration = configuration_from(config)
    try:
        made = install(configuration.kibana, data_views(configuration.elasticsearch.prefix))
    except KibanaFailed as error:
        raise CommandFailed(str(error)) from error
    click.echo(f"data views at {configuration.kibana.url}: {', '.join(made)}")
