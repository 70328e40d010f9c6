"""CSV as people and spreadsheets write it."""

from __future__ import annotations

import csv as stdlib_csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviews.imports.csv import COLUMNS, guarded, parse, write
from reviews.imports.rows import MAX_BYTES, Parsed, Problem, decode

SIMPLE = "name,team,tier\nCheckout,payments,1\nLedger,payments,2\n"
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=40
)


def only_problem(parsed: Parsed) -> Problem:
    """The one problem that a file has."""
    assert len(parsed.problems) == 1, parsed.problems
    return parsed.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        SIMPLE,
        "\ufeff" + SIMPLE,
        SIMPLE.replace(",", ";"),
        SIMPLE.replace(",", "\t"),
        SIMPLE.replace("\n", "\r\n"),
        SIMPLE.replace("\n", "\r"),
        'Name , "Team",TIER\n\n"Checkout","payments",1\nLedger,payments,2',
        "Service,Owner,tier\nCheckout,payments,1\nLedger,payments,2\n",
    ],
)
def test_the_same_file_in_many_spellings(text: str) -> None:
    parsed = parse(text)
    assert parsed.problems == ()
    assert [row.cells for row in parsed.rows] == [
        {"name": "Checkout", "team": "payments", "tier": "1"},
        {"name": "Ledger", "team": "payments", "tier": "2"},
    ]


def test_quoted_cells_keep_delimiters_quotes_and_lines() -> None:
    text = 'name,team,description\n"A, ""B""",payments,"first\nsecond"\nLast,payments,x\n'
    rows = parse(text).rows
    assert rows[0].cells["name"] == 'A, "B"'
    assert rows[0].cells["description"] == "first\nsecond"
    assert (rows[0].line, rows[1].line) == (2, 4)


def test_a_semicolon_file_with_commas_in_its_cells() -> None:
    rows = parse('name;team;description\nA;payments;"one, two, three, four"\n').rows
    assert rows[0].cells["description"] == "one, two, three, four"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("name,team,teir\nA,b,1\n", 1, "teir", "Did you mean “tier”?"),
        ("name,team,colour of its door\nA,b,1\n", 1, "colour of its door", "Known columns"),
        ("name,tier\nA,1\n", 1, "team", "missing"),
        ("name,team,name\nA,b,c\n", 1, "name", "twice"),
        ("name,team\nA,b,c\n", 2, "", "3 cells"),
        ("name,team,\nA,b,c\n", 2, "", "without a name"),
        ('name,team\nA,"b\nC,d\n', 2, "", "never closed"),
        ('name,team\nA,"b"c\n', 2, "", "quotes"),
        ("name,team\n", 0, "", "no row below"),
        ("", 0, "", "nothing in it"),
        ("  \n\n", 0, "", "nothing in it"),
    ],
)
def test_what_is_wrong_and_where(text: str, line: int, column: str, words: str) -> None:
    problem = only_problem(parse(text))
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


def test_a_cell_that_is_left_out_is_not_an_empty_one() -> None:
    rows = parse("name,team,tier\nA,b\nC,d,\n").rows
    assert "tier" not in rows[0].cells
    assert rows[1].cells["tier"] == ""


def test_too_many_rows() -> None:
    parsed = parse("name,team\n" + "A,b\n" * 2001)
    assert len(parsed.rows) == 2000
    assert only_problem(parsed).line == 2002


def test_a_cell_without_end() -> None:
    assert "characters" in only_problem(parse(f"name,team\n{'x' * 200_000},b\n")).message


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "'=x", "''=x", "\uff1d1"]
)
def test_formulas_are_data_on_the_way_in_and_harmless_on_the_way_out(cell: str) -> None:
    assert parse(f"name,team\n{guarded(cell)},b\n").rows[0].cells["name"] == cell
    written = "".join(write([{"name": cell}]))
    first = next(iter(list(stdlib_csv.reader(io.StringIO(written)))[1]))
    assert first.startswith("'")


@given(st.lists(st.fixed_dictionaries({"name": _TEXT, "description": _TEXT}), min_size=1, max_size=5))
@example([{"name": "'", "description": "-"}])
def test_what_is_written_is_read_back(rows: list[dict[str, str]]) -> None:
    kept = [{name: cell.strip() for name, cell in row.items()} for row in rows]
    parsed = parse("".join(write([{"slug": "s", "team": "t", **row} for row in kept])))
    assert parsed.problems == ()
    assert [{name: row.cells[name] for name in ("name", "description")} for row in parsed.rows] == kept
    assert set(parsed.rows[0].cells) == set(COLUMNS)


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_either_rows_or_problems(text: str) -> None:
    parsed = parse(text)
    assert parsed.rows or parsed.problems
    assert all(problem.message for problem in parsed.problems)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 0, "empty"),
        (b" \n ", 0, "empty"),
        (b"name,team\nCaf\xe9,b\n", 2, "UTF-8"),
        ("name,team\n".encode("utf-16"), 0, "UTF-16"),
        (b"PK\x03\x04\x00\x00binary", 1, "binary"),
        (b"x" * (MAX_BYTES + 1), 0, "2 MB"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, line: int, words: str) -> None:
    problem = decode(data)
    assert isinstance(problem, Problem)
    assert problem.line == line
    assert words in problem.message


def test_text_reads_the_same_however_its_lines_end() -> None:
    assert decode(b"\xef\xbb\xbfa\r\nb\rc\n") == "a\nb\nc\n"
