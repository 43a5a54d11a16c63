"""A report that counts takes the identity of one that does not.

Report ids can be guessed. Without this, a forged report that comes first would make the true one a conflict, and keep it
out of the figures.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.identity import conflict_uid
from ingest.store.protocol import Document, Store, select_all
from ingest.store.query import Filter, Selection
from ingest.store.schema import DMARC, TLSRPT, TLSRPT_FAILURES

_ROWS = (DMARC.name, TLSRPT.name, TLSRPT_FAILURES.name)


def gives_way(there: Document, left_out: str | None) -> bool:
    """Whether the stored report does not count and the new one (left out for ``left_out``, None: it counts) does."""
    return left_out is None and not there.fields.get("counted", False)


def move_aside(store: Store, there: Document, size: int) -> None:
    """Give an uncounted report and its rows an identity with their content's hash, as a conflict has. Harmless to repeat
    after a crash: what was moved is not found again."""
    uid = conflict_uid(there.id, there.fields["event.hash"])
    told: dict[str, Any] = {"report.uid": uid}
    store.put([Document(dataset=there.dataset, id=uid, fields={**there.fields, **told, "conflict": True})])
    store.refresh()
    own = (Filter("report.uid", "eq", (there.id,)), Filter("spool.id", "eq", (there.fields["spool.id"],)))
    for dataset in _ROWS:
        selection = Selection(dataset=dataset, where=own, limit=size)
        moved = [msgspec.structs.replace(row, fields={**row.fields, **told}) for row in select_all(store, selection)]
        for start in range(0, len(moved), size):
            store.put(moved[start : start + size])
