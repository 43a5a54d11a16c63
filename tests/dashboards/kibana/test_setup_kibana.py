"""Data views as Kibana's published API takes them. Kibana itself is in no package index, so a server of ours stands in for it, as
strict as the API's own description; the fields and indices are held against a real Elasticsearch."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dashboards.kibana.views import data_views
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import Document
from ingest.store.schema import DATASETS
from tests.dashboards.filler import NOW
from tests.loopback import QuietHandler, http_server

KNOWN = {"id", "name", "title", "timeFieldName", "allowNoIndex", "fieldAttrs", "fieldFormats"}
"""Of the properties that the API's description lists, those that we use; it refuses unknown ones."""


@dataclass
class Kibana:
    url: str = ""
    status: int = 200
    paths: list[str] = field(default_factory=list)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    authorization: list[str | None] = field(default_factory=list)


@pytest.fixture
def kibana() -> Iterator[Kibana]:
    found = Kibana()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.paths.append(self.path)
            found.authorization.append(self.headers["Authorization"])
            view, known = body["data_view"], body.keys() == {"override", "data_view"}
            if found.status != 200:
                self._answer(found.status, {"statusCode": found.status, "error": "Forbidden", "message": "Unable to \x1b[31mcreate"})
            elif not self.headers["kbn-xsrf"] or not known or not view.keys() <= KNOWN or not view["title"]:
                self._answer(400, {"message": "[request body]: definition for this key is missing"})
            elif view["id"] in found.views and not body["override"]:
                self._answer(400, {"message": "Duplicate data view"})
            else:
                found.views[view["id"]] = view
                self._answer(200, {"data_view": view})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with http_server(Handler) as port:
        found.url = f"http://127.0.0.1:{port}"
        yield found


def setup(tmp_path: Path, url: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("STRIPWATCH_")}
    env |= {"STRIPWATCH_DATA_FOLDER": str(tmp_path), "STRIPWATCH_KIBANA_URL": url}
    env |= {f"STRIPWATCH_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "stripwatch", "setup", "kibana"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_every_dataset_gets_its_view_and_a_second_time_too(kibana: Kibana, tmp_path: Path) -> None:
    for _ in range(2):
        done = setup(tmp_path, kibana.url, ELASTICSEARCH_PREFIX="mail")
        assert (done.returncode, done.stderr) == (0, "")
    assert set(kibana.views) == {f"mail-{name}" for name in DATASETS}
    assert kibana.views["mail-sessions"]["title"] == "mail-sessions-*"
    assert kibana.views["mail-incidents"]["title"] == "mail-incidents"
    assert kibana.views["mail-sessions"]["fieldAttrs"]["smtp.verdict"] == {"customLabel": "verdict"}
    assert set(kibana.paths) == {"/api/data_views/data_view"} and "mail: tlsrpt failures" in done.stdout


def test_a_space_and_a_key(kibana: Kibana, tmp_path: Path) -> None:
    assert setup(tmp_path, kibana.url, KIBANA_SPACE="soc", KIBANA_API_KEY="c2VjcmV0").returncode == 0
    assert set(kibana.paths) == {"/s/soc/api/data_views/data_view"} and set(kibana.authorization) == {"ApiKey c2VjcmV0"}
    assert setup(tmp_path, kibana.url, KIBANA_USERNAME="elastic", KIBANA_PASSWORD="pa55word").returncode == 0
    assert kibana.authorization[-1] == "Basic " + base64.b64encode(b"elastic:pa55word").decode()


def test_a_refusal_and_a_silence_are_one_line_each(kibana: Kibana, tmp_path: Path) -> None:
    kibana.status = 403
    done = setup(tmp_path, kibana.url)
    assert done.returncode == 1 and done.stdout == "" and "(403): Unable to" in done.stderr
    assert "\x1b" not in done.stderr and len(done.stderr.splitlines()) == 1
    silent = setup(tmp_path, "http://127.0.0.1:1")
    assert silent.returncode == 1 and "does not answer" in silent.stderr and len(silent.stderr.splitlines()) == 1
    missing = setup(tmp_path, kibana.url, KIBANA_CA_FILE=str(tmp_path / "none.pem"))
    assert missing.returncode == 1 and "none.pem" in missing.stderr and len(missing.stderr.splitlines()) == 1


@pytest.mark.elasticsearch
@pytest.mark.timeout(300)
def test_the_fields_and_indices_are_the_store_s(elasticsearch_url: str, elasticsearch_prefix: str) -> None:
    store = ElasticsearchStore(ElasticsearchSettings(hosts=(elasticsearch_url,), prefix=elasticsearch_prefix))
    store.prepare()
    store.create([Document(dataset=name, id="a", fields={"@timestamp": NOW}) for name in DATASETS if not DATASETS[name].mutable])
    store.put([Document(dataset="incidents", id="a", fields={"@timestamp": NOW})])
    store.refresh()
    store.close()
    for view in data_views(elasticsearch_prefix):
        with urllib.request.urlopen(f"{elasticsearch_url}/{view['title']}/_field_caps?fields=*", timeout=60) as answer:
            there = json.load(answer)
        assert there["indices"], view["title"]
        assert set(view["fieldAttrs"]) | set(view["fieldFormats"]) <= set(there["fields"])
        assert "date" in there["fields"]["@timestamp"]
