"""An inventory as a table: rows as text, the inputs of one row, filters and totals; and a row read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from django import forms

from checklist.models import Item
from checklist.rules.check_specs import AlertCheck
from checklist.rules.inventory import totals_in_words
from checklist.rules.rows import MAX_ROWS, ROW_ID
from checklist.rules.spec_base import Column
from checklist.rules.specs import InventorySpec
from reviews.forms.kinds import Control, cell_control, to_utc
from reviews.judging import is_computed
from reviews.models import Answer
from reviews.table_rows import seen_of, with_ids

NEW: Final = "new"
MEND: Final = "mend"
ALL: Final = "all"
_CELL: Final = "cell-"
_VERDICTS: Final = {"met": "Fine", "warn": "Look", "not_met": "Mend"}


class Cell(NamedTuple):
    """One cell: its words, its value as an input takes it where that differs, an address where it is one."""

    column: Column
    text: str
    value: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: `seen` goes back with an edit, so that the edit of a row that changed since is noticed."""

    id: str
    seen: str
    cells: tuple[Cell, ...]
    verdict: str = ""
    recommendation: str = ""
    reasons: str = ""

    @property
    def name(self) -> str:
        """What people call the row: its first cell."""
        return self.cells[0].text or "unnamed"

    @property
    def verdict_words(self) -> str:
        """The verdict in a word."""
        return _VERDICTS.get(self.verdict, "")


class Filter(NamedTuple):
    """A choice of rows, with how many there are."""

    name: str
    label: str
    rows: int


class RowsForm(forms.Form):
    """Rows to import: pasted, or a file."""

    text = forms.CharField(
        label="Rows",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
        help_text="Copied from a spreadsheet, CSV, or a rule file.",
    )
    file = forms.FileField(label="Or a file", required=False, help_text="At most 2 MB.")


@dataclass
class Table:
    """The rows of an inventory. `show` is the filter's name, `edit` the row that is edited in a form."""

    item: Item
    rows: list[Mapping[str, Any]]
    judgement: Mapping[str, Any] = field(default_factory=dict)
    show: str = ""
    edit: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def spec(self) -> InventorySpec:
        """What the item asks for."""
        return InventorySpec.model_validate(self.item.spec)

    @property
    def columns(self) -> list[Column]:
        """The columns in order."""
        return self.spec.columns

    @property
    def _typed(self) -> list[Column]:
        return [column for column in self.columns if column.is_typed]

    @property
    def is_computed(self) -> bool:
        """Whether the rows are another item's."""
        return is_computed(self.item)

    @cached_property
    def all_rows(self) -> list[TableRow]:
        """Every row, as text."""
        judged = [*self.judgement.get("rows", []), *[{}] * len(self.rows)]
        named = with_ids(self.rows)
        return [_row(self.columns, row, verdict) for row, verdict in zip(named, judged, strict=False)]

    @property
    def shown(self) -> list[TableRow]:
        """The rows that the filter lets through."""
        wanted = self._choices.get(self.show)
        return wanted[1] if wanted else self.all_rows

    @property
    def filters(self) -> list[Filter]:
        """What can be chosen."""
        return [Filter(name, label, len(rows)) for name, (label, rows) in self._choices.items()]

    @cached_property
    def _choices(self) -> dict[str, tuple[str, list[TableRow]]]:
        rows = self.all_rows
        if not self.is_alerts or self.is_computed:
            return {ALL: ("All", rows), MEND: ("To mend", [row for row in rows if row.verdict != "met"])}
        tiers = dict(zip((row.id for row in rows), (row.get("tier") for row in self.rows), strict=True))
        linked = {row.id for row, raw in zip(rows, self.rows, strict=True) if raw.get("runbook")}
        pages = [row for row in rows if tiers[row.id] == "page"]
        return {
            ALL: ("All", rows),
            "pages": ("Pages", pages),
            "tickets": ("Tickets", [row for row in rows if tiers[row.id] == "ticket"]),
            "bare": ("Without runbook", [row for row in pages if row.id not in linked]),
            "change": ("To change", [row for row in rows if row.recommendation not in ("", "keep")]),
        }

    @cached_property
    def is_alerts(self) -> bool:
        """Whether the rows are alerts, for which changes are proposed."""
        return any(isinstance(check, AlertCheck) for check in self.spec.checks)

    @property
    def totals(self) -> str:
        """The rows in a sentence."""
        return totals_in_words(
            self.spec, self.rows, [(row.verdict, row.recommendation) for row in self.all_rows]
        )

    @property
    def room(self) -> int:
        """How many more rows fit."""
        return MAX_ROWS - len(self.rows)

    @cached_property
    def blank(self) -> list[Control]:
        """The inputs of an empty row: scripts clone them into the row that is edited."""
        return [cell_control(f"{_CELL}{column.key}", column, None) for column in self._typed]

    def row(self, row_id: str) -> TableRow | None:
        """One row by its id."""
        return next((row for row in self.all_rows if row.id == row_id), None)

    @property
    def edited(self) -> TableRow | None:
        """The row that is edited in a form of its own."""
        return self.row(self.edit) if self.edit and self.edit != NEW else None

    @property
    def is_adding(self) -> bool:
        """Whether a new row is typed in a form of its own."""
        return self.edit == NEW

    @property
    def inputs(self) -> list[Control]:
        """The inputs of the row that is edited in a form: as typed, else as stored."""
        stored: Mapping[str, Any] = {}
        if self.edited:
            stored = next(row for row in with_ids(self.rows) if row[ROW_ID] == self.edit)
        shown = {**stored, **self.typed}
        return [cell_control(f"{_CELL}{column.key}", column, shown.get(column.key)) for column in self._typed]


def table_of(
    answer: Answer,
    *,
    source: Answer | None = None,
    show: str = "",
    edit: str = "",
    typed: Mapping[str, str] | None = None,
) -> Table:
    """The table of an inventory's answer; `source` is the answer whose rows a computed item judges."""
    rows = (source or answer).data.get("rows", [])
    if source:
        return Table(answer.item, rows, answer.judgement, show or MEND)
    return Table(answer.item, rows, answer.judgement, show, edit, typed or {})


def read_row(item: Item, post: Mapping[str, str]) -> dict[str, str]:
    """Read the typed cells of one row; `post` gives one text per name, lists joined by commas."""
    columns = [each for each in InventorySpec.model_validate(item.spec).columns if each.is_typed]
    cells = {column.key: post.get(f"{_CELL}{column.key}", "") for column in columns}
    for column in columns:
        if column.type == "datetime" and cells[column.key]:
            cells[column.key] = to_utc(cells[column.key])
    return cells


def differences(
    columns: Sequence[Column], stored: Mapping[str, Any], typed: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Label, stored and typed words of every cell in which two versions of a row differ."""
    return [
        (column.label, _cell(column, stored.get(column.key)).text, _cell(column, typed.get(column.key)).text)
        for column in columns
        if column.is_typed and stored.get(column.key) != typed.get(column.key)
    ]


def as_typed(columns: Sequence[Column], cells: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each cell as a form sends it."""
    typed = [column for column in columns if column.is_typed]
    found = [(column.key, _cell(column, cells.get(column.key))) for column in typed]
    return [(f"{_CELL}{key}", cell.text if cell.value is None else cell.value) for key, cell in found]


def _row(columns: Sequence[Column], row: Mapping[str, Any], verdict: Mapping[str, Any]) -> TableRow:
    return TableRow(
        row[ROW_ID],
        seen_of(row),
        tuple([_cell(column, row.get(column.key)) for column in columns]),
        verdict.get("verdict", ""),
        verdict.get("recommendation") or "",
        " ".join(verdict.get("reasons", ())),
    )


def _cell(column: Column, value: Any) -> Cell:
    if value is None:
        return Cell(column, "")
    if column.type in ("choice", "choices", "boolean", "datetime"):
        return _translated(column, value)
    text = str(value)
    return Cell(
        column, text, None, text if column.type == "url" and text.startswith(("https://", "http://")) else ""
    )


def _translated(column: Column, value: Any) -> Cell:
    """A cell whose words are not what its input takes."""
    control = cell_control("", column, value)
    labels = dict(control.choices)
    if column.type == "datetime":
        return Cell(column, str(control.value).replace("T", " "), str(control.value))
    if column.type == "choices":
        chosen = value if isinstance(value, list) else [str(value)]
        words = [labels.get(each, each) for each in chosen]
        return Cell(column, ", ".join(words), ",".join(chosen))
    return Cell(column, labels.get(control.value, str(control.value)), str(control.value))
