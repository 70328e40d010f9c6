"""Reading a checklist from files: one file, or a folder with `checklist.yaml` and one file per section.

In `checklist.yaml` of a folder, an entry of `sections` may be the name of a file beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from checklist.probes import registry
from checklist.schema import Content, whole_checks
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
    try:
        content = Content.model_validate(root.data())
    except ValidationError as error:
        problems = [_problem(root, detail) for detail in error.errors(include_url=False, include_input=False)]
        raise ChecklistInvalid(problems) from error
    complaints = whole_checks(content, {spec.id for spec in registry.active().specs()})
    if complaints:
        raise ChecklistInvalid([_at(root, path, message) for path, message in complaints])
    return content


def _at(root: Node, path: FieldPath, message: str) -> Problem:
    node = root.at(path)
    return Problem(node.file, node.line, field_name(path), message)


def field_name(path: FieldPath) -> str:
    """A path as people write it: `sections[1].items[3].severity`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _problem(root: Node, detail: ErrorDetails) -> Problem:
    path = _without_tags(root, detail["loc"])
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path = (*path, detail["ctx"]["discriminator"].strip("'"))
    return _at(root, path, _message(detail))


def _without_tags(root: Node, loc: FieldPath) -> FieldPath:
    """Drop what pydantic adds to a location to say which kind of item or check it read."""
    path: FieldPath = ()
    for part in loc:
        inside = root.at(path).value
        is_tag = isinstance(inside, dict) and path and isinstance(path[-1], int)
        if is_tag and part in [inside[key].value for key in ("kind", "check") if key in inside]:
            continue
        path = (*path, part)
    return path


_MESSAGES: Final[dict[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text (put quotes around it)",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters",
    "too_short": "must have at least {min_length}",
    "too_long": "must have at most {max_length}",
    "string_pattern_mismatch": "must match {pattern}",
    "union_tag_invalid": "must be {expected_tags}",
    "union_tag_not_found": "is required",
    "literal_error": "must be {expected}",
}


def _message(detail: ErrorDetails) -> str:
    context: dict[str, Any] = dict(detail.get("ctx") or {})
    if detail["type"] == "value_error":
        return str(context["error"])
    template = _MESSAGES.get(detail["type"])
    if template is None:
        return detail["msg"]
    return template.format(**{key: str(value).replace("'", "") for key, value in context.items()})
