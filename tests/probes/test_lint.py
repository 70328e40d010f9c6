"""House rule: a probe reaches the network by its context alone, and knows nothing of Django."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import checklist.probes

PACKAGE = Path(checklist.probes.__file__).parent
PROBES = sorted(path for path in PACKAGE.glob("*.py") if path.name != "installed.py")
NETWORK = {
    "socket",
    "ssl",
    "asyncio",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "imaplib",
    "poplib",
    "telnetlib",
    "xmlrpc",
    "socketserver",
    "selectors",
    "select",
    "subprocess",
    "multiprocessing",
    "ctypes",
    "webbrowser",
    "_socket",
    "_ssl",
    "httpx",
    "httpcore",
    "h11",
    "requests",
    "urllib3",
    "aiohttp",
    "anyio",
    "dns",
    "websockets",
    "paramiko",
    "boto3",
    "psycopg",
    "redis",
    "importlib",
    "os",
}
DJANGO = {"django", "readiness", "reviews"}
# What a probe may take from the client's package: types and errors, nothing that dials.
ALLOWED_OF_NET = {
    "checklist.probes.net.errors",
    "checklist.probes.net.client.Answer",
    "checklist.probes.net.client.Exchange",
    "checklist.probes.net.client.DOWNGRADE",
    "checklist.probes.net.inspect.Handshake",
    "checklist.probes.net.inspect.Legacy",
    "checklist.probes.net.inspect.LegacyAnswer",
    "checklist.probes.net.urls",
}
ENGINE = {"context.py", "runner.py"}  # they build the client that probes are given
REGISTRY = {"registry.py"}  # it reads entry points


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"__import__", "exec", "eval"}
        ):
            yield f"socket (by {node.func.id})"


def offences(source: str, *, engine: bool = False, entry_points: bool = False) -> list[str]:
    """Imports that a module of probes may not have."""
    found = []
    for name in imports(ast.parse(source)):
        top = name.partition(".")[0].partition(" ")[0]
        if top in DJANGO or (top in NETWORK and not (entry_points and name.startswith("importlib.metadata"))):
            found.append(name)
        inside = name.startswith("checklist.probes.net")
        if (
            inside
            and not engine
            and not any(name == ok or name.startswith(f"{ok}.") for ok in ALLOWED_OF_NET)
        ):
            found.append(name)
    return found


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.name)
def test_probes_reach_the_network_by_their_context_alone(path: Path) -> None:
    found = offences(path.read_text(), engine=path.name in ENGINE, entry_points=path.name in REGISTRY)
    assert not found, f"{path.name} imports {found}. Use ctx.http or ctx.tls: they keep to the egress policy."


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "import urllib.request",
        "from urllib import request",
        "import httpx as h",
        "def f():\n    import ssl",
        "from checklist.probes.net.backend import Guard",
        "from checklist.probes.net import backend",
        "from checklist.probes.net.client import HttpClient",
        "from django.conf import settings",
        "s = __import__('socket')",
    ],
)
def test_the_lint_finds_what_it_looks_for(source: str) -> None:
    assert offences(source)


def test_the_network_package_knows_nothing_of_django() -> None:
    for path in (PACKAGE / "net").glob("*.py"):
        tops = {name.partition(".")[0] for name in imports(ast.parse(path.read_text()))}
        assert not tops & DJANGO, path.name
