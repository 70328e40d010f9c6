"""Reading a checklist from files: one file, or a folder with `checklist.yaml` and one file per section.

In `checklist.yaml` of a folder, an entry of `sections` may be the name of a file beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from checklist.schema import Content
from checklist.validation import check, field_name
from checklist.yaml_source import FieldPath, Node, Problem, SourceError, read_file, read_yaml
from readiness.errors import Invalid

LIBRARY: Final = Path(__file__).resolve().parent / "library"
BUILT_IN: Final = LIBRARY / "mvp-to-production"

_SECTION_FILE: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.yaml")


class ChecklistInvalid(Invalid):
    """A checklist that cannot be loaded. `problems` name file, line and field, in the order of the files."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read_checklist(path: Path) -> Content:
    """Read and check a checklist from a file or a folder. Raises `ChecklistInvalid`."""
    main = path / "checklist.yaml" if path.is_dir() else path
    try:
        root = read_file(main, _name(main))
        _include_sections(root, main.parent)
    except SourceError as error:
        raise ChecklistInvalid([error.problem]) from error
    return _validated(root)


def parse_checklist(raw: bytes, name: str = "checklist.yaml") -> Content:
    """Read and check a checklist from one text, such as an upload. Raises `ChecklistInvalid`."""
    try:
        return _validated(read_yaml(raw, name))
    except SourceError as error:
        raise ChecklistInvalid([error.problem]) from error


def _name(path: Path) -> str:
    """The file as errors call it: relative to where the command was typed, if it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _include_sections(root: Node, folder: Path) -> None:
    """Replace file names among the sections by what those files hold."""
    sections = root.value.get("sections") if isinstance(root.value, dict) else None
    if sections is None or not isinstance(sections.value, list):
        return
    for index, node in enumerate(sections.value):
        if not isinstance(node.value, str):
            continue
        if not _SECTION_FILE.fullmatch(node.value):
            message = "must be a file beside this one, such as observability.yaml"
            raise SourceError(Problem(node.file, node.line, f"sections[{index}]", message))
        file = folder / node.value
        if not file.is_file():
            raise SourceError(
                Problem(node.file, node.line, f"sections[{index}]", f"no file {node.value} here")
            )
        sections.value[index] = read_file(file, _name(file))


def _validated(root: Node) -> Content:
    checked = check(root.data())
    if checked.content is None:
        raise ChecklistInvalid([_at(root, path, message) for path, message in checked.complaints])
    return checked.content


def _at(root: Node, path: FieldPath, message: str) -> Problem:
    node = root.at(path)
    return Problem(node.file, node.line, field_name(path), message)
