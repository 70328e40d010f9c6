"""Linting 1,000 runbooks; a table of 500 rows drawn and one row of it edited: CPU, queries and bytes sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checklist.rules.runbooks import lint
from readiness.accounts.models import Membership, Team, User
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.reviews import start_review
from reviews.models import Answer, Review, Service
from reviews.table_rows import seen_of, with_ids

RUNBOOKS, ROWS, TIMES = 1000, 500, 20
_CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "runbooks"
_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
_ITEM = "/services/tables/reviews/1/alerting/alert-inventory/"


def linting() -> tuple[float, float]:
    """CPU seconds for RUNBOOKS runbooks of the corpus, and milliseconds for the slowest of them."""
    texts = [path.read_text() for path in sorted(_CORPUS.glob("*.md"))]
    slowest, start = 0.0, time.process_time()
    for number in range(RUNBOOKS):
        one = time.process_time()
        lint(texts[number % len(texts)])
        slowest = max(slowest, time.process_time() - one)
    return time.process_time() - start, slowest * 1000


def seed() -> tuple[User, Review]:
    """A review whose inventory of alerts is full."""
    team = Team.objects.create(slug="tables", name="Tables")
    member = User.objects.create_user("tables@bench.example", name="Tara Tables")
    Membership.objects.create(team=team, user=member, is_lead=True)
    service = Service.objects.create(slug="tables", name="Tables", team=team, created_by=member)
    review = start_review(actor_of(member), service.pk, "mvp-to-production", {})
    rows = [
        {
            "alert": f"Alert{number}",
            "tier": ("page", "ticket")[number % 2],
            "symptom": "Orders fail for some customers",
            "runbook": f"https://wiki.example.com/runbooks/{number}",
            "fired": number % 7,
            "acted_on": number % 3,
        }
        for number in range(ROWS)
    ]
    save_answer(actor_of(member), review.pk, "alert-inventory", Said("", data={"rows": rows}), 0)
    return member, review


def measured(act: Callable[[], Any]) -> tuple[int, float, int]:
    """Queries, CPU milliseconds and bytes sent of an act, the mean of TIMES."""
    act()
    with CaptureQueriesContext(connection) as caught:
        size = len(act().content)
    queries = sum(not query["sql"].startswith(_CONTROL) for query in caught.captured_queries)
    start = time.process_time()
    for _ in range(TIMES):
        act()
    return queries, (time.process_time() - start) * 1000 / TIMES, size


def main() -> None:
    """Print the table of docs/performance.md."""
    seconds, slowest = linting()
    print(f"Linting {RUNBOOKS:,} runbooks: {seconds:.1f} s of CPU, the slowest {slowest:.0f} ms.\n")
    member, review = seed()
    client = Client()
    client.force_login(member)
    answer = Answer.objects.get(review=review, item__slug="alert-inventory")

    def edit() -> Any:
        answer.refresh_from_db()
        row = with_ids(answer.data["rows"])[ROWS // 2]
        cells = {f"cell-{key}": "" if cell is None else cell for key, cell in row.items()}
        cells |= {"cell-fired": int(row["fired"]) + 1, "seen": seen_of(row)}
        return client.post(f"{_ITEM}rows/{row['_id']}/save/", cells, HTTP_HX_REQUEST="true")

    print(f"| {ROWS} rows | queries | CPU ms | KB sent |\n|---|---|---|---|")
    for name, act in (
        ("the table's page", lambda: client.get(_ITEM)),
        ("its section's page", lambda: client.get("/services/tables/reviews/1/alerting/")),
        ("one row edited", edit),
    ):
        queries, cpu, size = measured(act)
        print(f"| {name} | {queries} | {cpu:.0f} | {size / 1024:.1f} |")
    print()
