"""Rules of the house that no linter knows. Each says what to do instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for package in ("readiness", "checklist", "reviews")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)

REQUEST = ("django.http", "django.shortcuts", "django.views", "django.test")
SIGNALS = ("django.dispatch", "django.db.models.signals")
DATABASE = ("django.db", "psycopg")
NETWORK = (
    "socket",
    "ssl",
    "http.client",
    "urllib.request",
    "httpx",
    "httpcore",
    "requests",
    "asyncio.streams",
)

# name: (files, modules that these may not import, what to do instead)
IMPORT_RULES: dict[str, tuple[list[str], tuple[str, ...], str]] = {
    "request": (
        [
            *("reviews/actions/*", "reviews/queries/*", "reviews/models/*", "reviews/packets/*"),
            *("reviews/states.py", "reviews/rules.py", "reviews/permissions.py", "reviews/events.py"),
            *("reviews/tasks.py", "checklist/models.py", "checklist/actions.py", "checklist/queries.py"),
            *("checklist/rules/*", "checklist/probes/*"),
        ],
        REQUEST,
        "take plain values: only views, api, access, forms and readiness see a request",
    ),
    "signals": (["reviews/*", "checklist/*"], SIGNALS, "call the action: signals hide who does what"),
    "database": (
        [
            *("reviews/states.py", "reviews/rules.py", "reviews/packets/*"),
            *("checklist/rules/*", "checklist/probes/*"),
        ],
        DATABASE,
        "be given data: this part is pure, or sees the world through its context only",
    ),
    "network": (
        [f"checklist/probes/{name}.py" for name in ("*_*", "tls")],
        NETWORK,
        "use ctx: a probe that opens its own connection goes around the egress policy",
    ),
}
PLAIN = {"TextChoices", "IntegerChoices"}  # enumerations that merely live in django.db


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what is imported, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [alias.name for alias in node.names if alias.name not in PLAIN]
            yield from ((f"{node.module}.{name}", node.lineno) for name in names)


@pytest.mark.parametrize("rule", IMPORT_RULES)
def test_imports(rule: str) -> None:
    patterns, forbidden, instead = IMPORT_RULES[rule]
    found = {
        f"{path.relative_to(ROOT)}:{line} imports {module}: {instead}"
        for path in SOURCES
        if any(fnmatch(str(path.relative_to(ROOT)), pattern) for pattern in patterns)
        for module, line in _imports(path)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    }
    assert not found, "\n".join(sorted(found))


def test_tasks_are_queued_after_the_commit_by_one_helper() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} queues a task itself: use readiness.tasks.enqueue"
        for path in SOURCES
        if path != ROOT / "readiness" / "tasks.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"delay", "apply_async", "send_task"}
    ]
    assert not found, "\n".join(found)


def test_files_stay_small_enough_to_read() -> None:
    found = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    too_long = {name: lines for name, lines in found.items() if lines > 400}
    assert not too_long, f"split by subject: {too_long}"
