"""Alerts from rule files of Prometheus, and from PrometheusRule of its operator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from checklist.yaml_source import Node, SourceError, read_yaml
from reviews.imports.rows import Parsed, Problem, Row, Skipped, nearest, whole_file
from reviews.imports.words import about_of, tier_of

_RULE: Final = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
_GROUP: Final = ("name", "interval", "limit", "query_offset", "labels", "rules", "partial_response_strategy")
_RUNBOOK: Final = ("runbook_url", "runbook", "playbook", "playbook_url")
_SYMPTOM: Final = ("summary", "description", "message", "title")
_MAX_SYMPTOM: Final = 500


def parse(text: str) -> Parsed:
    """Read the alerting rules of a rule file: name, tier from `labels.severity`, runbook and symptom.

    How often an alert fired is not in a rule file, so those cells are not stated. Unknown fields are named
    with their line and left alone; recording rules are skipped.
    """
    try:
        root = read_yaml(text.encode(), "rules")
    except SourceError as error:
        return Parsed(problems=(Problem(error.problem.line, "", f"This {error.problem.message}."),))
    groups = _groups(root)
    if groups is None:
        return whole_file(
            "This is YAML, but no rule file: `groups` is missing. Take the file that Prometheus loads, "
            "or a PrometheusRule."
        )
    rows: list[Row] = []
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    for rule in _rules(groups, problems, skipped):
        found = _alert(rule)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            rows.append(found)
    recording = sum("record" in rule.value for rule in _rules(groups, [], []))
    if recording:
        skipped.append(Skipped(groups.line, f"{recording} recording rules", "they alert nobody"))
    if not rows and not problems:
        return whole_file("There is no alerting rule in this file.")
    return Parsed(tuple(_distinct(rows, skipped)), tuple(problems), tuple(skipped))


def _groups(root: Node) -> Node | None:
    if not isinstance(root.value, dict):
        return None
    if root.value.get("spec") is not None and isinstance(root.value["spec"].value, dict):
        root = root.value["spec"]
    groups = root.value.get("groups")
    return groups if isinstance(groups, Node) and isinstance(groups.value, list) else None


def _rules(groups: Node, problems: list[Problem], skipped: list[Skipped]) -> Iterator[Node]:
    """The rules of all groups; what is no rule becomes a problem, an unknown field of a group is named."""
    for group in groups.value:
        rules = group.value.get("rules") if isinstance(group.value, dict) else None
        if rules is None or not isinstance(rules.value, list):
            problems.append(Problem(group.line, "groups", "A group needs a list of `rules`."))
            continue
        skipped += [
            Skipped(node.line, key, "no field of a rule group") for key, node in _unknown(group, _GROUP)
        ]
        for rule in rules.value:
            if isinstance(rule.value, dict):
                yield rule
            else:
                problems.append(Problem(rule.line, "rules", "A rule must be named values, such as `alert:`."))


def _unknown(node: Node, known: tuple[str, ...]) -> list[tuple[str, Node]]:
    return [(key, child) for key, child in node.value.items() if key not in known]


def _alert(rule: Node) -> Row | Problem | None:
    if "record" in rule.value and "alert" not in rule.value:
        return None
    name = rule.value.get("alert")
    if name is None:
        return Problem(rule.line, "alert", "This rule has neither `alert` nor `record`. Give it a name.")
    if not isinstance(name.value, str) or not name.value.strip():
        return Problem(name.line, "alert", "The name of an alert must be text.")
    for part in ("labels", "annotations"):
        if part in rule.value and not isinstance(rule.value[part].value, dict):
            return Problem(rule.value[part].line, part, f"`{part}` must be named values.")
    return _row(rule, name.value.strip())


def _row(rule: Node, name: str) -> Row:
    labels, notes = _texts(rule.value.get("labels")), _notes(rule)
    annotations = _texts(rule.value.get("annotations"))
    cells = {"alert": name}
    severity = labels.get("severity", "")
    if tier := tier_of(severity):
        cells["tier"] = tier
    else:
        what = f"severity “{severity[:40]}” is no tier" if severity else "no severity"
        notes.append(f"{what}: choose a tier")
    runbook = _first(annotations, _RUNBOOK)
    if re.match(r"https?://", runbook) and "{{" not in runbook:
        cells["runbook"] = runbook
    elif runbook:
        notes.append("its runbook is no address, so it is left out")
    if symptom := _first(annotations, _SYMPTOM):
        cells["symptom"] = symptom[:_MAX_SYMPTOM]
    if about := about_of(name, symptom):
        cells["about"] = about
        notes.append("what it reports is guessed from its name")
    return Row(rule.line, cells, tuple(notes), only_new=frozenset({"about", "symptom"}))


def _notes(rule: Node) -> list[str]:
    notes = []
    for key, node in _unknown(rule, _RULE):
        close = nearest(key, _RULE)
        hint = (
            " (it belongs under labels)"
            if key == "severity"
            else f" (did you mean “{close}”?)"
            if close
            else ""
        )
        notes.append(f"line {node.line}: unknown field “{key[:40]}”{hint}")
    if "expr" not in rule.value:
        notes.append("it has no expr, so Prometheus would not load it")
    return notes


def _texts(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    return {key: str(child.value).strip() for key, child in node.value.items() if _is_plain(child.value)}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _first(annotations: dict[str, str], names: tuple[str, ...]) -> str:
    """The first that is there, on one line."""
    return next((" ".join(annotations[name].split()) for name in names if annotations.get(name)), "")


def _distinct(rows: list[Row], skipped: list[Skipped]) -> Iterator[Row]:
    """Rules of one name at several severities get it in their name; the same alert twice counts once."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        name, tier = row.cells["alert"], row.cells.get("tier", "")
        if (name, tier) in seen:
            skipped.append(Skipped(row.line, name, "the same alert at the same tier stands above it"))
            continue
        seen.add((name, tier))
        tiers = {other.cells.get("tier", "") for other in rows if other.cells["alert"] == name}
        if len(tiers) > 1:
            told_apart = {**row.cells, "alert": f"{name} ({tier or 'no tier'})"}
            yield Row(row.line, told_apart, row.notes, only_new=row.only_new)
        else:
            yield row
