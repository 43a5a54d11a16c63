"""A real Elasticsearch for the tests: fetched by Maven, run beside the tests, gone with them.

``STRIPWATCH_TEST_ELASTICSEARCH_URL`` names a cluster to use instead, ``STRIPWATCH_TEST_ELASTICSEARCH_VERSION`` another release.
What is missing (Java >= 21, Maven, the
network) is told in one line by ``NodeMissing``.

Run as a program it is the node's keeper: it starts the node and ends it when the process that it was told to
watch is gone, however that went.

    python tests/elasticsearch_node.py FOLDER WATCHED_PID
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

VERSION = os.environ.get("STRIPWATCH_TEST_ELASTICSEARCH_VERSION", "9.3.2")
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
CACHE = Path(__file__).parent.parent / ".cache" / "elasticsearch"
JAVA_AT_LEAST = 21
INSTALLED_JAVAS = Path("/usr/lib/jvm")
HEAP = "512m"
START_SECONDS = 180.0


class NodeMissing(Exception):
    """No node can be had here; the message is the one line that says why."""


def running_node(folder: Path, watched_pid: int) -> str:
    """The node's address. The first caller starts it, the others (other test processes) wait for it.

    ``folder`` is shared by the processes of one test run; the node ends with process ``watched_pid``.
    """
    given = os.environ.get("STRIPWATCH_TEST_ELASTICSEARCH_URL")
    if given:
        return given
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        state = folder / "state.json"
        if not state.exists():
            state.write_text(json.dumps(_started(folder, watched_pid)))
        answer = json.loads(state.read_text())
    if "missing" in answer:
        raise NodeMissing(answer["missing"])
    return str(answer["url"])


def stop_node(folder: Path) -> None:
    """End the node that ``running_node`` started in this folder, if any, and remove the folder."""
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError, KeyError):
        keeper = json.loads((folder / "state.json").read_text())["keeper"]
        os.kill(keeper, signal.SIGTERM)
        _wait_gone(keeper)
    shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, watched_pid: int) -> dict[str, str | int]:
    try:
        java = find_java()
        archive = fetched_archive()
        return _start(folder, watched_pid, java, archive)
    except NodeMissing as missing:
        return {"missing": str(missing)}


def find_java() -> Path:
    """Home of an installed Java new enough. Raises NodeMissing."""
    homes = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    homes += sorted(INSTALLED_JAVAS.glob("*"), reverse=True)
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    for home in homes:
        if _java_version(home) >= JAVA_AT_LEAST:
            return home
    raise NodeMissing(f"Elasticsearch needs Java {JAVA_AT_LEAST} or newer: none in ES_JAVA_HOME, JAVA_HOME or {INSTALLED_JAVAS}")


def _java_version(home: Path) -> int:
    if not (home / "bin" / "java").exists():
        return 0
    with contextlib.suppress(OSError):
        found = re.search(r'JAVA_VERSION="(\d+)', (home / "release").read_text())
        return int(found[1]) if found else 0
    return 0


def fetched_archive() -> Path:
    """The distribution's zip, fetched by Maven on first use. Raises NodeMissing."""
    archive = CACHE / f"elasticsearch-{VERSION}.zip"
    CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(CACHE / "lock"):
        if not archive.exists():
            _fetch(archive)
    return archive


def _fetch(archive: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NodeMissing("Elasticsearch is fetched by Maven: mvn is not installed")
    arriving = CACHE / "arriving"
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={arriving}"]
    done = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, check=False)
    fetched = arriving / archive.name
    if done.returncode or not fetched.exists():
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
        raise NodeMissing(f"Maven could not fetch Elasticsearch {VERSION}: {lines[0]}")
    fetched.rename(archive)


def _start(folder: Path, watched_pid: int, java: Path, archive: Path) -> dict[str, str | int]:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    home = folder / f"elasticsearch-{VERSION}"
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    port, transport = _free_port(), _free_port()
    settings = {
        "cluster.name": "stripwatch-tests",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": transport,
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "path.data": home / "data",
        "path.logs": home / "logs",
    }
    # Its scratch folder must hold none of its own files: it refuses to start otherwise.
    scratch = folder / "scratch"
    scratch.mkdir()
    (home / "config" / "elasticsearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
    _give_away(folder)
    environment = {
        **os.environ,
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
        "ES_TMPDIR": str(scratch),
        "HOME": str(scratch),
    }
    with (folder / "node.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(home), str(watched_pid)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    _await_node(url, keeper, folder / "node.log")
    return {"url": url, "keeper": keeper.pid}


def _await_node(url: str, keeper: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if keeper.poll() is not None:
            break
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{url}/_cluster/health", timeout=5):
            return
        time.sleep(0.25)
    with contextlib.suppress(ProcessLookupError):
        keeper.terminate()
    said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    fatal = [line for line in said if "fatal exception" in line]
    raise NodeMissing(f"Elasticsearch did not start: {(fatal or said)[-1]}")


def _give_away(folder: Path) -> None:
    """Elasticsearch refuses to run as root: its files go to the user that it will run as."""
    user = _unprivileged_user()
    if user is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)


def _unprivileged_user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait_gone(pid: int, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _lives(pid):
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def keep(home: Path, watched_pid: int) -> int:
    """Run the node until it ends, the watched process is gone, or we are told to stop; then nothing of it is left."""
    user = _unprivileged_user()
    node = subprocess.Popen(
        [home / "bin" / "elasticsearch"],
        cwd=home,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    told = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal told
        told = True

    signal.signal(signal.SIGTERM, stop)
    while not told and node.poll() is None and _lives(watched_pid):
        time.sleep(0.25)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(node.pid, signal.SIGKILL)
    code = node.wait()
    if not _lives(watched_pid):
        shutil.rmtree(home.parent, ignore_errors=True)
    return 0 if told else code


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), int(sys.argv[2])))
