"""Runs tshark through pyshark: the only place here that knows of processes and event loops.

Every run has an event loop of its own, so that it works in any thread, and ends with tshark reaped and the loop
closed, however it ends.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from pyshark import FileCapture
from pyshark.tshark.output_parser.tshark_json import TsharkJsonParser
from pyshark.tshark.tshark import TSharkNotFoundException, get_process_path, get_tshark_version

from sniffer.errors import NoTshark, UnknownTshark
from sniffer.packets.tunnels import LINUX_VXLAN
from sniffer.wireshark.damage import damage_of
from sniffer.wireshark.facts import Packet
from sniffer.wireshark.packet import SHOWN, read_packet

PREFERENCES = {
    "tcp.desegment_tcp_streams": "TRUE",
    "tcp.reassemble_out_of_order": "TRUE",
    "tcp.analyze_sequence_numbers": "TRUE",
    "tcp.try_heuristic_first": "FALSE",
    "ip.defragment": "TRUE",
    "ipv6.defragment": "TRUE",
    "smtp.desegment_lines": "TRUE",
    "smtp.desegment_data": "TRUE",
    "smtp.decryption": "FALSE",
    "imap.ssl_heuristic": "FALSE",
    "pop.desegment_data": "FALSE",
    "tls.desegment_ssl_records": "TRUE",
    "tls.desegment_ssl_application_data": "TRUE",
}
"""Set one by one, whatever a user's own Wireshark profile says."""
_TUNNELS = {f"udp.port=={LINUX_VXLAN}": "vxlan"}
"""What Wireshark does not know by itself."""
_LAST_WORDS = 16
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def dissect(path: Path, display_filter: str, decode_as: dict[str, str]) -> Iterator[Packet]:
    """The packets of a capture that pass a display filter. ``decode_as``: "tcp.port==2525" → "smtp".

    Raises NoTshark before the first packet, and a CaptureError or UnknownTshark behind the last one that could be read.
    """
    version = _version()
    loop = asyncio.new_event_loop()
    try:
        run = _Run(path, version, loop, display_filter, decode_as)
        try:
            yield from run.packets()
        finally:
            run.close()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    damage = damage_of(run.last_words, run.status)
    if damage:
        raise damage


def _version() -> Any:
    try:
        return _version_of(get_process_path())
    except TSharkNotFoundException as error:
        raise NoTshark("tshark is not installed: on Debian and Ubuntu `apt install tshark`, else see https://www.wireshark.org") from error


@lru_cache(8)
def _version_of(path: str) -> Any:
    """Asking costs as much as reading a small capture."""
    return get_tshark_version(path)


@contextmanager
def _in_known_form(version: Any) -> Iterator[None]:
    """Whatever cannot be read inside is UnknownTshark."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnknownTshark(
            f"tshark {version} tells of packets in a form that is not known here ({error}); --engine numpy needs no tshark"
        ) from error


class _Layers(TsharkJsonParser):  # type: ignore[misc]
    """Each packet's layers as plain values; bytes that are no UTF-8 don't matter, as the fields' own bytes are read."""

    def _parse_single_packet(self, packet: bytes) -> dict[str, Any]:
        with _in_known_form(self._tshark_version):
            layers: dict[str, Any] = _decode(packet.decode("utf-8", "replace"))["_source"]["layers"]
        return layers


class _Run(FileCapture):  # type: ignore[misc]
    """One tshark process over one file."""

    def __init__(self, path: Path, version: Any, loop: asyncio.AbstractEventLoop, display_filter: str, decode_as: dict[str, str]) -> None:
        self._known_version = version
        self.last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self.status = 0
        super().__init__(
            path,
            keep_packets=False,
            display_filter=display_filter,
            decode_as={**_TUNNELS, **decode_as},
            use_json=True,
            include_raw=True,
            override_prefs=PREFERENCES,
            custom_parameters=["-J", SHOWN],
            eventloop=loop,
        )

    def packets(self) -> Iterator[Packet]:
        for layers in self._packet_generator:
            with _in_known_form(self._known_version):
                packet = read_packet(layers)
            if packet:
                yield packet

    def close(self) -> None:
        self._packet_generator.close()
        super().close()

    def _get_tshark_version(self) -> Any:
        return self._known_version

    def _setup_tshark_output_parser(self) -> TsharkJsonParser:
        return _Layers(self._known_version)

    async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            self.last_words.append(line.decode("utf-8", "replace").strip())

    async def _cleanup_subprocess(self, process: Process) -> None:
        """Reap it: its own status when it came to the end, none when it was stopped."""
        if not self._eof_reached:
            with suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
        self.status = status if self._eof_reached else 0
        self._running_processes.discard(process)
