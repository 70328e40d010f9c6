"""The linter of runbooks: a corpus in the styles of real teams, hostile texts, and time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules.runbooks import ALIASES, MAX_BYTES, PARTS, TEMPLATE, LintError, Report, lint
from checklist.rules.runbooks.parts import part_of, plain
from checklist.rules.runbooks.sentences import count_sentences

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "runbooks"
RUNBOOKS = sorted(CORPUS.glob("*.md"))


def test_the_corpus_is_large_enough() -> None:
    assert len(RUNBOOKS) >= 40
    assert sum(path.name.startswith("bad") for path in RUNBOOKS) >= 15


@pytest.mark.parametrize("path", RUNBOOKS, ids=[path.stem for path in RUNBOOKS])
def test_corpus(path: Path) -> None:
    """Each part on its line, the sentences of the introduction, and the lines of the vague steps."""
    expected = json.loads(path.with_suffix(".json").read_text())
    report = lint(path.read_bytes().decode())
    found = {
        "parts": {part.key: part.line for part in report.parts},
        "intro_sentences": report.intro_sentences,
        "vague_lines": [finding.line for finding in report.findings if finding.rule == "concrete"],
    }
    assert found == expected
    assert report.ok == path.name.startswith("good"), report.findings


def test_the_template_has_nothing_to_mend() -> None:
    report = lint(TEMPLATE)
    assert report.ok
    assert report.steps >= 5
    assert report.intro_sentences == 3


def test_no_word_names_two_parts() -> None:
    words = [alias for names in ALIASES.values() for alias in names]
    twice = {
        word
        for word in words
        if words.count(word) > 1 and len({p for p, n in ALIASES.items() if word in n}) > 1
    }
    assert not twice
    assert all(plain(word) == word for word in words), "aliases stand as they are compared"


@pytest.mark.parametrize("part", PARTS)
def test_every_alias_names_its_part(part: str) -> None:
    assert {part_of(alias) for alias in ALIASES[part]} == {part}


@pytest.mark.parametrize(
    ("heading", "part"),
    [
        ("3.1.2 Rollback", "rollback"),
        ("Step 2: Diagnose", "diagnosis"),
        ("Schritt 3 \N{EN DASH} Eskalation", "escalation"),
        ("ALERT", "alert"),
        ("*Symptoms:*", "symptoms"),
        ("Rollback and escalation", "rollback"),
        ("How we found the office", ""),
        ("Changelog", ""),
        ("", ""),
        ("a" * 5000, ""),
    ],
)
def test_headings(heading: str, part: str) -> None:
    assert part_of(heading) == part


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One.", 1),
        ("One without a stop", 1),
        ("One. Two! Three?", 3),
        ("It costs 2.50 at v1.2.3.", 1),
        ("See https://a.example/b. Then stop.", 2),
        ("Es nutzt z. B. die Bank. Fertig.", 2),
        ("Well... then.", 2),
        ("* - .", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert count_sentences(text) == count


def test_the_name_of_the_alert_in_the_title_counts() -> None:
    text = TEMPLATE.replace("## Alert\n", "").replace("# CheckoutErrorBudgetBurn", "# What to do: disk full")
    assert lint(text).parts[0].line == 0
    assert lint(text, alert="disk full").parts[0].line == 1


def test_every_missing_part_is_a_plain_sentence() -> None:
    findings = lint("Nothing.").findings
    assert [finding.rule for finding in findings] == ["parts"] * 6
    assert findings[4].message.startswith("Rollback procedure: missing. Put the command")


def test_a_runbook_of_five_megabytes_is_refused() -> None:
    with pytest.raises(LintError, match="at most 256 KB"):
        lint("x " * (5 * 1024 * 1024 // 2))


HOSTILE = {
    "nested quotes": ">" * 100_000,
    "nested lists": "\n".join("  " * depth + "- x" for depth in range(2_000)),
    "open brackets": "[" * 100_000,
    "emphasis": "*a_ " * 60_000,
    "one long line": "a" * (MAX_BYTES - 1),
    "headings": "# a\n" * 60_000,
    "bold": "**a**\n\n" * 30_000,
    "list": "- a\n" * 60_000,
    "table": "|a|b|\n|-|-|\n" + "|x|y|\n" * 40_000,
    "backticks": "`" * 100_001,
    "front matter": "---\n" + "a: b\n" * 50_000,
    "labels": "a" * 59 + ": x\n\n" * 20_000,
    "spaces": " " * 200_000 + "x.",
    "dots": "# X\n" + "." * 200_000,
    "tags": "# " + "<" * 200_000,
    "if": "## Rollback\n- if " + "a " * 100_000,
    "select": "## Rollback\n- " + "SELECT " * 30_000,
    "dashes": "# " + "a-" * 100_000,
    "camel": "# " + "Aa" * 100_000 + "!",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_linting_is_bounded_in_time(name: str) -> None:
    """Whatever the text: a result or a refusal within a few seconds of CPU time."""
    start = time.process_time()
    with contextlib.suppress(LintError):
        lint(HOSTILE[name][: MAX_BYTES - 1])
    assert time.process_time() - start < 8


@given(st.text(max_size=400))
def test_any_text_gives_a_report(text: str) -> None:
    report = lint(text)
    assert len(report.parts) == 6
    assert report.vague_steps == sum(finding.rule == "concrete" for finding in report.findings)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= finding.line <= lines for finding in report.findings)
    assert Report.from_json(json.loads(json.dumps(report.as_json()))) == report


pieces = st.sampled_from([block + "\n\n" for block in TEMPLATE.split("\n\n")])


@given(st.lists(pieces, max_size=12))
def test_pieces_of_a_runbook_in_any_order(blocks: list[str]) -> None:
    """A part is found just when its heading is there, on that line."""
    text = "".join(blocks)
    for part in lint(text).parts:
        if part.line:
            assert part.heading in text.split("\n")[part.line - 1]


def test_the_linter_loads_without_django() -> None:
    """The command line starts fast."""
    code = "import sys, checklist.rules.runbooks; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
