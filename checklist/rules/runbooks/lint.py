"""Judge a runbook. Source: the article's section on runbooks; every finding says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from checklist.rules.runbooks.blocks import Block, front_matter, read_blocks
from checklist.rules.runbooks.parts import INTRO, PARTS, STEPS, plain
from checklist.rules.runbooks.report import MAX_SENTENCES, Finding, Part, Report
from checklist.rules.runbooks.sentences import count_sentences, first_words
from readiness.bounded_markdown import TooMuchWork

MAX_BYTES: Final = 256 * 1024
_EMPTY: Final = {
    "todo",
    "tbd",
    "tba",
    "n a",
    "na",
    "none",
    "fill in",
    "to do",
    "to be done",
    "siehe oben",
    "folgt",
    "a completer",
}
# Lines that say what follows from a step, or point to another one, are no steps of their own.
_RESULT: Final = re.compile(
    r"^(expect|expected|you should|you will see|the result|result|wait |note|done when|then (go|continue)"
    r"|otherwise (go|continue)|if .{1,120}\b(step \d|go to|continue with|skip to|see) "
    r"|erwartet|erwarte|ergebnis|warte |hinweis|dann weiter|attendre |resultat|remarque)",
    re.IGNORECASE,
)
# Doing that leaves open what to do.
_VAGUE: Final = re.compile(
    r"\b(check|look (at|into|for)|investigate|figure (it )?out|see what|analy[sz]e|monitor|debug|verify"
    r"|inspect|troubleshoot|restart if|prufe\w*|schau\w*|untersuch\w*|analysier\w*|uberpruf\w*"
    r"|verifie\w*|regarde\w*|analyse[rz]?|examine[rz]?)\b"
)
_FACTS: Final = re.compile(r"(?:[\w /-]{2,30}:[^\n]{0,60}[^.!?\n](?:\n|\Z))+")
_NAME: Final = re.compile(r"[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*|[a-z0-9]+(?:[-_][a-z0-9]+)+")
_LONGEST_NAME: Final = 100


class LintError(ValueError):
    """The text cannot be linted at all: too large, or made to be slow."""


@dataclass(slots=True)
class _Section:
    """A heading with what stands under it, up to the next heading of its rank."""

    part: str
    line: int
    heading: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said under it."""
        return not any(_says(block) for block in self.blocks if block.kind != "heading")


def lint(text: str, *, alert: str = "") -> Report:
    """Lint one runbook.

    Arguments: `text`, Markdown; `alert`, the name of the alert it is for, where that is known: a title that
    holds it names the alert. Raises LintError beyond MAX_BYTES, and for a text that is made to be slow.
    """
    if (size := len(text.encode(errors="replace"))) > MAX_BYTES:
        raise LintError(
            f"This runbook has {size / 1024:,.0f} KB; at most {MAX_BYTES // 1024} KB are read. "
            "Nobody reads that much at night: keep the steps, and link the rest."
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        blocks = read_blocks(text)
    except TooMuchWork:
        raise LintError(
            "This text nests so deeply that it cannot be read. Write it in plain lines."
        ) from None
    sections = _sections(blocks)
    parts, findings = _parts(sections, _named_alert(text, blocks, alert))
    sentences, line = _intro(blocks)
    if sentences > MAX_SENTENCES:
        findings.append(
            Finding(
                line,
                "intro",
                f"The introduction has {sentences} sentences; at most {MAX_SENTENCES}. "
                "Move the rest to a page about the design.",
            )
        )
    steps, vague = _steps([section for section in sections if section.part and not section.is_empty])
    findings += vague
    findings.sort(key=lambda finding: finding.line)
    return Report(tuple(parts), sentences, steps, len(vague), tuple(findings))


def _says(block: Block) -> bool:
    said = plain(block.text)
    return bool(block.text.strip()) and said not in _EMPTY and (bool(said) or block.concrete)


def _sections(blocks: Sequence[Block]) -> list[_Section]:
    """Every heading with the blocks up to the next one of its rank or a higher one, parts inside left out."""
    found: list[_Section] = []
    open_now: list[tuple[int, _Section]] = []
    for block in blocks:
        if block.kind == "heading":
            open_now = [(level, section) for level, section in open_now if level < block.level]
            part = block.part
            if part and part != INTRO:
                # What stands under a part's own heading belongs to that part alone.
                open_now = [pair for pair in open_now if not pair[1].part]
            section = _Section("" if part == INTRO else part, block.line, block.text)
            found.append(section)
            open_now.append((block.level, section))
            continue
        for _, section in open_now:
            section.blocks.append(block)
    return found


def _named_alert(text: str, blocks: Sequence[Block], alert: str) -> Part | None:
    """The alert where it is named by the title or by front matter rather than under a heading."""
    matter, _ = front_matter(text)
    key = next((key for key in ("alert", "alertname", "alerts", "alarm", "alerte") if matter.get(key)), "")
    if key:
        line = next(n for n, each in enumerate(text.split("\n"), 1) if each.casefold().startswith(key))
        return Part("alert", line, f"{key}: {matter[key]}")
    title = next((block for block in blocks if block.kind == "heading"), None)
    if title is None or title.level > 2:  # noqa: PLR2004  # a title is a heading of the first two ranks
        return None
    last = title.text.split(":")[-1].strip("`*_ ")
    words = [word.strip("`*_:,()") for word in title.text.split()]
    named = _is_name(last) or any(_is_name(word) and not word.islower() for word in words)
    if named or (alert and plain(alert) in plain(title.text)):
        return Part("alert", title.line, title.text)
    return None


def _is_name(word: str) -> bool:
    """Whether a word looks like the name of an alert: CamelCase, or words joined by - or _."""
    return len(word) <= _LONGEST_NAME and bool(_NAME.fullmatch(word))


def _parts(sections: Sequence[_Section], alert: Part | None) -> tuple[list[Part], list[Finding]]:
    parts: list[Part] = []
    findings: list[Finding] = []
    for key, name in PARTS.items():
        under = [section for section in sections if section.part == key]
        full = next((section for section in under if not section.is_empty), None)
        if full:
            parts.append(Part(key, full.line, full.heading))
        elif key == "alert" and alert:
            parts.append(alert)
        else:
            parts.append(Part(key, 0))
            if under:
                message = f"{name}: nothing stands under “{under[0].heading[:60]}”. Fill it in."
                findings.append(Finding(under[0].line, "parts", message))
            else:
                findings.append(Finding(1, "parts", f"{name}: missing. {_ADVICE[key]}"))
    return parts, findings


_ADVICE: Final = {
    "alert": "Name the alert as it appears on the page, under a heading “Alert”.",
    "symptoms": "Say under “Symptoms” what to look at, so that the reader knows it is real.",
    "mitigation": "Say under “Mitigation” what stops the harm now, before anybody understands it.",
    "diagnosis": "Put queries that are ready to paste under “Diagnosis”.",
    "rollback": "Put the command, and how to see that it worked, under “Rollback”.",
    "escalation": "Say under “Escalation” whom to call next, and when.",
}


def _intro(blocks: Sequence[Block]) -> tuple[int, int]:
    """Sentences of prose before the first part, and the line on which they begin.

    Without any part: before the first list, code or table.
    """
    sentences, first = 0, 1
    has_parts = any(block.kind == "heading" and block.part not in ("", INTRO) for block in blocks)
    for block in blocks:
        if block.kind == "heading":
            if block.part not in ("", INTRO):
                break
            continue
        if not has_parts and block.kind != "text":
            break
        if _FACTS.fullmatch(block.text):
            continue  # “Owner: Payments” is no prose
        if block.kind == "text" or (block.kind == "item" and re.search(r"[.!?]\s*$", block.text)):
            count = count_sentences(block.text)
            if count and not sentences:
                first = block.line
            sentences += count
    return sentences, first


def _steps(sections: Sequence[_Section]) -> tuple[int, list[Finding]]:
    """How many steps there are, and those that name no command, query or link."""
    steps, vague = 0, []
    for section in sections:
        found = list(_of_section(section))
        steps += len(found)
        vague += [
            Finding(
                block.line,
                "concrete",
                f"“{first_words(block.text)}” names no command, query or link. "
                "Write what to type or where to click.",
            )
            for block in found
            if not block.concrete
        ]
        if section.part in STEPS and not found and not any(block.concrete for block in section.blocks):
            vague.append(
                Finding(
                    section.line,
                    "concrete",
                    f"{PARTS[section.part]}: no command, query or link in it. Write what to type.",
                )
            )
    return steps, vague


def _of_section(section: _Section) -> Iterator[Block]:
    """The steps of a part. One that is followed by code is made concrete by it."""
    blocks = section.blocks
    for place, block in enumerate(blocks):
        if block.kind not in ("item", "row", "text") or not _says(block):
            continue
        after = blocks[place + 1] if place + 1 < len(blocks) else None
        followed = after is not None and after.kind == "code" and (block.ends_list or block.kind == "text")
        concrete = block.concrete or followed
        said = plain(block.text)
        if section.part in STEPS and block.kind in ("item", "row"):
            if not concrete and _RESULT.match(block.text.strip()):
                continue
        elif (
            section.part not in (*STEPS, "symptoms")
            or not _VAGUE.search(said)
            or (block.kind == "text" and count_sentences(block.text) > MAX_SENTENCES and concrete)
        ):
            continue
        yield Block(block.kind, block.line, block.text, concrete=concrete)
