"""`readiness lint-runbook`: lint Markdown files, for people, for GitHub's annotations, and as SARIF."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import quote

from checklist.rules.runbooks import MAX_BYTES, PARTS, TEMPLATE, Finding, LintError, Report, lint
from readiness import __version__

# What the exit status says: nothing to mend, something to mend, a file could not be read.
CLEAN, MEND, UNREADABLE = 0, 1, 2
_RULES: Final = {
    "parts": "Every runbook has all six parts",
    "intro": "Every runbook comes to the point within three sentences",
    "concrete": "Every step names a command, a query or a link",
}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Result:
    """One file: its report, or why it could not be read."""

    name: str
    report: Report | None = None
    error: str = ""


def main(options: argparse.Namespace, out: TextIO) -> int:
    """Lint the files; 0: nothing to mend, 1: something to mend, 2: a file could not be read."""
    if options.template:
        out.write(TEMPLATE)
        return CLEAN
    if not options.files:
        sys.stderr.write("readiness lint-runbook: name at least one file, or use --template.\n")
        return UNREADABLE
    results = [_lint_file(name, options.alert) for name in options.files]
    _WRITERS[options.format](results, out)
    for result in results:
        if result.error:
            sys.stderr.write(f"{result.name}: {result.error}\n")
    if any(result.error for result in results):
        return UNREADABLE
    return CLEAN if all(result.report and result.report.ok for result in results) else MEND


def _lint_file(name: str, alert: str) -> Result:
    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else _read(Path(name))
        return Result(name, lint(raw.decode("utf-8-sig"), alert=alert))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Result(name, error=f"line {line} is not UTF-8 text.")
    except OSError as error:
        return Result(name, error=f"cannot be read: {error.strerror}.")
    except LintError as error:
        return Result(name, error=str(error))


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BYTES:  # before it is in memory
        lint_size = f"has {size / 1024:,.0f} KB; at most {MAX_BYTES // 1024} KB are read."
        raise LintError(f"{lint_size} Keep the steps, and link the rest.")
    return path.read_bytes()


def _text(results: Sequence[Result], out: TextIO) -> None:
    for result in results:
        if result.report is None:
            continue
        report = result.report
        for finding in report.findings:
            out.write(f"{result.name}:{finding.line}: {finding.message} [{finding.rule}]\n")
        words = "nothing to mend" if report.ok else f"{len(report.findings)} to mend"
        lines = ", ".join(f"{part.key} {part.line or 'missing'}" for part in report.parts)
        out.write(
            f"{result.name}: {len(report.found)} of {len(PARTS)} parts ({lines}), introduction "
            f"{report.intro_sentences}, {report.vague_steps} of {report.steps} steps vague: {words}\n"
        )


def _github(results: Sequence[Result], out: TextIO) -> None:
    for result in results:
        for finding in _findings(result):
            name, title = _escape(result.name, ",:"), _escape(_RULES[finding.rule], ",:")
            out.write(f"::error file={name},line={finding.line},title={title}::{_escape(finding.message)}\n")
        if result.error:
            out.write(f"::error file={_escape(result.name, ',:')}::{_escape(result.error)}\n")


def _escape(text: str, more: str = "") -> str:
    """Escape as GitHub's workflow commands want it; names of files may hold anything."""
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _sarif(results: Sequence[Result], out: TextIO) -> None:
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "readiness lint-runbook",
                "version": __version__,
                "rules": [
                    {"id": rule, "shortDescription": {"text": words}} for rule, words in _RULES.items()
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(result.error for result in results),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{result.name}: {result.error}"}}
                    for result in results
                    if result.error
                ],
            }
        ],
        "results": [
            {
                "ruleId": finding.rule,
                "level": "error",
                "message": {"text": finding.message},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": _uri(result.name)},
                            "region": {"startLine": finding.line},
                        }
                    }
                ],
            }
            for result in results
            for finding in _findings(result)
        ],
    }
    json.dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, out, indent=1, ensure_ascii=False)
    out.write("\n")


def _uri(name: str) -> str:
    """A relative reference for a relative path, as code scanning wants it; an address for an absolute one."""
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _findings(result: Result) -> tuple[Finding, ...]:
    return result.report.findings if result.report else ()


_WRITERS: Final = {"text": _text, "github": _github, "sarif": _sarif}
