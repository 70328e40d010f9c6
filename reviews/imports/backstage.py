"""Services from Backstage's catalog-info.yaml: one document or several, of which kind Component is taken.

Source of the format: Backstage, "Descriptor Format of Catalog Entities". Documents are read as a tree of
nodes and never turned into objects, so that aliases cannot be made to grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from checklist.facts import FACTS_BY_NAME
from reviews.imports.rows import MAX_ROWS, Parsed, Problem, Row, Skipped, nearest, whole_file
from reviews.service_fields import URL_FIELDS, slug_base

MAX_ALIASES: Final = 50
MAX_DEPTH: Final = 30
MAX_NODES: Final = 400_000
OWN_PREFIX: Final = "readiness/"
_OWN_FIELDS: Final = ("tier", *URL_FIELDS, *FACTS_BY_NAME)
_OWN_NAMES: Final = {name.replace("_", "-"): name for name in _OWN_FIELDS}
_OWNER: Final = re.compile(r"^(?:(?P<kind>[A-Za-z]+):)?(?:[A-Za-z0-9._-]+/)?(?P<name>[^:/]+)$")
_NOT_SERVICES: Final = {
    "library": "A library takes no traffic of its own.",
    "documentation": "Documentation takes no customer traffic.",
}
_LINK_WORDS: Final = (
    ("health_url", re.compile(r"\bhealth", re.I)),
    ("documentation_url", re.compile(r"\b(docs?|documentation|wiki|handbook)\b", re.I)),
    ("repository_url", re.compile(r"\b(repo|repository|source|code)\b", re.I)),
    ("production_url", re.compile(r"\b(production|prod|live|website|homepage|app)\b", re.I)),
)


def parse(text: str) -> Parsed:
    """Read services from the text of a catalog file. Problems name line and field, such as spec.owner.

    Besides the standard fields, annotations under `readiness/` are taken: `readiness/tier`,
    `readiness/production-url`, `readiness/health-url` and the profile facts, such as `readiness/regulated`.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return whole_file("There is nothing in it. Paste or upload a catalog-info.yaml.")
    try:
        problem = _too_much(text)
        if problem:
            return Parsed(problems=(problem,))
        return _documents(list(yaml.compose_all(text, Loader=yaml.CSafeLoader)))
    except yaml.YAMLError as error:
        return Parsed(problems=(_broken(error),))


def _too_much(text: str) -> Problem | None:
    """Refuse what is made to exhaust a reader, before a tree is built from it."""
    aliases = depth = nodes = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        aliases += isinstance(event, yaml.AliasEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH:
            return Problem(line, "", f"Nested deeper than {MAX_DEPTH} levels. A catalog file never is.")
        if aliases > MAX_ALIASES:
            return Problem(line, "", f"More than {MAX_ALIASES} aliases (*name). Write the values out.")
        if nodes > MAX_NODES:
            return Problem(line, "", "This file holds too much. Split it into several.")
    return None


def _broken(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it cannot be read"
    return Problem(mark.line + 1 if mark else 0, "", f"This is not YAML: {what}. Correct it and try again.")


def _documents(documents: list[Node | None]) -> Parsed:
    rows: list[Row] = []
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    for node in documents:
        if node is None or (isinstance(node, ScalarNode) and not node.value.strip()):
            continue
        found = _document(node)
        if isinstance(found, Row):
            rows.append(found)
        elif isinstance(found, Skipped):
            skipped.append(found)
        else:
            problems.extend(found)
        if len(rows) > MAX_ROWS:
            problems.append(Problem(_line(node), "", f"More than {MAX_ROWS:,} services. Split the file."))
            rows.pop()
            break
    if not rows and not problems:
        problems.append(
            Problem(0, "", "No document in it describes a service, so there is nothing to import.")
        )
    return Parsed(tuple(rows), tuple(problems), tuple(skipped))


def _document(node: Node) -> Row | Skipped | list[Problem]:
    top = _fields(node)
    if top is None or "kind" not in top:
        return [Problem(_line(node), "kind", "This document says no kind. Add “kind: Component”.")]
    kind = _scalar(top["kind"])
    metadata, spec = _fields(top.get("metadata")) or {}, _fields(top.get("spec")) or {}
    name = _scalar(metadata.get("name"))
    if kind != "Component":
        return Skipped(
            _line(node), f"{kind} {name}".strip(), "Only a document of kind Component is a service."
        )
    kind_of_component = _scalar(spec.get("type"))
    if kind_of_component.lower() in _NOT_SERVICES:
        return Skipped(_line(node), f"Component {name}".strip(), _NOT_SERVICES[kind_of_component.lower()])
    return _component(_line(node), metadata, spec)


def _component(line: int, metadata: dict[str, Node], spec: dict[str, Node]) -> Row | list[Problem]:
    cells: dict[str, str] = {}
    places: dict[str, tuple[int, str]] = {}
    problems: list[Problem] = []

    def take(cell: str, node: Node | None, path: str, value: str | None = None) -> None:
        text = _scalar(node) if value is None else value
        if node is not None and text and cell not in cells:
            cells[cell], places[cell] = text, (_line(node), path)

    for cell, node, path in (
        ("slug", metadata.get("name"), "metadata.name"),
        ("description", metadata.get("description"), "metadata.description"),
        ("team", spec.get("owner"), "spec.owner"),
    ):
        take(cell, node, path)
        if cell not in cells and cell != "description":
            problems.append(Problem(line, path, f"{path} is missing. Add it to the document."))
    if problems:
        return problems
    cells["slug"] = slug_base(cells["slug"])
    take("name", metadata.get("title"), "metadata.title")
    only_new = frozenset[str]() if "name" in cells else frozenset({"name"})
    take("name", metadata["name"], "metadata.name")
    problems = _owner(cells, places)
    for name, node in (_fields(metadata.get("annotations")) or {}).items():
        problems.extend(_annotation(name, node, take))
    for node, title_, url in _links(metadata.get("links")):
        cell = next((cell for cell, word in _LINK_WORDS if word.search(title_)), "")
        if cell:
            take(cell, node, "metadata.links", url)
    notes = tuple(f"{key} {_scalar(spec[key])}" for key in ("type", "lifecycle") if _scalar(spec.get(key)))
    return problems or Row(line, cells, notes, places, only_new)


def _owner(cells: dict[str, str], places: dict[str, tuple[int, str]]) -> list[Problem]:
    """Reduce an entity reference such as group:default/payments to the team's name."""
    match = _OWNER.match(cells["team"])
    line, path = places["team"]
    if match is None:
        return [Problem(line, path, f"“{cells['team'][:60]}” names no team. Write its slug or name.")]
    if (match["kind"] or "group").lower() not in {"group", "team"}:
        return [Problem(line, path, "A team owns a service here, not a person. Name the team.")]
    cells["team"] = match["name"].strip()
    return []


def _annotation(name: str, node: Node, take: Any) -> list[Problem]:
    value = _scalar(node)
    path = f"metadata.annotations.{name}"
    if name == "backstage.io/source-location" and value.startswith("url:"):
        take("repository_url", node, path, value.removeprefix("url:"))
    elif name == "github.com/project-slug" and value:
        take("repository_url", node, path, f"https://github.com/{value}")
    elif name == "gitlab.com/project-slug" and value:
        take("repository_url", node, path, f"https://gitlab.com/{value}")
    elif name.startswith(OWN_PREFIX):
        own = name.removeprefix(OWN_PREFIX)
        if own not in _OWN_NAMES:
            close = nearest(own, _OWN_NAMES)
            hint = f"Did you mean “{OWN_PREFIX}{close}”?" if close else f"Known: {', '.join(_OWN_NAMES)}."
            return [Problem(_line(node), path, f"No field has this name. {hint}")]
        take(_OWN_NAMES[own], node, path)
    return []


def _links(node: Node | None) -> Iterator[tuple[Node, str, str]]:
    """Links with the words that say what they are: title and type."""
    if not isinstance(node, SequenceNode):
        return
    for entry in node.value:
        fields = _fields(entry) or {}
        words = f"{_scalar(fields.get('title'))} {_scalar(fields.get('type'))}"
        yield entry, words, _scalar(fields.get("url"))


def _fields(node: Node | None) -> dict[str, Node] | None:
    """A mapping's nodes by key; None for anything else. The last of two equal keys counts, as in YAML 1.1."""
    if not isinstance(node, MappingNode):
        return None
    return {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}


def _scalar(node: Node | None) -> str:
    """A scalar's text as written; "" for null, lists and mappings."""
    if not isinstance(node, ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        return ""
    return str(node.value).strip()


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
