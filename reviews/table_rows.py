"""Rows of an inventory as things with a name: their ids, what somebody saw of one, what changed. Pure.

Rows live in `Answer.data["rows"]`. A row that was never edited by itself has no stored id; it is called by
its place until the first edit of any row stores an id in all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from checklist.rules.rows import ROW_ID, is_row_id

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row before and after; None where it was not there. `at` is its place, from 0."""

    id: str
    at: int
    before: Row | None
    after: Row | None

    def as_json(self) -> dict[str, Any]:
        """The change as it is kept with the answer's revision."""
        return {"id": self.id, "at": self.at, "before": self.before, "after": self.after}


def with_ids(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the rows, each with an id of its own; those without one are called by their place."""
    taken = {row[ROW_ID] for row in rows if is_row_id(row.get(ROW_ID))}
    seen: set[str] = set()
    named = []
    for place, row in enumerate(rows, start=1):
        name = row.get(ROW_ID)
        if not is_row_id(name) or name in seen:
            name = f"r{place}"
            while name in taken or name in seen:
                name = f"{name}x"[-16:]
        seen.add(str(name))
        named.append({**row, ROW_ID: str(name)})
    return named


def find(rows: Sequence[Row], row_id: str) -> int:
    """Return the place of the row called `row_id`, or -1."""
    return next((place for place, row in enumerate(rows) if row[ROW_ID] == row_id), -1)


def cells_of(row: Mapping[str, Any]) -> Row:
    """The row without its id."""
    return {key: value for key, value in row.items() if key != ROW_ID}


def seen_of(row: Mapping[str, Any]) -> str:
    """A short digest of a row's cells: an edit sends back the one that it was made on."""
    filled = {key: value for key, value in cells_of(row).items() if value is not None}
    return hashlib.sha256(rfc8785.dumps(filled)).hexdigest()[:16]


def undo(rows: Sequence[Row], changes: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the rows as they were before `changes` (as `RowChange.as_json` gives them, in their order)."""
    back = list(rows)
    for change in reversed(changes):
        place = find(back, change["id"])
        if change["before"] is None:
            if place >= 0:
                del back[place]
        elif place >= 0:
            back[place] = dict(change["before"])
        else:
            back.insert(change["at"], dict(change["before"]))
    return back
