"""Services from CSV (RFC 4180) as spreadsheets write it: comma, semicolon or tab, quotes, CRLF, BOM."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from reviews.imports.rows import MAX_ROWS, Parsed, Problem, Row, nearest, whole_file
from reviews.service_fields import FACT_NAMES, LABELS, URL_FIELDS

COLUMNS: Final = ("name", "slug", "team", "tier", "description", *URL_FIELDS, *FACT_NAMES)
REQUIRED: Final = ("name", "team")
# What else people call a column.
_SYNONYMS: Final = {
    "service": "name",
    "title": "name",
    "owner": "team",
    "url": "production_url",
    "repository": "repository_url",
    "repo": "repository_url",
    "docs": "documentation_url",
    "documentation": "documentation_url",
    "health": "health_url",
}
_BY_LABEL: Final = {label.lower().replace(" ", "_"): name for name, label in LABELS.items()}
_DELIMITERS: Final = ",;\t"
# Cells that a spreadsheet would run as a formula (OWASP, "CSV injection"), and ones that are already guarded.
_SIGNS: Final = r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]"
_FORMULA: Final = re.compile(rf"'*{_SIGNS}")
_GUARDED: Final = re.compile(rf"'+{_SIGNS}")


def parse(text: str) -> Parsed:
    """Read services from the text of a CSV file; its first line names the columns.

    Every problem has its line, as an editor counts them, and its column. Cells are data: nothing is computed.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return whole_file("There is nothing in it. The first line names the columns: name, team and so on.")
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter(text), skipinitialspace=True, strict=True)
    records = lines(reader)
    head = next(records)
    if isinstance(head, Problem):
        return Parsed(problems=(head,))
    columns, problems = _columns(*head)
    if problems:
        return Parsed(problems=tuple(problems))
    rows: list[Row] = []
    for found in records:
        if isinstance(found, Problem):
            problems.append(found)
            break
        line, cells = found
        if len(rows) == MAX_ROWS:
            problems.append(Problem(line, "", f"More than {MAX_ROWS:,} rows. Split the file into several."))
            break
        row = _row(line, columns, cells)
        if isinstance(row, Problem):
            problems.append(row)
        else:
            rows.append(row)
    if not rows and not problems:
        return whole_file("It names columns, but has no row below them. Add a row for each service.")
    return Parsed(tuple(rows), tuple(problems))


def delimiter(text: str) -> str:
    """The one of , ; and tab that the first line with anything in it uses most, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def lines(reader: Any) -> Iterator[tuple[int, list[str]] | Problem]:
    """Records of a `csv.reader` with the line on which each begins, without empty ones.

    Ends with the first broken one, as a problem.
    """
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(start, "", _csv_problem(str(error)))
            return
        if any(cell.strip() for cell in cells):
            yield start, cells


def _csv_problem(error: str) -> str:
    if "field larger" in error:
        limit = csv.field_size_limit()
        return f"One cell has more than {limit:,} characters. Is a closing quote missing?"
    if "end of data" in error:
        return "A quoted cell that begins here is never closed. Add the closing quote."
    return "The quotes on this line do not fit. Write a quote inside a quoted cell twice."


def _columns(line: int, cells: list[str]) -> tuple[list[str], list[Problem]]:
    """Names of the columns in order, "" for one without a name, and what is wrong with them."""
    columns: list[str] = []
    problems: list[Problem] = []
    for cell in cells:
        given = unguarded(cell.strip())
        key = re.sub(r"[\s\-]+", "_", given.lower())
        name = key if key in COLUMNS else _SYNONYMS.get(key) or _BY_LABEL.get(key, "")
        if given and not name:
            problems.append(Problem(line, given[:80], _unknown(key)))
        elif name and name in columns:
            problems.append(Problem(line, given[:80], "This column is there twice. Remove one of them."))
        columns.append(name)
    missing = [name for name in REQUIRED if name not in columns]
    problems.extend(
        Problem(line, name, f"The column “{name}” is missing. Every row needs it.") for name in missing
    )
    return columns, problems


def _unknown(key: str) -> str:
    close = nearest(key, COLUMNS)
    hint = f"Did you mean “{close}”?" if close else f"Known columns: {', '.join(COLUMNS)}."
    return f"No column has this name. {hint} Rename it or remove it."


def _row(line: int, columns: list[str], cells: list[str]) -> Row | Problem:
    """Name the cells. Cells missing at the end of a row are not stated, which is not the same as empty."""
    if any(cell.strip() for cell in cells[len(columns) :]):
        return Problem(
            line,
            "",
            f"This row has {len(cells)} cells, but there are {len(columns)} columns. "
            "Put quotes around a cell that holds the delimiter.",
        )
    pairs = list(zip(columns, cells, strict=False))
    nameless = next((cell.strip() for name, cell in pairs if not name and cell.strip()), "")
    if nameless:
        return Problem(line, "", f"“{nameless[:40]}” stands in a column without a name. Name the column.")
    return Row(line, {name: unguarded(cell.strip()) for name, cell in pairs if name})


def unguarded(cell: str) -> str:
    """Return a cell as it was before `guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `parse` gives the cell itself back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def write(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """Yield the lines of a CSV file with `columns`, which `parse` reads; formulas are made harmless."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([guarded(row.get(column, "")) for column in columns])
        yield buffer.getvalue()


def example_rows(team: str) -> list[dict[str, str]]:
    """Two services to write over, in all columns that need explaining."""
    checkout = {
        "name": "Checkout",
        "team": team,
        "tier": "1",
        "description": "Takes the order and the payment.",
        "production_url": "https://shop.example.com",
        "health_url": "https://shop.example.com/health",
        "repository_url": "https://github.com/example/checkout",
        "handles_payments": "yes",
        "customer_facing": "yes",
        "cloud": "aws",
        "stage": "seed",
    }
    return [checkout, {"name": "Invoicing", "team": team, "tier": "2", "handles_payments": "no"}]
