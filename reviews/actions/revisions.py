"""Keep every state that an answer ever had."""

from __future__ import annotations

from typing import Any, Final

from reviews.actions.base import Change
from reviews.models import Answer, AnswerRevision

SAID: Final = ("state", "note", "reason", "trigger", "data")


def write_revision(
    answer: Answer, change: Change, author_id: int | None, *, rows: list[dict[str, Any]] | None = None
) -> None:
    """Keep the state that `answer` has now; without an author nobody wrote it (a waiver, a computed item).

    `rows` are the changes of an edit of rows: they are kept in place of the whole table (ADR 0074).
    """
    said = {name: getattr(answer, name) for name in SAID}
    if rows:
        said["data"] = {}
    AnswerRevision.objects.create(
        answer=answer,
        section_id=answer.section_id,
        revision=answer.revision,
        author_id=author_id,
        at=change.at,
        rows=rows or [],
        **said,
    )
