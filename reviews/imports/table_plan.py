"""What an import would do to a table: which rows are new, which change, what is wrong. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

from checklist.rules.check_specs import Unique
from checklist.rules.rows import MAX_ROWS, clean_row
from checklist.rules.spec_base import Column
from checklist.rules.specs import InventorySpec
from reviews.imports.rows import Parsed, Problem, Skipped
from reviews.imports.rows import Row as ParsedRow
from reviews.imports.words import tier_of
from reviews.table_rows import Row, cells_of, with_ids

_YES_NO: Final = {"y": "yes", "x": "yes", "n": "no"}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What becomes of one row of the file. `place` is that of the stored row, -1 for a new one."""

    line: int
    kind: str  # new, changed or same
    name: str
    cells: Row
    place: int = -1
    changes: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TablePlan:
    """An import before it is done. With problems nothing is written."""

    columns: list[Column]
    lines: list[PlanLine] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines of each kind."""
        return {kind: sum(each.kind == kind for each in self.lines) for kind in ("new", "changed", "same")}

    @property
    def work(self) -> list[PlanLine]:
        """Lines that change something."""
        return [line for line in self.lines if line.kind != "same"]

    @property
    def digest(self) -> str:
        """A digest of what would be written: what is confirmed must be what is done."""
        written: Any = [[line.kind, line.name, cells_of(line.cells)] for line in self.work]
        return hashlib.sha256(rfc8785.dumps(written)).hexdigest()


def plan_table(spec: InventorySpec, stored: Sequence[Mapping[str, Any]], parsed: Parsed) -> TablePlan:
    """Plan an import into the rows `stored`. A row is found by its name; cells not stated stay."""
    plan = TablePlan(spec.columns, [], list(parsed.problems), list(parsed.skipped))
    key = next((check.column for check in spec.checks if isinstance(check, Unique)), "")
    rows = with_ids(stored)
    places = {_same(row.get(key)): place for place, row in enumerate(rows) if key and row.get(key)}
    new = sum(_same(row.cells.get(key)) not in places for row in parsed.rows)
    if len(rows) + new > MAX_ROWS:
        return _too_many(plan, len(parsed.rows), len(rows))
    lines_of: dict[str, int] = {}
    for row in parsed.rows:
        if "" in row.cells:
            continue  # reported already
        name = _same(row.cells.get(key)) if key else ""
        if key and not name:
            label = next(column.label for column in spec.columns if column.key == key)
            plan.problems.append(Problem(row.line, label, "Every row needs a name."))
        elif name in lines_of:
            plan.problems.append(
                Problem(row.line, row.cells[key][:80], f"This stands on line {lines_of[name]} too. Keep one.")
            )
        else:
            if name:
                lines_of[name] = row.line
            place = places.get(name, -1) if name else -1
            _plan_row(plan, row, rows[place] if place >= 0 else {}, place)
    plan.problems.sort(key=lambda problem: problem.line)
    return plan


def _too_many(plan: TablePlan, given: int, stored: int) -> TablePlan:
    words = f"There are {given:,} rows in it"
    words += f" and {stored} in the table already" if stored else ""
    problem = Problem(
        0,
        "",
        f"{words}; an inventory holds at most {MAX_ROWS}. Nothing was added. "
        "Leave out what is suppressed for good, or split the service.",
    )
    return TablePlan(plan.columns, [], [problem], plan.skipped)


def _plan_row(plan: TablePlan, row: ParsedRow, stored: Mapping[str, Any], place: int) -> None:
    known = {column.key: column for column in plan.columns if column.is_typed}
    stated = {key: text for key, text in row.cells.items() if key in known}
    if stored:
        stated = {key: text for key, text in stated.items() if not (key in row.only_new and stored.get(key))}
    typed = {key: _typed(known[key], text) for key, text in stated.items()}
    cleaned, errors = clean_row(plan.columns, typed)
    for key, message in errors.items():
        if typed.get(key):  # an empty cell is missing, which the table shows; it is no mistake of the file
            plan.problems.append(Problem(row.line, known[key].label, f"“{stated[key][:40]}”: {message}"))
    cells = {column.key: stored.get(column.key) for column in plan.columns}
    cells.update({key: cleaned[key] for key in typed})
    changes = tuple(
        (known[key].label, _words(stored.get(key)), _words(cells[key]))
        for key in typed
        if stored and cells[key] != stored.get(key)
    )
    kind = "changed" if changes else "same" if stored else "new"
    name = str(next(iter(cells.values())) or "")
    plan.lines.append(PlanLine(row.line, kind, name, cells, place, changes, row.notes))


def _typed(column: Column, text: str) -> str:
    """A cell as the rules read it: labels of choices, and what teams call tiers, become values."""
    plain = text.strip()
    if column.type == "boolean":
        return _YES_NO.get(plain.casefold(), plain)
    if column.type == "choice" and plain:
        return _choice(column, plain)
    if column.type == "choices":
        parts = [_choice(column, part.strip()) for part in plain.replace(";", ",").split(",") if part.strip()]
        return ",".join(parts)
    if column.type == "number":
        return plain.replace(",", "") if plain.replace(",", "").isdigit() else plain
    return plain


def _choice(column: Column, text: str) -> str:
    for choice in column.choices:
        if text.casefold() in (choice.value.casefold(), choice.label.casefold()):
            return choice.value
    return (tier_of(text) if column.key == "tier" else "") or text


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _same(name: Any) -> str:
    return " ".join(str(name or "").split()).casefold()
