"""A runbook as a flat list of blocks with their lines: headings of every form, prose, steps, code, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markdown_it.token import Token

from checklist.rules.runbooks.parts import part_of
from readiness.bounded_markdown import bounded_parser

Kind = Literal["heading", "text", "item", "code", "row"]
_PARSER: Final = bounded_parser()
_WORK: Final = {"max_steps": 200_000, "max_tokens": 80_000}
_FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HTML_HEADING: Final = re.compile(r"\A\s*<h([1-6])\b[^<>]*>(.{1,300}?)</h\1>\s*\Z", re.DOTALL | re.IGNORECASE)
_PSEUDO_LEVEL: Final = 7  # below every real heading
_LABEL: Final = re.compile(r"^\s*([^\n:]{2,60}):\s*(.*)\Z", re.DOTALL)


@dataclass(slots=True)
class Block:
    """A piece of a runbook. `part` is what a heading names, `concrete` whether there is code or a link."""

    kind: Kind
    line: int
    text: str
    level: int = 0
    concrete: bool = False
    ends_list: bool = False
    part: str = ""


def front_matter(text: str) -> tuple[dict[str, str], int]:
    """The plain `key: value` lines of front matter, and how many lines it takes (0: there is none)."""
    found = _FRONT.match(text)
    if not found:
        return {}, 0
    pairs = (
        line.partition(":") for line in found[1].splitlines() if not line.startswith((" ", "\t", "-", "#"))
    )
    return {key.strip().casefold(): value.strip() for key, colon, value in pairs if colon}, found[0].count(
        "\n"
    )


def read_blocks(text: str) -> list[Block]:
    """Return the blocks of a runbook in order. Raises TooMuchWork for a text made to be slow."""
    _, skipped = front_matter(text)
    # Front matter is blanked, not cut off, so that lines stay what an editor shows.
    lines = text.split("\n")
    body = "\n".join([""] * skipped + lines[skipped:])
    tokens = _PARSER.parse(body, dict(_WORK))
    blocks = list(_blocks(tokens))
    headings = [block for block in blocks if block.kind == "heading"]
    for place, block in enumerate(headings):
        # The title tells what the runbook is for; that it holds the word “alert” makes it no part.
        block.part = part_of(block.text, whole=place == 0 and block.level == 1)
    return blocks


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    at, end = 0, len(tokens)
    while at < end:
        token = tokens[at]
        if token.type == "heading_open":
            yield _heading(token, tokens[at + 1])
            at += 3
        elif token.type == "paragraph_open":
            yield from _paragraph(token, tokens[at + 1])
            at += 3
        elif token.type in ("fence", "code_block"):
            yield Block("code", _line(token), token.content, concrete=bool(token.content.strip()))
            at += 1
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            close = _closing(tokens, at)
            yield from _items(tokens[at + 1 : close])
            at = close + 1
        elif token.type == "table_open":
            close = _closing(tokens, at)
            yield from _rows(tokens[at:close])
            at = close + 1
        else:
            at += 1


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0


def _closing(tokens: Sequence[Token], at: int) -> int:
    """The place of the token that closes the one at `at`."""
    level = tokens[at].level
    return next(
        place
        for place in range(at + 1, len(tokens))
        if tokens[place].level == level and tokens[place].nesting == -1
    )


def _heading(token: Token, inline: Token) -> Block:
    return Block("heading", _line(token), words(inline), level=int(token.tag[1]))


def _paragraph(token: Token, inline: Token) -> Iterator[Block]:
    """A paragraph; one that is no more than a part's name, in bold or before a colon, is a heading."""
    line, text = _line(token), words(inline)
    raw = _HTML_HEADING.match(inline.content)
    if raw:
        yield Block("heading", line, raw[2], level=int(raw[1]))
        return
    bold, rest = _leading_bold(inline)
    if bold and (not rest or part_of(bold)) and len(bold) <= 80:  # noqa: PLR2004  # longer is a sentence
        yield Block("heading", line, bold.rstrip(":"), level=_PSEUDO_LEVEL)
        if rest:
            yield Block("text", line, rest, concrete=is_concrete(inline))
        return
    label = _LABEL.match(text)
    if label and part_of(label[1]) and len(label[1].split()) <= 4:  # noqa: PLR2004  # a name, not a sentence
        yield Block("heading", line, label[1], level=_PSEUDO_LEVEL)
        if label[2].strip():
            yield Block("text", line, label[2].strip(), concrete=is_concrete(inline))
        return
    if text.isupper() and part_of(text):
        yield Block("heading", line, text, level=_PSEUDO_LEVEL)
        return
    yield Block("text", line, text, concrete=is_concrete(inline))


def _leading_bold(inline: Token) -> tuple[str, str]:
    """The bold words with which a paragraph begins, and the rest of it."""
    children = [child for child in inline.children or [] if child.type != "text" or child.content]
    if not children or children[0].type != "strong_open":
        return "", ""
    close = next((place for place, child in enumerate(children) if child.type == "strong_close"), 0)
    bold = "".join(child.content for child in children[1:close])
    rest = _join(children[close + 1 :]).lstrip(" :\N{EN DASH}\N{EM DASH}-")
    return bold.strip(), rest.strip()


def _items(tokens: Sequence[Token]) -> Iterator[Block]:
    """One block for each item of a list, with all that is nested in it."""
    found: list[Block] = []
    at = 0
    while at < len(tokens):
        if tokens[at].type != "list_item_open":
            at += 1
            continue
        close = _closing(tokens, at)
        inside = tokens[at + 1 : close]
        texts = [words(token) for token in inside if token.type == "inline"]
        concrete = any(
            is_concrete(token) if token.type == "inline" else token.type in ("fence", "code_block")
            for token in inside
        )
        found.append(Block("item", _line(tokens[at]), "\n".join(texts), concrete=concrete))
        at = close + 1
    if found:
        found[-1].ends_list = True
    yield from found


def _rows(tokens: Sequence[Token]) -> Iterator[Block]:
    """One block for each row of a table; a first cell that names a part makes a heading of it."""
    at = next((place for place, token in enumerate(tokens) if token.type == "tbody_open"), len(tokens))
    head = [words(token) for token in tokens[:at] if token.type == "inline"]
    named = sum(bool(part_of(cell)) for cell in head) > 1
    cells: list[Token] = []
    line = 0
    for token in tokens[at:]:
        if token.type == "tr_open":
            cells, line = [], _line(token)
        elif token.type == "inline":
            cells.append(token)
        elif token.type == "tr_close" and cells:
            yield from _columns(head, cells, line) if named else _cells(cells, line)


def _cells(cells: Sequence[Token], line: int) -> Iterator[Block]:
    first, rest = words(cells[0]), [words(cell) for cell in cells[1:]]
    concrete = any(is_concrete(cell) for cell in cells)
    if part_of(first) and len(first.split()) <= 4:  # noqa: PLR2004  # a name, not a sentence
        yield Block("heading", line, first, level=_PSEUDO_LEVEL)
        if any(rest):
            yield Block("row", line, " ".join(rest), concrete=concrete)
        return
    yield Block("row", line, " ".join([first, *rest]), concrete=concrete)


def _columns(head: Sequence[str], cells: Sequence[Token], line: int) -> Iterator[Block]:
    """A row of a table whose columns are the parts."""
    for name, cell in zip(head, cells, strict=False):
        if part_of(name):
            yield Block("heading", line, name, level=_PSEUDO_LEVEL)
            if text := words(cell):
                yield Block("row", line, text, concrete=is_concrete(cell))


def words(inline: Token) -> str:
    """The text of inline content: code as it is, links by their words."""
    return _join(inline.children or []).strip()


def _join(children: Sequence[Token]) -> str:
    return "".join("\n" if child.type in ("softbreak", "hardbreak") else child.content for child in children)


# Tools and languages whose name, followed by something, is a command or a query even without backticks.
_COMMAND: Final = re.compile(
    r"(?:^|[\s:(>$])(?:(?:kubectl|helm|aws|gcloud|az|psql|curl|ssh|systemctl|docker|terraform|ansible-playbook|git|make|redis-cli"
    r"|mysql|journalctl|argocd|flyctl|heroku|sudo|oc|nomad|consul|vault|dig|openssl|pg_ctl|rabbitmqctl|kafka-[a-z-]+)"
    r"\s+[\w./-]|SELECT\s+.{1,200}\sFROM\s|(?:sum|rate|histogram_quantile)\s*[({])"
)
_ADDRESS: Final = re.compile(r"https?://\S|\bwww\.\w|\w@[\w-]{1,63}\.\w")


def is_concrete(inline: Token) -> bool:
    """Whether inline content names a command, a query or a link."""
    for child in inline.children or []:
        if child.type == "code_inline" and child.content.strip():
            return True
        if child.type == "link_open" and str(child.attrGet("href") or "").strip("# "):
            return True
    return names_command(words(inline))


def names_command(text: str) -> bool:
    """Whether plain text holds a command, a query or an address."""
    return bool(_ADDRESS.search(text) or _COMMAND.search(text))
