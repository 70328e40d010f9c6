"""Pages and saves at 10, 100 and 1,000 reviews: queries, and CPU as a ratio to an empty view."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checklist.models import ChecklistVersion
from readiness.accounts.models import User
from reviews.models import Answer, Review
from tests.bench import seed
from tests.bench.server import Cost, Visitor, measure, memory_mb, processes

SIZES = (10, 100, 1000)
_SECTION = "/services/service-0/reviews/1/alerting/"
_SAVE = _SECTION + "page-latency/answer/"
_HTMX = {"HX-Request": "true"}
_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True)
class Measured:
    """One page at one size."""

    page: str
    reviews: int
    queries: int
    cost: Cost
    ratio: float


def sign_in(user: User) -> tuple[tuple[str, str], tuple[str, str]]:
    """Make a session; return its cookie and a CSRF cookie as (name, value)."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return (settings.SESSION_COOKIE_NAME, session), (settings.CSRF_COOKIE_NAME, _get_new_csrf_string())


def _count(user: User, act: Callable[[Client], Any]) -> int:
    """Statements that the act sends, without those that only open and close transactions."""
    client = Client()
    client.force_login(user)
    act(client)
    with CaptureQueriesContext(connection) as caught:
        act(client)
    return sum(not query["sql"].startswith(_CONTROL) for query in caught.captured_queries)


class Saves:
    """One autosave after another, each with a new note on the revision that is stored."""

    def __init__(self) -> None:
        self._notes = itertools.count()

    def form(self) -> dict[str, str]:
        """The next form to post."""
        row = Answer.objects.get(review__service__slug="service-0", item__slug="page-latency")
        return {"revision": str(row.revision), "state": "met", "note": f"Note {next(self._notes)}"}


def run(base: str, root: int, times: int) -> tuple[list[Measured], dict[str, float]]:
    """Grow the data step by step and measure each page `times` times at each step."""
    version = ChecklistVersion.objects.get(checklist__slug="mvp-to-production", number=1)
    member, reviewer, viewer, teams = seed.people()
    pids = processes(root)
    found: list[Measured] = []
    for size in SIZES:
        seed.grow(version, member, teams, size)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        found += _at(base, pids, size, times, {"member": member, "reviewer": reviewer, "viewer": viewer})
    return found, {str(pid): memory_mb(pid) for pid in pids}


def _at(base: str, pids: list[int], size: int, times: int, people: dict[str, User]) -> list[Measured]:
    visitors = {name: Visitor(base, *sign_in(user)) for name, user in people.items()}
    # Without a session: signing in costs two queries, which are a page's own cost and not the server's.
    passer_by = Visitor(base)
    empty = measure(pids, lambda: passer_by.get("/bench/empty/"), times * 5)
    saves = Saves()
    save_headers = {"HTTP_HX_REQUEST": "true"}
    rows: list[tuple[str, int, Cost]] = [("empty view", 0, empty)]
    for page, who, path in (
        ("one section of the workspace", "member", _SECTION),
        ("one section, as its reviewer", "reviewer", _SECTION),
        ("services matrix, page of 50", "viewer", "/services/"),
        ("my work, of a member", "member", "/"),
        ("my work, of a reviewer", "reviewer", "/"),
    ):
        queries = _count(people[who], lambda client, path=path: client.get(path))
        rows.append((page, queries, measure(pids, lambda who=who, path=path: visitors[who].get(path), times)))
    queries = _count(people["member"], lambda client: client.post(_SAVE, saves.form(), **save_headers))
    cost = measure(pids, lambda: visitors["member"].post(_SAVE, saves.form(), **_HTMX), times)
    rows.append(("one autosave", queries, cost))
    return [Measured(page, size, queries, cost, cost.cpu_ms / empty.cpu_ms) for page, queries, cost in rows]


def reviews() -> int:
    """How many reviews there are, for the report."""
    return Review.objects.count()
