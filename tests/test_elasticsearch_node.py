"""What the node needs is looked for, and one line says what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import elasticsearch_node
from tests.elasticsearch_node import NodeMissing, fetched_archive, find_java, running_node


def install_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with neither Java, Maven nor a node fetched earlier."""
    for name in ("ES_JAVA_HOME", "JAVA_HOME", "STRIPWATCH_TEST_ELASTICSEARCH_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(elasticsearch_node, "INSTALLED_JAVAS", tmp_path / "jvm")
    monkeypatch.setattr(elasticsearch_node, "CACHE", tmp_path / "cache")
    return tmp_path


def test_java_is_found_where_it_is_new_enough(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(bare / "jvm" / "java-17", "17.0.15")
    with pytest.raises(NodeMissing, match="Java 21 or newer"):
        find_java()
    newer = install_java(bare / "jvm" / "temurin-25", "25.0.3")
    assert find_java() == newer
    named = install_java(bare / "elsewhere", "21")
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert find_java() == named


def test_without_maven_one_line_says_so(bare: Path) -> None:
    with pytest.raises(NodeMissing, match="mvn is not installed"):
        fetched_archive()


def test_a_missing_node_is_told_to_every_process_of_the_run(bare: Path) -> None:
    for _ in range(2):
        with pytest.raises(NodeMissing, match="Java 21 or newer"):
            running_node(bare / "run", os.getpid())


def test_a_given_cluster_is_used(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPWATCH_TEST_ELASTICSEARCH_URL", "http://cluster:9200")
    assert running_node(bare / "run", os.getpid()) == "http://cluster:9200"
    assert not (bare / "run").exists()
