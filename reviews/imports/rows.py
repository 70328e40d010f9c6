"""What every parser of an import gives back, and the limits that all of them keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be imported: where, and what to do. `line` 0 is the file as a whole."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One service as the file has it. `cells` hold only what the file states, by field or fact name.

    `notes` are shown in the preview beside the row. `places` are line and name of single cells, where they
    differ from the row's own. `only_new` are cells that count only for a service that does not exist yet.
    """

    line: int
    cells: dict[str, str]
    notes: tuple[str, ...] = ()
    places: dict[str, tuple[int, str]] = field(default_factory=dict)
    only_new: frozenset[str] = frozenset()

    def place(self, cell: str) -> tuple[int, str]:
        """Return line and column name at which `cell` stands in the file."""
        return self.places.get(cell, (self.line, cell))


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the file that is no service, and why it is left out."""

    line: int
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read. Problems never hide rows: both are shown together."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def whole_file(message: str) -> Parsed:
    """A file that cannot be read at all, and what to do about it."""
    return Parsed(problems=(Problem(0, "", message),))


def decode(data: bytes) -> str | Problem:
    """Return the text of an uploaded file: UTF-8 with or without a byte order mark; else the problem."""
    if not data.strip():
        return Problem(0, "", "This file is empty. Choose the one with your services in it.")
    if len(data) > MAX_BYTES:
        return Problem(0, "", f"This file has {len(data):,} bytes; at most 2 MB fit. Split it into several.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem(0, "", "This file is UTF-16. Save it as “CSV UTF-8” and upload it again.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(line, "", "These bytes are not UTF-8. Save the file as UTF-8 and upload it again.")
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        return Problem(line, "", "This looks like a binary file. Upload a CSV or YAML text file.")
    # Browsers send line ends as they like: the same file has to read the same when it comes back from a form.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word most like `word`, or ""."""
    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else ""
