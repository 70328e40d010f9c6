"""Checking a checklist as plain data, whoever wrote it: a YAML file or the editor. Pure.

Complaints name the place by its path, so that a file can add the line and a form can put it beside its field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from checklist.probes import registry
from checklist.schema import Complaint, Content, whole_checks
from checklist.yaml_source import FieldPath


@dataclass(frozen=True, slots=True)
class Checked:
    """The content, or None and what is wrong with it."""

    content: Content | None
    complaints: list[Complaint] = field(default_factory=list)


def check(data: Any) -> Checked:
    """Check plain data as a checklist: each part by the schema, then the whole."""
    nul = [(path, "must not hold NUL characters") for path in _with_nul(data, ())]
    if nul:
        return Checked(None, nul)
    try:
        content = Content.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return Checked(None, [_complaint(data, detail) for detail in details])
    complaints = whole_checks(content, {spec.id for spec in registry.active().specs()})
    return Checked(None if complaints else content, complaints)


def field_name(path: FieldPath) -> str:
    """A path as people write it: `sections[1].items[3].severity`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _with_nul(data: Any, path: FieldPath) -> Iterator[FieldPath]:
    if isinstance(data, str) and "\x00" in data:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _with_nul(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _with_nul(value, (*path, index))


def _complaint(data: Any, detail: ErrorDetails) -> Complaint:
    path = _without_tags(data, detail["loc"])
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path = (*path, detail["ctx"]["discriminator"].strip("'"))
    return path, _message(detail)


def _without_tags(data: Any, loc: FieldPath) -> FieldPath:
    """Drop what pydantic adds to a location to say which kind of item or check it read."""
    path: FieldPath = ()
    for part in loc:
        inside = _at(data, path)
        is_tag = isinstance(inside, dict) and path and isinstance(path[-1], int)
        if is_tag and part in [inside[key] for key in ("kind", "check") if key in inside]:
            continue
        path = (*path, part)
    return path


def _at(data: Any, path: FieldPath) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            break
    return data


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


# The patterns of slugs and keys, said in words.
_PATTERNS: Final = {
    "(-[a-z0-9]+)*$": "small letters, digits and single hyphens, such as on-call",
    "(_[a-z0-9]+)*$": "small letters, digits and single underscores, such as peak_load",
}


def _message(detail: ErrorDetails) -> str:
    context: dict[str, Any] = dict(detail.get("ctx") or {})
    for ending, words in _PATTERNS.items():
        if str(context.get("pattern", "")).endswith(ending):
            return f"must match {context['pattern']}: {words}"
    if detail["type"] == "value_error":
        return str(context["error"])
    template = _MESSAGES.get(detail["type"])
    if template is None:
        return detail["msg"]
    return template.format(**{key: str(value).replace("'", "") for key, value in context.items()})
