"""The page that starts a review: the verdict follows the facts, and nobody starts on one they did not see."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from checklist.facts import FACTS
from reviews.models import Review, Service
from tests.cast import Cast
from tests.reviews.builders import make_service, make_version

pytestmark = pytest.mark.django_db
START = "/services/checkout/reviews/start/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def service(cast: Cast) -> Service:
    make_version()
    return make_service(cast.team, cast.owner)


@pytest.fixture
def client(cast: Cast, service: Service) -> Client:
    found = Client()
    found.force_login(cast.member)
    return found


def form(**facts: str) -> dict[str, str]:
    return {"checklist": "small", **{f"fact_{fact.name}": "" for fact in FACTS}, **facts}


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_the_verdict_stands_beside_the_facts_from_the_start(client: Client) -> None:
    """Open facts are one line, whatever their number."""
    page = client.get(START).content.decode()
    assert "Fits, with cautions" in page
    assert page.count("Not stated yet:") == 1


def test_htmx_gets_the_verdict_alone(client: Client) -> None:
    """On each change; cautions come before what is open, and nothing is started."""
    answer = client.post(START, form(fact_team_size="3", confirmed="1"), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert page.index("fewer than 5 engineers") < page.index("Not stated yet:")
    assert not Review.objects.exists()


def test_bad_facts_are_told_in_the_panel_and_on_the_page(client: Client) -> None:
    """422, with the field; there is no button to start."""
    for headers in ({}, HTMX):
        answer = client.post(START, form(fact_team_size="many"), headers=headers)
        assert answer.status_code == 422
        assert "Enter a whole number" in answer.content.decode()
        assert "Start the review" not in answer.content.decode()


def test_a_start_needs_the_verdict_on_just_these_facts(client: Client) -> None:
    """Facts changed after the verdict was shown: the new verdict, what was typed, then the start."""
    seen = seen_on(client.post(START, form(fact_customer_facing="yes")).content.decode())
    changed = form(fact_customer_facing="yes", fact_regulated="yes", confirmed="1", seen=seen)
    answer = client.post(START, changed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "compliance is the gate" in page
    assert "read it, then start" in page
    assert not Review.objects.exists()
    started = client.post(START, {**changed, "seen": seen_on(page)})
    assert started.status_code == 303
    review = Review.objects.get()
    assert review.fit["verdict"] == "does_not_fit"
    assert review.facts["regulated"] is True


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_a_start_without_having_seen_a_verdict_shows_it(client: Client, seen: str) -> None:
    """A form that was made up or is from yesterday's page starts nothing."""
    assert client.post(START, form(confirmed="1", seen=seen)).status_code == 409
    assert not Review.objects.exists()
