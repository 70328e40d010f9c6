"""Keep the texts of runbooks once each, and fill the columns that only their lint fills (ADR 0076)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from checklist.rules.runbooks import LintError, Report, lint
from checklist.rules.specs import InventorySpec
from readiness.errors import Invalid
from reviews.models import RunbookText
from reviews.table_rows import Row

# Raised when the linter's findings change: texts are then linted anew when their row is next written.
LINTER: Final = 1


def keep_text(text: str) -> RunbookText:
    """Keep a runbook's text and its lint, once for each text; Invalid for one that cannot be linted."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if "\x00" in plain:
        raise Invalid(
            "This is not a text: remove the NUL characters.", {"text": ["Remove the NUL characters."]}
        )
    try:
        report = lint(plain).as_json()
    except LintError as error:
        raise Invalid(str(error), {"text": [str(error)]}) from None
    digest = hashlib.sha256(plain.encode()).hexdigest()
    kept, made = RunbookText.objects.get_or_create(
        sha256=digest, defaults={"text": plain, "report": report, "linter": LINTER}
    )
    if not made and kept.linter != LINTER:
        kept.report, kept.linter = report, LINTER
        kept.save(update_fields=["report", "linter"])
    return kept


def fill_from_lint(spec: InventorySpec, rows: list[Row]) -> list[Row]:
    """Return the rows with every linted column as the kept text says, empty without one. One query."""
    linted = {column.key: column.from_lint for column in spec.columns if column.from_lint}
    if not spec.runbook:
        return rows
    wanted = {row.get(spec.runbook) for row in rows if isinstance(row.get(spec.runbook), str)}
    texts = {kept.pk: kept for kept in RunbookText.objects.filter(pk__in=wanted)}
    return [{**row, **_cells(spec, row, linted, texts.get(row.get(spec.runbook) or ""))} for row in rows]


def _cells(
    spec: InventorySpec, row: Row, linted: Mapping[str, str | None], kept: RunbookText | None
) -> dict[str, Any]:
    if kept is None:
        return {spec.runbook: None, **dict.fromkeys(linted)}
    report = Report.from_json(kept.report)
    parts = report.found
    name = str(row.get(spec.columns[0].key) or "")
    if "alert" not in parts and name:
        parts = lint(kept.text, alert=name).found  # its title may hold the name
    said = {"parts": parts, "intro_sentences": report.intro_sentences, "vague_steps": report.vague_steps}
    return {key: said[wanted] for key, wanted in linted.items() if wanted}
