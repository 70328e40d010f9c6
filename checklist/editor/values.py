"""What the editor's controls hold: made from stored data or from a posted form, and turned into data. Pure.

`Values` maps a control's name to its text (a list of texts where several are ticked) and the name of rows to
a list of the same for each row; the kind of a row stands under "".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from checklist.editor.layout import Field, Layout, Rows
from checklist.rule_text import parse, text_of

Values = dict[str, Any]
Post = Mapping[str, Sequence[str]]
Errors = dict[str, list[str]]

# Through buttons; a file may hold more.
MAX_ROWS: Final = 50
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
_KEY: Final = re.compile(r"[^a-z0-9]+")


def starting(layout: Layout) -> Values:
    """What the controls of a new part hold."""
    return {
        part.name: [] if isinstance(part, Rows) else _start(part) for group in layout for part in group.parts
    }


def new_row(rows: Rows, kind: str) -> Values:
    """An empty row of one kind."""
    return {"": kind, **{one.name: _start(one) for one in rows.kinds[kind]}}


def _start(one: Field) -> Any:
    return [] if one.widget in ("probes", "roles") else one.start


def from_data(layout: Layout, data: Mapping[str, Any]) -> Values:
    """What the controls show for `data` in which defaults are written out."""
    values: Values = {}
    for group in layout:
        for part in group.parts:
            stored = get(data, part.name)
            if isinstance(part, Rows):
                values[part.name] = [_row_values(part, row) for row in stored or []]
            else:
                values[part.name] = shown(part, stored)
    return values


def _row_values(rows: Rows, row: Mapping[str, Any]) -> Values:
    kind = str(row.get(rows.tag, "")) if rows.tag else ""
    return {"": kind, **{one.name: shown(one, row.get(one.name)) for one in rows.kinds[kind]}}


def shown(one: Field, value: Any) -> Any:
    """What a control shows for a value of the data."""
    match one.widget:
        case "yes":
            return "yes" if value else ""
        case "probes" | "roles":
            return list(value or [])
        case "lines":
            return "\n".join(value or [])
        case "choices":
            return "\n".join(f"{choice['value']}: {choice['label']}" for choice in value or [])
        case "rule":
            return text_of(value)
    return "" if value is None else str(value)


def from_post(layout: Layout, post: Post) -> Values:
    """What was typed, as it was typed."""
    values: Values = {}
    for group in layout:
        for part in group.parts:
            if isinstance(part, Rows):
                values[part.name] = _posted_rows(part, post)
            else:
                values[part.name] = _posted(part, part.name, post)
    return values


def _posted_rows(rows: Rows, post: Post) -> list[Values]:
    mark = re.compile(re.escape(rows.name) + r"\[([0-9]{1,4})\]")
    spots = sorted(int(found[1]) for name in post if (found := mark.fullmatch(name)))
    found_rows = []
    for spot in spots:
        name = f"{rows.name}[{spot}]"
        kind = post[name][-1] if post[name] else ""
        if kind in rows.kinds:
            fields = rows.kinds[kind]
            found_rows.append(
                {"": kind, **{one.name: _posted(one, f"{name}.{one.name}", post) for one in fields}}
            )
    return found_rows


def _posted(one: Field, name: str, post: Post) -> Any:
    texts = [text.replace("\r\n", "\n") for text in post.get(name, [])]
    if one.widget in ("probes", "roles"):
        return texts
    return texts[-1] if texts else ""


def operate(layout: Layout, values: Values, act: str) -> str:
    """Add, remove or move a row as the pressed button says: `add:rows:kind`, `remove|up|down:rows:number`.

    Returns the name of the row or button to go on with. Anything else changes nothing and returns "".
    """
    verb, name, what = [*act.split(":"), "", ""][:3]
    rows = next((part for group in layout for part in group.parts if part.name == name), None)
    if not isinstance(rows, Rows):
        return ""
    held: list[Values] = values[name]
    if verb == "add" and what in rows.kinds and len(held) < MAX_ROWS:
        held.append(new_row(rows, what))
        return f"{name}[{len(held) - 1}]"
    if not re.fullmatch(r"[0-9]{1,4}", what) or int(what) >= len(held):
        return ""
    spot = int(what)
    if verb == "remove":
        del held[spot]
        return f"{name}[{min(spot, len(held) - 1)}]" if held else name
    to = spot + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= to < len(held):
        held.insert(to, held.pop(spot))
        return f"{name}[{to}]"
    return ""


def drop_blank_rows(layout: Layout, values: Values) -> None:
    """Forget rows in which nothing was typed, so that the numbers of rows are those of the data."""
    for group in layout:
        for part in group.parts:
            if isinstance(part, Rows):
                values[part.name] = [row for row in values[part.name] if _typed(part, row)]


def _typed(rows: Rows, row: Values) -> bool:
    return any(
        str(row[one.name]).strip() != one.start
        for one in rows.kinds[row[""]]
        if one.widget not in ("yes", "select")
    )


def to_data(layout: Layout, values: Values) -> tuple[dict[str, Any], Errors]:
    """The data that the controls stand for, for the schema to judge, and what could not be read at all."""
    data: dict[str, Any] = {}
    errors: Errors = {}
    for group in layout:
        for part in group.parts:
            if isinstance(part, Rows):
                rows = [
                    _row_data(part, row, f"{part.name}[{spot}]", errors)
                    for spot, row in enumerate(values[part.name])
                ]
                if rows:
                    put(data, part.name, rows)
                continue
            read = _read(part, values[part.name], part.name, errors)
            if read is not None:
                put(data, part.name, read)
    return data, errors


def _row_data(rows: Rows, row: Values, name: str, errors: Errors) -> dict[str, Any]:
    data: dict[str, Any] = {rows.tag: row[""]} if rows.tag else {}
    for one in rows.kinds[row[""]]:
        read = _read(one, row[one.name], f"{name}.{one.name}", errors)
        if read is not None:
            data[one.name] = read
    return data


def _read(one: Field, value: Any, name: str, errors: Errors) -> Any:
    """A control's value as data; None to leave it out."""
    if one.widget == "yes":
        return value == "yes"
    if one.widget in ("probes", "roles"):
        return value or None
    text = value.strip()
    if not text:
        return "" if one.required and one.widget in ("text", "area", "select") else None
    try:
        return _READERS.get(one.widget, str)(text)
    except ValueError as error:
        errors.setdefault(name, []).append(str(error))
        return None


def _number(text: str) -> int | float | str:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _choice(line: str) -> dict[str, str]:
    value, colon, label = line.partition(":")
    if colon:
        return {"value": value.strip(), "label": label.strip()}
    return {"value": _KEY.sub("_", line.strip().lower()).strip("_"), "label": line.strip()}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _whole(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) else text


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "whole": _whole,
    "number": _number,
    "lines": _lines,
    "choices": lambda text: [_choice(line) for line in _lines(text)],
    "rule": parse,
}


def get(data: Mapping[str, Any], name: str) -> Any:
    """The value at a dotted name; None where there is none."""
    found: Any = data
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def put(data: dict[str, Any], name: str, value: Any) -> None:
    """Set the value at a dotted name."""
    *way, last = name.split(".")
    for part in way:
        data = data.setdefault(part, {})
    data[last] = value
