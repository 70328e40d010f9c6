"""Rows of an inventory as a spreadsheet has them: copied cells (tabs between them) or a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

from checklist.rules.spec_base import Column
from reviews.imports.csv import delimiter, lines, unguarded
from reviews.imports.rows import Parsed, Problem, Row, Skipped, whole_file

# What else people call a column, by its key.
_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "alert": ("name", "alertname", "alert name", "rule", "title"),
    "tier": ("severity", "priority", "level"),
    "symptom": ("summary", "description", "impact", "user impact"),
    "runbook": ("runbook url", "runbook_url", "runbook link", "playbook", "link"),
    "fired": ("fires", "count", "times fired", "firings", "triggered", "fired 7d"),
    "acted_on": ("acted", "actions", "actioned", "actionable", "acted 7d"),
}


def parse(text: str, columns: Sequence[Column]) -> Parsed:
    """Read rows from pasted cells or a CSV file.

    A first line that names columns is a heading: its order counts, and what no column is called is skipped.
    Without one the cells stand in the order of `columns`. Problems have the line as an editor counts it.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return whole_file("There is nothing in it. Copy the rows in a spreadsheet and paste them here.")
    source = io.StringIO(text, newline="")
    records = lines(csv.reader(source, delimiter=delimiter(text), strict=True))
    keys: list[str] | None = None
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for found in records:
        if isinstance(found, Problem):
            return Parsed(tuple(rows), (found,), tuple(skipped))
        line, cells = found[0], [unguarded(cell.strip()) for cell in found[1]]
        if keys is None:
            named = [_key(cell, columns) for cell in cells]
            if _is_heading(cells, named):
                twice = next(
                    (cell for cell, key in zip(cells, named, strict=True) if key and named.count(key) > 1), ""
                )
                if twice:
                    return Parsed(problems=(Problem(line, twice, "This column is there twice. Remove one."),))
                keys = named
                skipped = [
                    Skipped(line, cell, "no column of the table has this name")
                    for cell, key in zip(cells, named, strict=True)
                    if cell and not key
                ]
                continue
            keys = [column.key for column in columns]
        rows.append(_row(line, keys, cells))
    problems = [Problem(row.line, "", row.cells[""]) for row in rows if "" in row.cells]
    if not rows:
        return whole_file("It names columns, but has no row below them.")
    return Parsed(tuple(rows), tuple(problems), tuple(skipped))


def _row(line: int, keys: Sequence[str], cells: Sequence[str]) -> Row:
    if any(cells[len(keys) :]):
        words = f"This row has {len(cells)} cells, but there are {len(keys)} columns."
        return Row(line, {"": f"{words} Name the columns in a first line, or remove cells."})
    return Row(line, {key: cell for key, cell in zip(keys, cells, strict=False) if key})


def _is_heading(cells: Sequence[str], named: Sequence[str]) -> bool:
    """Whether the first line names columns: two of its cells do, or the only one that is filled."""
    filled = sum(bool(cell) for cell in cells)
    return sum(bool(key) for key in named) >= min(2, filled)


def _key(cell: str, columns: Sequence[Column]) -> str:
    wanted = _plain(cell)
    for column in columns:
        names = (column.key, column.label, *_SYNONYMS.get(column.key, ()))
        if wanted and wanted in {_plain(name) for name in names}:
            return column.key
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()
