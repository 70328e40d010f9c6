"""Rows that one inventory lacks to cover another."""

from __future__ import annotations

from typing import Any

from checklist.models import Item
from checklist.rules.check_specs import Covers
from checklist.rules.specs import InventorySpec
from reviews.models import Answer
from reviews.table_rows import Row


def missing_rows(answer: Answer, rows: list[Row] | None = None) -> list[Row]:
    """The rows that `answer` lacks to cover another inventory, with what that one says of them. One query."""
    if answer.item.kind != Item.Kind.INVENTORY:
        return []
    spec = InventorySpec.model_validate(answer.item.spec)
    check = next((each for each in spec.checks if isinstance(each, Covers)), None)
    if check is None:
        return []
    source = Answer.objects.filter(review_id=answer.review_id, item__slug=check.source).first()
    here = answer.data.get("rows", []) if rows is None else rows
    there = {_same(row.get(check.column)) for row in here}
    found: list[Row] = []
    for row in source.data.get("rows", []) if source else []:
        name = row.get(check.source_column)
        if not name or _same(name) in there or (check.when and row.get(check.when) != check.equals):
            continue
        there.add(_same(name))
        cells: Row = {column.key: None for column in spec.columns}
        links = {column.key for column in spec.columns if column.type == "url"}
        cells |= {key: row[key] for key in links if row.get(key)}
        found.append({**cells, check.column: name})
    return found


def _same(name: Any) -> str:
    return " ".join(str(name or "").split()).casefold()
