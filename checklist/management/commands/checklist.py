"""`manage.py checklist load|lint|diff`: bring checklists into the database, check them, compare them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checklist.actions import load_checklist
from checklist.diff import Change, Difference, FieldChange, compare
from checklist.loader import BUILT_IN, ChecklistInvalid, read_checklist
from checklist.queries import content_of, latest_version, published_version
from checklist.schema import Content
from readiness.errors import DomainError

_VALUE_WIDTH = 100


class Command(BaseCommand):
    """Load, lint or compare checklists."""

    help = "Load checklists into the database, check their files, and compare versions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the three subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        load = actions.add_parser(
            "load", help="publish a checklist, unless its content is the latest already"
        )
        lint = actions.add_parser("lint", help="check a checklist's files; exit 1 and name every mistake")
        diff = actions.add_parser(
            "diff", help="compare two versions (SLUG 1 2), or a file or folder with the latest version"
        )
        for action in (load, lint):
            action.add_argument("path", nargs="?", type=Path, default=BUILT_IN, help="a file or a folder")
        load.add_argument(
            "--keep-edits",
            action="store_true",
            help="leave a checklist as it is whose latest version was written in the editor",
        )
        diff.add_argument(
            "target", nargs="?", default=str(BUILT_IN), help="a checklist's slug, or a file or folder"
        )
        diff.add_argument("versions", nargs="*", type=int, help="the two version numbers, older first")
        for action in (load, lint, diff):
            action.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        """Run one subcommand; errors of the checklist end it with status 1."""
        try:
            getattr(self, f"_{action}")(options)
        except ChecklistInvalid as error:
            if options["json"]:
                self._print_json({"ok": False, "problems": _problems(error)})
            raise CommandError(f"{error.message}\n{_count(error)} to mend.") from error
        except DomainError as error:
            raise CommandError(error.message) from error

    def _load(self, options: dict[str, Any]) -> None:
        result = load_checklist(options["path"], keep_edits=options["keep_edits"])
        version = result.version
        if options["json"]:
            self._print_json(
                {
                    "checklist": version.checklist.slug,
                    "version": version.number,
                    "created": result.created,
                    "kept": result.kept,
                    "content_hash": version.content_hash,
                }
            )
            return
        if result.kept:
            self.stdout.write(
                f"{version.checklist.slug} v{version.number} was written in the editor and stays. To take "
                "over what the file holds, import it into a draft, or load without --keep-edits."
            )
            return
        done = "published" if result.created else "is up to date"
        self.stdout.write(f"{version.checklist.slug} v{version.number} {done} ({version.content_hash[:12]}).")

    def _lint(self, options: dict[str, Any]) -> None:
        content = read_checklist(options["path"])
        items = sum(1 for _ in content.items())
        if options["json"]:
            data = {"ok": True, "checklist": content.slug, "sections": len(content.sections), "items": items}
            self._print_json({**data, "problems": []})
            return
        self.stdout.write(f"{content.slug}: {len(content.sections)} sections, {items} items, no mistakes.")

    def _diff(self, options: dict[str, Any]) -> None:
        old, new, title = _sides(options["target"], options["versions"])
        difference = compare(old, new)
        if options["json"]:
            self._print_json(difference.as_data())
            return
        self.stdout.write(f"{title}:")
        for line in describe(difference) or ["no difference"]:
            self.stdout.write(f"  {line}")

    def _print_json(self, data: Any) -> None:
        self.stdout.write(json.dumps(data, indent=2, ensure_ascii=False))


def _problems(error: ChecklistInvalid) -> list[dict[str, Any]]:
    return [
        {"file": problem.file, "line": problem.line, "field": problem.field, "message": problem.message}
        for problem in error.problems
    ]


def _count(error: ChecklistInvalid) -> str:
    number = len(error.problems)
    return "1 mistake" if number == 1 else f"{number} mistakes"


def _sides(target: str, versions: list[int]) -> tuple[Content, Content, str]:
    """The two contents to compare, and what they are called."""
    path = Path(target)
    if versions:
        if len(versions) != 2:  # noqa: PLR2004
            raise CommandError(f"Name two versions: checklist diff {target} 1 2")
        old, new = (content_of(published_version(target, number)) for number in versions)
        return old, new, f"{target} v{versions[0]} to v{versions[1]}"
    if not path.exists():
        raise CommandError(
            f"There is no file or folder {target}. For two versions: checklist diff {target} 1 2"
        )
    new = read_checklist(path)
    latest = latest_version(new.slug)
    return content_of(latest), new, f"{new.slug} v{latest.number} to {target}"


def describe(difference: Difference) -> list[str]:
    """The difference as lines of text: + added, - removed, ~ changed, > moved."""
    lines = [_field_line(change, "~ checklist") for change in difference.checklist]
    lines += [f"+ section {entry.slug}: {entry.title}" for entry in difference.sections_added]
    lines += [f"- section {entry.slug}: {entry.title}" for entry in difference.sections_removed]
    lines += [line for change in difference.sections_changed for line in _change_lines(change, "section ")]
    lines += [f"> section {move.slug}: place {move.old} to {move.new}" for move in difference.sections_moved]
    lines += [f"+ {entry.section}/{entry.slug}: {entry.title}" for entry in difference.added]
    lines += [f"- {entry.section}/{entry.slug}: {entry.title}" for entry in difference.removed]
    lines += [line for change in difference.changed for line in _change_lines(change, "")]
    lines += [f"> {move.slug}: {move.old} to {move.new}" for move in difference.moved]
    return lines


def _change_lines(change: Change, what: str) -> list[str]:
    return [_field_line(field, f"~ {what}{change.slug}") for field in change.fields]


def _field_line(change: FieldChange, start: str) -> str:
    return f"{start} {change.field}: {_short(change.old)} to {_short(change.new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_WIDTH else f"{text[:_VALUE_WIDTH]}…"
