"""Turning what a form, a file or an API call holds into typed rows, column by column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from checklist.rules.spec_base import Column, ColumnType

# Names a row for as long as it lives. No column can be called so: keys begin with a letter.
ROW_ID: Final = "_id"
_ROW_ID: Final = re.compile(r"[a-z0-9]{1,16}")

MAX_ROWS: Final = 500
MAX_TEXT: Final = 500
MAX_LONG_TEXT: Final = 100_000
MAX_URL: Final = 2_000
MAX_NUMBER: Final = 10**15

_WORDS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def clean_row(columns: Sequence[Column], raw: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the row, typed and JSON-safe, and what is wrong with it by column key.

    Empty cells become None. A cell that cannot be read keeps its text, so that nothing typed is lost.
    Unknown keys are an error under their own name.
    """
    if not isinstance(raw, Mapping):
        return {}, {"": "Each row must be a set of named values."}
    row: dict[str, Any] = {}
    if is_row_id(raw.get(ROW_ID)):
        row[ROW_ID] = raw[ROW_ID]
    known = {ROW_ID, *(column.key for column in columns)}
    errors = {str(key): "There is no such column." for key in raw if key not in known}
    for column in columns:
        value = raw.get(column.key)
        try:
            row[column.key] = cell = _clean_cell(column, value)
        except ValueError as error:
            row[column.key], errors[column.key] = _printable(value), str(error)
            continue
        if cell is None and column.required:
            errors[column.key] = "Fill this in."
    return row, errors


def clean_rows(columns: Sequence[Column], raw: Any) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return all rows with, in step, the errors of each (empty where a row is fine).

    More than MAX_ROWS rows, or something that is not a list, is one error under the key "".
    """
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        return [], [{"": "This must be a list of rows."}]
    if len(raw) > MAX_ROWS:
        return [], [
            {"": f"There are {len(raw):,} rows; the most is {MAX_ROWS}. Leave out what is suppressed."}
        ]
    cleaned = [clean_row(columns, row) for row in raw]
    return [row for row, _ in cleaned], [errors for _, errors in cleaned]


def is_row_id(value: Any) -> bool:
    """Whether `value` can name a row."""
    return isinstance(value, str) and _ROW_ID.fullmatch(value) is not None


def is_empty(row: Mapping[str, Any]) -> bool:
    """Whether nothing is recorded in any cell of a cleaned row."""
    return all(value is None for key, value in row.items() if key != ROW_ID)


def _clean_cell(column: Column, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
        if "\x00" in value or not _encodable(value):
            raise ValueError("Remove the characters that cannot be stored, such as NUL.")
    if value is None or value in ("", []):
        return None
    return _CLEANERS[column.type](column, value)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(value: Any) -> str | None:
    return (
        None if value is None else str(value).encode(errors="replace").decode().replace("\x00", "")[:MAX_TEXT]
    )


def _text(_column: Column, value: Any, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise ValueError("Enter text.")  # noqa: TRY004  # one error type for all cells
    if len(value) > limit:
        raise ValueError(f"Enter at most {limit:,} characters; there are {len(value):,}.")
    return value


def _long_text(column: Column, value: Any) -> str:
    return _text(column, value, MAX_LONG_TEXT)


def _url(column: Column, value: Any) -> str:
    text = _text(column, value, MAX_URL)
    message = "Enter a web address that starts with https:// or http://."
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise ValueError(message) from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or any(c.isspace() or not c.isprintable() for c in text)
    ):
        raise ValueError(message)
    return text


def _sha256(_column: Column, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("Add the text of the runbook on its own page.")
    return value


def _number(column: Column, value: Any) -> int | float:
    kind = "whole number" if column.integer else "number"
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and "_" not in value:  # noqa: PLR2004
        try:
            value = float(value) if set(value) & set(".eEnN") else int(value)
        except ValueError:
            raise ValueError(f"Enter a {kind}.") from None
    return check_number(value, integer=column.integer)


def check_number(value: Any, *, integer: bool = False) -> int | float:
    """Return a finite number from 0 to MAX_NUMBER, whole ones as int; ValueError says what to enter."""
    kind = "whole number" if integer else "number"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"Enter a {kind}.")
    if not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"Enter a {kind} that is not negative and not above {MAX_NUMBER:,}.")
    if float(value).is_integer():
        return int(value)
    if integer:
        raise ValueError("Enter a whole number.")
    return value


def _boolean(_column: Column, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _WORDS:
        raise ValueError("Enter yes or no.")
    return _WORDS[word]


def _choice(column: Column, value: Any) -> str:
    values = [choice.value for choice in column.choices]
    if not isinstance(value, str) or value not in values:
        raise ValueError(f"Choose one of: {', '.join(values)}.")
    return value


def _choices(column: Column, value: Any) -> list[str] | None:
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise ValueError("Choose from the list.")  # noqa: TRY004
    chosen = {_choice(column, part) for part in parts if part != ""}
    return [choice.value for choice in column.choices if choice.value in chosen] or None


def _date(_column: Column, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("Enter a date as year-month-day, for example 2026-03-31.") from None


def _datetime(_column: Column, value: Any) -> str:
    moment = read_moment(value)
    if moment is None:
        raise ValueError("Enter a date and time, for example 2026-03-31T14:05Z.")
    return moment.isoformat()


def read_moment(value: Any) -> datetime | None:
    """Read an ISO 8601 date and time; without a zone it is UTC. None: it cannot be read."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


_CLEANERS: Final[dict[ColumnType, Callable[[Column, Any], Any]]] = {
    "text": _text,
    "long_text": _long_text,
    "url": _url,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "datetime": _datetime,
    "runbook": _sha256,
}
