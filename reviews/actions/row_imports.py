"""Write an import into a table, exactly as its preview said, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from checklist.models import Item
from checklist.rules.rows import ROW_ID
from checklist.rules.specs import InventorySpec
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, Invalid
from reviews.actions.base import ReviewRef
from reviews.actions.rows import editing_rows
from reviews.imports.rows import Parsed
from reviews.imports.table_plan import TablePlan, plan_table
from reviews.models import Answer


def import_rows(
    actor: Actor, which: int | ReviewRef, item_slug: str, read: Callable[[Item], Parsed], digest: str
) -> tuple[Answer, TablePlan]:
    """Add and change rows as `read` gives them for the item; `digest` is that of the plan that was confirmed.

    Raises Invalid for a file with problems, and Conflict, with the new plan as `current`, when the table
    changed so that something else would be written.
    """
    with editing_rows(actor, which, item_slug) as edit:
        spec = InventorySpec.model_validate(edit.answer.item.spec)
        plan = plan_table(spec, edit.rows, read(edit.answer.item))
        if plan.problems:
            raise Invalid("Nothing was written: the file has mistakes. Correct them and preview it again.")
        if plan.digest != digest:
            raise Conflict(
                "The table changed since the preview. Look at what would happen now.", current=plan
            )
        for line in plan.work:
            if line.place >= 0:
                edit.put(line.place, {ROW_ID: edit.rows[line.place][ROW_ID], **line.cells})
            else:
                edit.insert(len(edit.rows), line.cells)
    return edit.answer, plan
