"""A report that is trusted more takes the identity of one that is trusted less.

Report ids can be guessed, and anybody may post. Without this, a forged report that comes first would make the true one
a conflict, and keep it out of the figures.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.conflicts.settling import ROWS
from ingest.conflicts.versions import LEFT_OUT, trust
from ingest.documents.reports import Standing
from ingest.identity import conflict_uid
from ingest.store.protocol import Document, Store, select_all
from ingest.store.query import Filter, Selection


def gives_way(there: Document, standing: Standing) -> bool:
    """Whether the new report is trusted more than the stored one. One that somebody chose against is trusted as before."""
    old = trust(there.fields.get("provenance", ""), there.fields.get("counted", False) or there.fields.get("left_out") == LEFT_OUT)
    return trust(standing.provenance, standing.left_out is None) > old


def move_aside(store: Store, there: Document, size: int) -> None:
    """Give a report and its rows an identity with their content's hash, as a conflict has, and leave them out. Harmless to
    repeat after a crash: what was moved is not found again."""
    uid = conflict_uid(there.id, there.fields["event.hash"])
    told: dict[str, Any] = {"report.uid": uid, "counted": False, "left_out": there.fields.get("left_out", LEFT_OUT)}
    store.put([Document(dataset=there.dataset, id=uid, fields={**there.fields, **told, "conflict": True})])
    store.refresh()
    own = (Filter("report.uid", "eq", (there.id,)), Filter("spool.id", "eq", (there.fields["spool.id"],)))
    for dataset in ROWS:
        selection = Selection(dataset=dataset, where=own, limit=size)
        moved = [msgspec.structs.replace(row, fields={**row.fields, **told}) for row in select_all(store, selection)]
        for start in range(0, len(moved), size):
            store.put(moved[start : start + size])
