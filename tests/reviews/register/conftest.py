"""A checklist with a register, for the tests of the register."""

from __future__ import annotations

from typing import Any

import pytest

from checklist.facts import clean_facts
from checklist.models import ChecklistVersion
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.deferrals import Decision
from reviews.actions.reviews import start_review
from reviews.models import Answer, Review, Service
from tests.cast import Cast
from tests.reviews.builders import make_service, make_version

SPEC: dict[str, Any] = {
    "decisions": [
        {
            "slug": "service-mesh",
            "title": "A service mesh",
            "defer_until": "the service count leaves single digits",
            "reached_when": {"fact": "service_count", "at_least": 10},
        }
    ]
}
ITEM = "item-1-1"


def own(**change: str) -> Decision:
    """A decision of the team's own."""
    fields = {
        "title": "A queue",
        "choice": "defer",
        "reason": "The database does.",
        "owner": "member@example.com",
        "trigger": "team_size > 20",
    }
    return Decision(**{**fields, **change})


def decided(**change: Any) -> dict[str, Any]:
    """The data of the register's item."""
    row = {
        "decision": "service-mesh",
        "choice": "defer",
        "reason": "Nine services share one client.",
        "owner": "Milo Member",
        "trigger": "service_count > 12",
    }
    return {"rows": [{**row, **change}]}


@pytest.fixture
def version() -> ChecklistVersion:
    return make_version(sections=1, items=1, kind="register", evidence_rule="none", spec=SPEC)


@pytest.fixture
def service(cast: Cast) -> Service:
    facts = clean_facts({"service_count": 9, "team_size": 8, "cloud": "aws"})
    return make_service(cast.team, cast.owner, facts=facts)


@pytest.fixture
def review(cast: Cast, service: Service, version: ChecklistVersion) -> Review:
    return start_review(actor_of(cast.member), service.pk, version.checklist.slug, service.facts)


def decide(cast: Cast, review: Review, **change: Any) -> Answer:
    """Save the register's answer."""
    row = Answer.objects.get(review=review, item__slug=ITEM)
    data = decided(**change)
    return save_answer(actor_of(cast.member), review.pk, ITEM, Said("", data=data), row.revision)
