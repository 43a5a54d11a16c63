"""The store of a process that holds it, read over that process's unix socket.

DuckDB lets one process open the file; while ``serve`` runs, the reading commands ask it.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import httpx
import msgspec

from ingest.store.answer import typed_rows
from ingest.store.check import checked_query, checked_selection, known_dataset
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Page
from ingest.store.query import Query, Row, Selection
from ingest.store.wire import Key, Refusal, document_from_wire, page_from_wire


class RemoteStore:
    """A StoreReader over HTTP on a unix socket. Making one makes no request. ``timeout`` is in seconds."""

    def __init__(self, socket: Path | str, *, timeout: float = 60.0) -> None:
        self.socket = Path(socket)
        transport = httpx.HTTPTransport(uds=str(self.socket))
        self._client = httpx.Client(transport=transport, base_url="http://stripwatch", timeout=timeout)

    def aggregate(self, query: Query) -> list[Row]:
        query = checked_query(query)
        body = self._ask("aggregate", query)
        try:
            return typed_rows(query, msgspec.json.decode(body, type=list[Row]))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise self._nonsense() from error

    def select(self, selection: Selection) -> Page:
        body = self._ask("select", checked_selection(selection))
        try:
            return page_from_wire(body)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise self._nonsense() from error

    def get(self, dataset: str, id: str) -> Document | None:
        body = self._ask("get", Key(known_dataset(dataset).name, id))
        try:
            return document_from_wire(body)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise self._nonsense() from error

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> RemoteStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, route: str, question: msgspec.Struct) -> bytes:
        try:
            response = self._client.post(f"/store/{route}", content=msgspec.json.encode(question))
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"{self.socket} does not answer: {error}") from error
        if response.status_code == 200:
            return response.content
        try:
            refusal = msgspec.json.decode(response.content, type=Refusal)
        except msgspec.MsgspecError:
            raise StoreUnavailable(f"{self.socket} answered {response.status_code}") from None
        raise refusal.error()

    def _nonsense(self) -> StoreUnavailable:
        return StoreUnavailable(f"{self.socket} answered something that is no answer to this question")
