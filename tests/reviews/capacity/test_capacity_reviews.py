"""The monthly look at headroom: recording, being overdue, the agenda, its use as an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from checklist.actions import load_checklist
from checklist.loader import BUILT_IN, read_checklist
from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, NotFound, Refused, WrongState
from reviews.actions.answers import Said, save_answer
from reviews.actions.base import ReviewRef
from reviews.actions.capacity import record_review, use_review
from reviews.actions.reviews import start_review
from reviews.events import verify_all
from reviews.models import Answer, CapacityReview, Event, Evidence, Service
from reviews.queries.capacity import load_capacity
from reviews.queries.my_work import load_my_work
from tests.cast import Cast
from tests.reviews.builders import make_service

URL = "/services/checkout/capacity/"
MONTHLY = "/services/checkout/reviews/1/capacity/monthly-review/"
READERS = ("owner", "member", "reviewer", "accountable", "admin", "viewer")
TIERS = [
    {"tier": "Web", "resource": "Requests", "limit": 900, "peak": 300},
    {"tier": "Database", "resource": "<b>Connections</b>", "limit": 400, "peak": 320},
    {"tier": "Broken", "resource": "Nothing", "limit": 0, "peak": 3},
]


@pytest.fixture
def checkout(cast: Cast) -> Service:
    """A service without a review."""
    return make_service(cast.team, cast.owner)


@pytest.fixture
def reviewed(cast: Cast, checkout: Service) -> Service:
    """A service with tiers, limits and a bottleneck in an open review."""
    load_checklist(read_checklist(BUILT_IN))
    review = start_review(actor_of(cast.member), checkout.pk, "mvp-to-production", {})
    scaling = [{"tier": "web", "how": "Autoscaling", "minutes": "3"}]
    limits = [{"kind": "rate_limit", "name": "Mail API", "limit": "50 a second", "source": "Contract"}]
    for item, said in (
        ("headroom", Said("", data={"rows": TIERS})),
        ("time-to-scale", Said("", data={"rows": scaling})),
        ("limits-known", Said("", data={"rows": limits})),
        ("peak-traffic", Said("", data={"number": "310", "how": "p99 <i>of</i> five minutes"})),
        ("bottleneck-named", Said("met", note="The **database**. We switch exports off.")),
    ):
        row = Answer.objects.get(review=review, item__slug=item)
        save_answer(actor_of(cast.member), review.pk, item, said, row.revision)
    return checkout


def held(cast: Cast, service: Service, days_ago: int = 3, **more: Any) -> CapacityReview:
    """Record a review of headroom."""
    day = timezone.localdate() - timedelta(days=days_ago)
    values = {"held_on": day, "people": "Milo, Olga", "notes": "Database is tight.", **more}
    return record_review(actor_of(cast.member), service.pk, **values)


def test_a_review_is_kept_with_the_figures_of_its_day(cast: Cast, reviewed: Service) -> None:
    row = held(cast, reviewed, actions=[("Larger instance", "Olga"), ("", "")])
    assert row.due_on == row.held_on + timedelta(days=38)
    assert row.figures["peak"] == 310
    assert [tier["tier"] for tier in row.figures["tiers"]] == ["Broken", "Database", "Web"]
    assert row.actions == [{"what": "Larger instance", "owner": "Olga"}]
    event = Event.objects.get(verb="person:capacity:reviewed")
    assert event.service == reviewed
    assert verify_all()[1] == []
    assert held(cast, reviewed, actions=[("Larger instance", "Olga")]) == row  # a lost reply, repeated
    assert CapacityReview.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"days_ago": -1}, "held_on"),
        ({"days_ago": 400}, "held_on"),
        ({"people": "  "}, "people"),
        ({"notes": "x" * 20_001}, "notes"),
        ({"notes": "a\x00b"}, "notes"),
        ({"actions": [("Larger instance", "")]}, "owner_1"),
        ({"actions": [("", ""), ("", "Olga")]}, "what_2"),
        ({"actions": [("One", "O")] * 4}, "what_1"),
    ],
)
def test_what_cannot_be_recorded(cast: Cast, checkout: Service, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        held(cast, checkout, **more)
    assert field in error.value.fields
    assert not CapacityReview.objects.exists()


def test_rights_and_archived_services(cast: Cast, checkout: Service) -> None:
    today = timezone.localdate()
    for who, error in (("viewer", Refused), ("admin", Refused), ("stranger", NotFound)):
        with pytest.raises(error):
            record_review(actor_of(cast[who]), checkout.pk, held_on=today, people="A")
    Service.objects.update(archived_at=timezone.now())
    with pytest.raises(WrongState):
        record_review(actor_of(cast.member), checkout.pk, held_on=today, people="A")


def test_overdue_is_told_to_the_team_until_the_next_is_held(cast: Cast, checkout: Service) -> None:
    def waiting(who: str) -> list[str]:
        groups = {group.key: group for group in load_my_work(actor_of(cast[who])).groups}
        return [task.url for task in groups["headroom"].tasks] if "headroom" in groups else []

    held(cast, checkout, 38)
    assert waiting("member") == []
    CapacityReview.objects.all().delete()
    held(cast, checkout, 80)
    held(cast, checkout, 39)
    assert waiting("member") == [URL]
    assert waiting("owner") == [URL]
    assert waiting("stranger") == waiting("viewer") == []
    assert load_capacity(checkout).due.overdue_days == 1
    held(cast, checkout, 0)
    assert waiting("member") == []


def test_overdue_is_shown_on_item_service_and_capacity(client: Client, cast: Cast, reviewed: Service) -> None:
    held(cast, reviewed, 40)
    client.force_login(cast.viewer)
    for address in (URL, reviewed.get_absolute_url(), MONTHLY):
        page = client.get(address).content.decode()
        assert "Overdue" in page, address
        assert "2 days ago" in page, address
    assert "overdue for 2 days" in client.get(URL + "agenda/").content.decode()


@pytest.mark.parametrize("who", [*READERS, "stranger", "anonymous"])
@pytest.mark.parametrize("path", ["", "agenda/"])
def test_who_sees_the_pages(client: Client, cast: Cast, reviewed: Service, who: str, path: str) -> None:
    if who != "anonymous":
        client.force_login(cast[who])
    answer = client.get(URL + path)
    assert answer.status_code == (200 if who in READERS else 302 if who == "anonymous" else 404)


def test_the_page_puts_the_least_headroom_first_and_html_is_text(
    client: Client, cast: Cast, reviewed: Service
) -> None:
    client.force_login(cast.member)
    page = client.get(URL).content.decode()
    assert page.index("<b>Broken</b>") < page.index("<b>Database</b>") < page.index("<b>Web</b>")
    assert "The limit is 0, so there is no headroom to work out." in page
    assert "20 % left" in page
    assert "3 min" in page
    assert "Mail API" in page
    assert "<strong>database</strong>" in page
    assert "&lt;b&gt;Connections&lt;/b&gt;" in page
    assert "p99 &lt;i&gt;of&lt;/i&gt;" in page
    assert "style=" not in page.split("<main", 1)[1]


def test_an_empty_service_has_its_pages_too(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    assert "No review yet" in client.get(URL).content.decode()
    assert "This is the first review." in client.get(URL + "agenda/").content.decode()


def test_the_agenda_says_what_changed(client: Client, cast: Cast, reviewed: Service) -> None:
    held(cast, reviewed, actions=[("Larger instance", "Olga")])
    row = Answer.objects.get(item__slug="headroom")
    tiers = [{**TIERS[0], "peak": 600}, TIERS[1]]
    save_answer(
        actor_of(cast.member), row.review_id, "headroom", Said("", data={"rows": tiers}), row.revision
    )
    client.force_login(cast.viewer)
    page = client.get(URL + "agenda/").content.decode()
    assert "Tier no longer listed: Broken." in page
    assert "Web: peak 300 → 600; 66.7 % left before, 33.3 % left now." in page
    assert "Larger instance" in page


def test_recording_by_the_form(client: Client, cast: Cast, reviewed: Service) -> None:
    client.force_login(cast.member)
    given = {
        "held_on": str(timezone.localdate()),
        "people": "All",
        "what_1": "Grow",
        "owner_1": "Olga <b>O</b>",
    }
    page = client.post(URL + "record/", given, follow=True).content.decode()
    assert "The review of headroom is recorded." in page
    assert "Olga &lt;b&gt;O&lt;/b&gt;" in page
    answer = client.post(URL + "record/", {**given, "owner_1": "", "notes": "Keep me"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Every action needs an owner" in page
    assert "Keep me" in page
    client.force_login(cast.viewer)
    assert client.post(URL + "record/", given).status_code == 403


def test_a_held_review_becomes_the_answer_with_its_minutes(
    client: Client, cast: Cast, reviewed: Service
) -> None:
    row = held(cast, reviewed)
    client.force_login(cast.member)
    assert "Use the review of" in client.get(MONTHLY).content.decode()
    for revision in (0, 1):  # the second is a lost reply, repeated
        answer = client.post(f"{MONTHLY}held/{row.pk}/", {"revision": revision})
        assert answer.status_code == 303
    saved = Answer.objects.get(item__slug="monthly-review")
    evidence = Evidence.objects.get(answer=saved)
    assert saved.state == "met"
    assert evidence.observed_on == row.held_on
    assert evidence.valid_until == row.due_on
    assert "- Database: 20 %" in evidence.body


def test_a_newer_answer_is_kept_and_nothing_is_attached(cast: Cast, reviewed: Service) -> None:
    row = held(cast, reviewed)
    which = ReviewRef("checkout", 1)
    save_answer(actor_of(cast.owner), which, "monthly-review", Said("not_met", note="Never held"), 0)
    with pytest.raises(Conflict):
        use_review(actor_of(cast.member), which, row.pk, revision=0)
    assert not Evidence.objects.exists()
    with pytest.raises(NotFound):
        use_review(actor_of(cast.member), which, row.pk + 1, revision=1)


def test_queries_do_not_grow_with_what_was_held(client: Client, cast: Cast, reviewed: Service) -> None:
    client.force_login(cast.member)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        return len(queries)

    client.get(URL)
    few = count()
    for days in range(10):
        held(cast, reviewed, days)
    assert count() <= few <= 12
