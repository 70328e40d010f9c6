"""A finished drill as the data of its answer: what the rules of the checklist judge and the packet prints."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from reviews.queries.drills import DrillSheet


def record_of(sheet: DrillSheet) -> dict[str, Any]:
    """Return the data of a finished drill, in the shape of `reviews.judging`; empty parts are left out."""
    drill, given = sheet.drill, sheet.given
    assert drill.started_at is not None and drill.stopped_at is not None  # noqa: S101, PT018  # it is finished
    operator, witness = str(drill.runner), str(drill.witness)
    if operator.casefold() == witness.casefold():  # two people of one name: the rules compare names
        operator, witness = f"{operator} ({drill.runner.email})", f"{witness} ({drill.witness.email})"
    data: dict[str, Any] = {
        "operator": operator,
        "witness": witness,
        "started_at": drill.started_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "finished_at": drill.stopped_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": drill.outcome,
        "log": "\n".join(part for part in (*(entry.text for entry in sheet.log), drill.remark) if part),
        "answers": {each.slug: each.answer for each in given if each.answer},
        "times": {each.slug: round(each.elapsed_ms / 1000) for each in given if each.elapsed_ms is not None},
        "grades": drill.grades,
        "commands": drill.commands,
        "fields": drill.fields,
        "artifact": drill.artifact.title if drill.artifact else "",
        "drill": drill.pk,
        "source": drill.source,
    }
    return {key: value for key, value in data.items() if value not in ("", {}, [])}
