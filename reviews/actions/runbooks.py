"""The runbooks of a list: the text of each row, and the rows that are missing."""

from __future__ import annotations

from checklist.rules.specs import InventorySpec
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, NotFound
from reviews.actions.base import ReviewRef
from reviews.actions.rows import RowConflict, check_room, editing_rows
from reviews.actions.runbook_texts import fill_from_lint, keep_text
from reviews.models import Answer
from reviews.queries.rows import missing_rows
from reviews.table_rows import find, seen_of


def set_runbook(
    actor: Actor, which: int | ReviewRef, item_slug: str, row_id: str, text: str, seen: str
) -> Answer:
    """Store the text of one row's runbook and fill its columns from the lint; an empty text takes it away.

    Raises Conflict, with a `RowConflict`, when somebody changed the row since `seen`.
    """
    with editing_rows(actor, which, item_slug) as edit:
        spec = InventorySpec.model_validate(edit.answer.item.spec)
        place = find(edit.rows, row_id)
        if not spec.runbook or place < 0:
            raise NotFound("This row is not there any more. Reload the table.")
        stored = edit.rows[place]
        if seen != seen_of(stored):
            raise Conflict(
                f"Somebody changed this {spec.row_name} meanwhile. Your text is below: save it again.",
                current=RowConflict(edit.answer, row_id, stored, {}),
            )
        digest = keep_text(text).sha256 if text.strip() else None
        row = {**stored, spec.runbook: digest}
        row = fill_from_lint(spec, [row])[0]
        if seen_of(row) != seen:
            edit.put(place, row)
    return edit.answer


def add_missing_rows(actor: Actor, which: int | ReviewRef, item_slug: str) -> tuple[Answer, int]:
    """Add a row for each row of the inventory that this one must cover; returns how many were added."""
    with editing_rows(actor, which, item_slug) as edit:
        missing = missing_rows(edit.answer, edit.rows)
        check_room(len(edit.rows) + len(missing))
        for cells in missing:
            edit.insert(len(edit.rows), cells)
    return edit.answer, len(missing)
