"""``stripwatch setup``"""

from __future__ import annotations

import typer

from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.options import Config
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def setup() -> None:
    """Prepare Elasticsearch or Kibana, once, with rights that the service itself need not have.

    Example: STRIPWATCH_ELASTICSEARCH_URL=http://127.0.0.1:9200 stripwatch setup elasticsearch
    """


@app.command()
def elasticsearch(config: Config = None) -> None:
    """Install the index templates.

    Example: STRIPWATCH_ELASTICSEARCH_URL=http://127.0.0.1:9200 stripwatch setup elasticsearch
    """
    from ingest.store.elasticsearch_store.store import ElasticsearchStore

    site = Site(configuration_from(config))
    store = ElasticsearchStore(site.configuration.elasticsearch)
    try:
        store.prepare()
    finally:
        store.close()
    typer.echo(f"templates installed at {', '.join(site.configuration.elasticsearch.hosts)}")


@app.command()
def kibana(config: Config = None) -> None:
    """Install the saved objects (not in this version).

    Example: stripwatch setup kibana
    """
    raise CommandFailed("setup kibana is not in this version yet; the built-in dashboard needs no Kibana", USAGE)
