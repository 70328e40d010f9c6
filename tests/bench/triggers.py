"""The triggers of 1,000 services in one pass: CPU, time and queries."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from checklist.facts import clean_facts
from checklist.rules.triggers import parse
from readiness.accounts.models import Team, User
from reviews.actions import watching
from reviews.models import Deferral, Service

SERVICES = 1000
TRIGGERS = (
    "service_count >= 10",
    "service_count / team_size > 2 and not regulated",
    "on 2999-12-31",
    "any fact changed",
    "cloud = gcp or stage = later",
)
_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True)
class Pass:
    """One pass over all decisions."""

    name: str
    reached: int
    seconds: float
    cpu: float
    queries: int


def seed(services: int = SERVICES) -> None:
    """Services with five watched decisions each."""
    team = Team.objects.create(slug="bench", name="Bench")
    owner = User.objects.create_user("owner@bench.example", name="Olga Owner")
    facts = clean_facts({"service_count": 9, "team_size": 12, "cloud": "aws", "regulated": False})
    rows = Service.objects.bulk_create(
        [
            Service(slug=f"bench-{spot}", name=f"Bench {spot}", team=team, created_by=owner, facts=facts)
            for spot in range(services)
        ]
    )
    now = timezone.now()
    Deferral.objects.bulk_create(
        [
            Deferral(
                service=service,
                title=f"Thing {spot}",
                choice="defer",
                state="deferred",
                reason="Not yet.",
                owner=owner,
                trigger_text=text,
                trigger=parse(text),
                facts=facts,
                decided_by=owner,
                decided_at=now,
            )
            for service in rows
            for spot, text in enumerate(TRIGGERS)
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:  # what the database does by itself a minute later
        cursor.execute("ANALYZE reviews_deferral; ANALYZE reviews_service")


def one_pass(name: str) -> Pass:
    """Look at all triggers once."""
    started, cpu = time.perf_counter(), time.process_time()
    with CaptureQueriesContext(connection) as caught:
        reached = watching.watch()
    queries = sum(not query["sql"].startswith(_CONTROL) for query in caught.captured_queries)
    return Pass(name, reached, time.perf_counter() - started, time.process_time() - cpu, queries)


def run() -> list[Pass]:
    """Seed, and look three times: nothing is reached, a tenth is, and nothing again."""
    seed()
    found = [one_pass("nothing reached")]
    few = Service.objects.filter(slug__endswith="0").values("pk")
    grown = clean_facts({"service_count": 10, "team_size": 12, "cloud": "aws", "regulated": False})
    Service.objects.filter(pk__in=few).update(facts=grown)
    found.append(one_pass("a tenth of the services grew"))
    found.append(one_pass("nothing new"))
    return found


def main() -> None:
    """Print the table of docs/performance.md."""
    print("| pass over 5,000 triggers of 1,000 services | reached | seconds | CPU s | queries |")
    print("|---|---|---|---|---|")
    for row in run():
        print(f"| {row.name} | {row.reached} | {row.seconds:.2f} | {row.cpu:.2f} | {row.queries} |")
