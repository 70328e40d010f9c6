"""Edit single rows of an inventory. Two people conflict only where they edit the same row."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from checklist.models import Item
from checklist.rules.rows import MAX_LONG_TEXT, MAX_ROWS, MAX_TEXT, MAX_URL, ROW_ID, clean_row, is_empty
from checklist.rules.spec_base import Column
from checklist.rules.specs import InventorySpec
from readiness.accounts.rights import Actor, who_changed
from readiness.errors import Conflict, Invalid, NotFound
from reviews.actions.answers import end_waiver
from reviews.actions.base import Change, ReviewRef, answer_of, changing
from reviews.actions.dependents import context_for, judge_dependents
from reviews.actions.revisions import write_revision
from reviews.actions.runbook_texts import fill_from_lint
from reviews.judging import is_computed, judge
from reviews.models import Answer, AnswerRevision
from reviews.states import AnswerState
from reviews.table_rows import Row, RowChange, cells_of, find, seen_of, with_ids

Cells = Mapping[str, Any]
# Typed cells, or how to read them from a form once the item's columns are known.
Typed = Cells | Callable[[Item], Cells]
# Decided by hand or by a waiver: figures do not overrule that.
_STAYS = frozenset({AnswerState.NOT_APPLICABLE, AnswerState.DEFERRED, AnswerState.WAIVED})
_MOST = {"long_text": MAX_LONG_TEXT, "url": MAX_URL}


@dataclass(frozen=True, slots=True)
class RowConflict:
    """What met: the row as it is stored (None: deleted) and the cells that were typed."""

    answer: Answer
    row_id: str
    stored: Row | None
    typed: Row


@dataclass
class RowsEdit:
    """An edit of rows under way, on a locked review. What `changes` holds is stored when the frame closes."""

    change: Change
    answer: Answer
    spec: InventorySpec
    rows: list[Row]
    changes: list[RowChange] = field(default_factory=list)

    @property
    def columns(self) -> list[Column]:
        """The columns of the table."""
        return self.spec.columns

    @property
    def row_name(self) -> str:
        """What a row is called."""
        return self.spec.row_name

    def put(self, place: int, row: Row) -> None:
        """Replace the row at `place`."""
        self.changes.append(RowChange(row[ROW_ID], place, self.rows[place], row))
        self.rows[place] = row

    def insert(self, place: int, cells: Row, row_id: str = "") -> Row:
        """Insert a row at `place`, under a new id unless one is given."""
        row = {ROW_ID: row_id or secrets.token_hex(4), **cells}
        self.changes.append(RowChange(row[ROW_ID], place, None, row))
        self.rows.insert(place, row)
        return row

    def remove(self, place: int) -> None:
        """Delete the row at `place`."""
        self.changes.append(RowChange(self.rows[place][ROW_ID], place, self.rows[place], None))
        del self.rows[place]


@contextmanager
def editing_rows(actor: Actor, which: int | ReviewRef, item_slug: str) -> Iterator[RowsEdit]:
    """Open the frame of an edit: lock, right and state as in `changing`; store and judge on leaving."""
    with changing(which, actor, "answer.save") as change:
        answer = answer_of(change.review, item_slug, which)
        if answer.item.kind != Item.Kind.INVENTORY or is_computed(answer.item):
            raise NotFound("This item has no rows of its own. Edit those of the item that it is judged from.")
        if not answer.applicable:
            raise Invalid("This item does not apply to this service, so it takes no rows.")
        spec = InventorySpec.model_validate(answer.item.spec)
        rows = with_ids(answer.data.get("rows", []))
        edit = RowsEdit(change, answer, spec, rows)
        yield edit
        if edit.changes:
            _store(edit)


def save_row(
    actor: Actor, which: int | ReviewRef, item_slug: str, row_id: str, cells: Typed, seen: str
) -> tuple[Answer, str]:
    """Save one row as typed. `seen` is `seen_of` the row that the member edited.

    Returns the answer and the row's id. Raises Conflict, with a `RowConflict` as `current`, when somebody
    changed or deleted this row since; edits of other rows never conflict, and neither does the same edit sent
    twice.
    """
    with editing_rows(actor, which, item_slug) as edit:
        typed, place = read_cells(edit, cells), find(edit.rows, row_id)
        stored = edit.rows[place] if place >= 0 else None
        row = fill_from_lint(edit.spec, [{**(stored or {}), **typed}])[0]
        if stored is None or (seen != seen_of(stored) and seen_of(row) != seen_of(stored)):
            raise Conflict(
                _conflict_words(actor, edit, row_id, stored),
                current=RowConflict(edit.answer, row_id, stored, typed),
            )
        if is_empty(row):
            raise Invalid(f"Nothing is left in this {edit.row_name}. Delete it if it is not needed.")
        if seen_of(row) != seen_of(stored):
            edit.put(place, row)
    return edit.answer, row_id


def add_row(actor: Actor, which: int | ReviewRef, item_slug: str, cells: Typed) -> tuple[Answer, str]:
    """Add one row at the end; returns the answer and the row's id."""
    with editing_rows(actor, which, item_slug) as edit:
        typed = read_cells(edit, cells)
        if is_empty(typed):
            raise Invalid(f"Fill in at least one cell of the new {edit.row_name}.")
        check_room(len(edit.rows) + 1)
        row = edit.insert(len(edit.rows), typed)
    return edit.answer, row[ROW_ID]


def delete_row(actor: Actor, which: int | ReviewRef, item_slug: str, row_id: str, seen: str) -> Answer:
    """Delete a row. `restore_rows` with the answer's revision brings it back.

    Raises Conflict when somebody changed it since; a row that is gone already is no error.
    """
    with editing_rows(actor, which, item_slug) as edit:
        place = find(edit.rows, row_id)
        if place >= 0:
            stored = edit.rows[place]
            if seen != seen_of(stored):
                current = RowConflict(edit.answer, row_id, stored, {})
                raise Conflict(_conflict_words(actor, edit, row_id, stored), current=current)
            edit.remove(place)
    return edit.answer


def restore_rows(
    actor: Actor, which: int | ReviewRef, item_slug: str, revision: int
) -> tuple[Answer, list[str]]:
    """Bring back the rows that were deleted in `revision`; returns the answer and their ids.

    Rows that are there again stay as they are, so undoing twice does no harm.
    """
    with editing_rows(actor, which, item_slug) as edit:
        past = AnswerRevision.objects.filter(answer=edit.answer, revision=revision).first()
        gone = [change for change in past.rows if change["after"] is None] if past else []
        if not gone:
            raise NotFound("Nothing was deleted in this revision, so there is nothing to bring back.")
        missing = [change for change in reversed(gone) if find(edit.rows, change["id"]) < 0]
        check_room(len(edit.rows) + len(missing))
        for change in missing:
            place = min(change["at"], len(edit.rows))
            edit.insert(place, cells_of(change["before"]), change["id"])
    return edit.answer, [change["id"] for change in missing]


def read_cells(edit: RowsEdit, typed: Typed) -> Row:
    """Read typed cells, those left out as empty; a text too long or with NUL is refused, never cut."""
    cells = typed(edit.answer.item) if callable(typed) else typed
    for column in edit.columns:
        value, most = cells.get(column.key), _MOST.get(column.type, MAX_TEXT)
        if isinstance(value, str) and "\x00" in value:
            message = "Remove the NUL characters."
            raise Invalid(f"{column.label}: remove the NUL characters.", {column.key: [message]})
        if isinstance(value, str) and len(value) > most:
            message = f"{column.label} has {len(value):,} characters; at most {most:,} fit. Shorten it."
            raise Invalid(message, {column.key: [message]})
    columns = [column for column in edit.columns if column.is_typed]
    row, _ = clean_row(columns, {column.key: cells.get(column.key) for column in columns})
    return row


def check_room(rows: int) -> None:
    """Refuse more rows than an inventory holds."""
    if rows > MAX_ROWS:
        raise Invalid(
            f"That would be {rows:,} rows; an inventory holds at most {MAX_ROWS}. Nothing was added. "
            "Leave out what is suppressed or no longer used."
        )


def _conflict_words(actor: Actor, edit: RowsEdit, row_id: str, stored: Row | None) -> str:
    past = AnswerRevision.objects.filter(answer=edit.answer, rows__contains=[{"id": row_id}])
    last = past.select_related("author").order_by("-revision").first()
    by, name = (last.author_id, str(last.author or "")) if last else (None, "")
    if stored is None:
        who = who_changed(actor, by, name, f"this {edit.row_name}", "deleted")
        return f"{who} Add it again, or let it go."
    return (
        f"{who_changed(actor, by, name, f'this {edit.row_name}')} Compare both and keep the one that holds."
    )


def _store(edit: RowsEdit) -> None:
    """Store the rows, judge the answer and what follows it, keep the changed rows alone as its revision."""
    answer, change = edit.answer, edit.change
    kept = {"rows": [row for row in edit.rows if not is_empty(row)]}
    judged = judge(answer.item, kept, answer.note, context_for(answer, change.review.facts))
    state = answer.state if answer.state in _STAYS else judged.state
    end_waiver(change, answer, state)
    answer.data, answer.judgement, answer.state = judged.data, judged.as_json(), state
    answer.revision += 1  # whether carried rows still hold is for a person to confirm, not for one edited row
    answer.answered_by_id, answer.answered_at = change.actor.id if change.actor else None, change.at
    answer.save(update_fields=["data", "judgement", "state", "revision", "answered_by", "answered_at"])
    rows = [row_change.as_json() for row_change in edit.changes]
    write_revision(answer, change, answer.answered_by_id, rows=rows)
    change.record(
        "person:answer:saved",
        f"{_in_words(edit)} in “{answer.item.title}”",
        section=answer.section.slug,
        item=answer.item.slug,
        data={"revision": answer.revision, "changed": ["data"], "rows": rows},
    )
    change.touch(answer.section)
    judge_dependents(change, answer)


def _in_words(edit: RowsEdit) -> str:
    """“Changed the alert CheckoutSlow”, “Added 12 alerts and changed 3”."""
    groups: dict[str, list[Row | None]] = {
        "added": [each.after for each in edit.changes if each.before is None],
        "changed": [each.after for each in edit.changes if each.before and each.after],
        "deleted": [each.before for each in edit.changes if each.after is None],
    }
    parts = []
    for word, rows in groups.items():
        if not rows:
            continue
        if len(edit.changes) == 1:
            name = str((rows[0] or {}).get(edit.columns[0].key) or "")[:60]
            parts.append(f"{word} the {edit.row_name} {name}".rstrip())
        else:
            parts.append(f"{word} {len(rows)} {edit.row_name}{'s' if len(rows) > 1 and not parts else ''}")
    text = " and ".join(parts)
    return text[:1].upper() + text[1:]
