"""The pages of the register with the cast: who sees, who decides, what is said of mistakes."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from readiness.accounts.rights import actor_of
from reviews.actions import deferrals, watching
from reviews.models import Deferral, Review, Service
from tests.cast import Cast
from tests.reviews.builders import make_service
from tests.reviews.register.conftest import decide, own

pytestmark = pytest.mark.django_db
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]
FORM = {
    "title": "A queue",
    "choice": "defer",
    "reason": "The database does.",
    "owner": "Milo Member",
    "trigger": "team_size > 20",
}


def client(cast: Cast, role: str) -> Client:
    found = Client()
    if role != "anonymous":
        found.force_login(getattr(cast, role))
    return found


@pytest.fixture
def row(cast: Cast, service: Service) -> Deferral:
    return deferrals.add_deferral(actor_of(cast.member), service.pk, own())


@pytest.mark.parametrize("role", [*READERS, "stranger", "anonymous"])
def test_who_sees_the_register(cast: Cast, row: Deferral, role: str) -> None:
    """A stranger sees the register of their own services, which is empty, and not this decision."""
    browser = client(cast, role)
    page, one, csv = (
        browser.get(path) for path in ("/deferrals/", f"/deferrals/{row.pk}/", "/deferrals/export.csv")
    )
    if role == "anonymous":
        assert page.status_code == one.status_code == csv.status_code == 302
        return
    assert page.status_code == csv.status_code == 200
    assert one.status_code == (404 if role == "stranger" else 200)
    for answer in (page, csv):
        assert ("A queue" in answer.content.decode()) == (role != "stranger")


@pytest.mark.parametrize("role", [*READERS, "stranger"])
@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/services/checkout/deferrals/new/", {"owner", "member"}),
        ("/deferrals/{}/", {"owner", "member"}),
        ("/deferrals/{}/close/", {"owner", "member"}),
        ("/deferrals/{}/reopen/", {"owner", "member", "reviewer", "accountable"}),
    ],
)
def test_who_decides(cast: Cast, row: Deferral, role: str, path: str, may: set[str]) -> None:
    """403 for readers, 404 for strangers, and the reason of a missing reason for who may."""
    status = client(cast, role).post(path.format(row.pk), {}).status_code
    assert status == (422 if role in may else 403 if role in READERS else 404)


def test_adding_one(cast: Cast, service: Service) -> None:
    """What is wrong is told at its field, with what was typed; then it is on the register."""
    browser = client(cast, "member")
    path = f"/services/{service.slug}/deferrals/new/"
    assert browser.get(path).status_code == 200
    refused = browser.post(path, {**FORM, "trigger": "team_sise > 20"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Do you mean team_size?" in page
    assert "team_sise &gt; 20" in page
    assert browser.post(path, FORM).status_code == 303
    assert Deferral.objects.get().owner == cast.member


def test_deciding_anew_and_closing(cast: Cast, row: Deferral) -> None:
    """A reopened decision is answered on its page; a stale form is a conflict that loses nothing."""
    watching.look_again(actor_of(cast.reviewer), row.pk, "It hurts.")
    browser = client(cast, "member")
    page = browser.get(f"/deferrals/{row.pk}/").content.decode()
    assert "Time to look again." in page
    assert "It hurts, says Rita Reviewer" in page
    stale = browser.post(f"/deferrals/{row.pk}/", {**FORM, "reason": "Typed text", "revision": 99})
    assert stale.status_code == 409
    assert "Typed text" in stale.content.decode()
    done = browser.post(f"/deferrals/{row.pk}/", {**FORM, "choice": "adopt", "revision": row.revision})
    assert done.status_code == 303
    assert Deferral.objects.get().state == "adopted"
    assert browser.post(f"/deferrals/{row.pk}/close/", {"close-reason": "Built."}).status_code == 303
    assert Deferral.objects.get().state == "closed"


def test_filters_and_csv(cast: Cast, row: Deferral, service: Service) -> None:
    """By state, owner and service; nonsense filters nothing and a formula is made harmless."""
    other = make_service(cast.team, cast.owner, slug="search")
    deferrals.add_deferral(actor_of(cast.member), other.pk, own(title="=1+1", owner="owner@example.com"))
    watching.look_again(actor_of(cast.reviewer), row.pk, "It hurts.")
    browser = client(cast, "viewer")

    def names(query: str) -> set[str]:
        page = browser.get(f"/deferrals/?{query}").content.decode()
        return {name for name in ("A queue", "=1+1") if f"<b>{name}</b>" in page}

    assert names("") == names("state=nonsense&owner=x&page=99") == {"A queue", "=1+1"}
    assert names("state=reopened") == {"A queue"}
    assert names(f"owner={cast.owner.pk}") == {"=1+1"}
    assert names("service=sear") == {"=1+1"}
    assert names("state=closed") == set()
    csv = browser.get("/deferrals/export.csv?service=search").content.decode()
    assert csv.splitlines()[0].startswith("\ufeffservice,decision,state")
    assert "'=1+1" in csv
    assert "A queue" not in csv


def test_the_page_costs_the_same_with_more_rows(
    cast: Cast, service: Service, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """A fixed number of queries."""
    for spot in range(30):
        deferrals.add_deferral(actor_of(cast.member), service.pk, own(title=f"Thing {spot}"))
    browser = client(cast, "viewer")
    with django_assert_max_num_queries(7):
        assert browser.get("/deferrals/").content.decode().count("<b>Thing ") == 30


def test_the_service_shows_its_register(cast: Cast, review: Review, row: Deferral) -> None:
    """Early adoption too, kindly."""
    decide(cast, review, choice="adopt")
    page = client(cast, "viewer").get("/services/checkout/").content.decode()
    assert "A queue" in page
    assert "Early: most teams wait until the service count leaves single digits" in page
    assert "Defer something" not in page
    assert "Defer something" in client(cast, "member").get("/services/checkout/").content.decode()


def test_the_item_asks_for_a_person_and_a_trigger(cast: Cast, review: Review) -> None:
    """With the people to choose from; a mistake is told in the verdict of its row."""
    browser = client(cast, "member")
    item = "/services/checkout/reviews/1/section-1/item-1-1/"
    page = browser.get(item).content.decode()
    assert '<option value="Milo Member &lt;member@example.com&gt;">' in page
    form = {
        "revision": "0",
        "decision-service-mesh-choice": "defer",
        "decision-service-mesh-reason": "Nine.",
        "decision-service-mesh-owner": "Milo Member <member@example.com>",
        "decision-service-mesh-trigger": "service_count > 0 0",
    }
    assert browser.post(item + "answer/", form).status_code == 303
    page = browser.get(item).content.decode()
    assert "Character 19" in page
    assert "service_count &gt; 0 0" in page
    right = {**form, "revision": "1", "decision-service-mesh-trigger": "service_count > 12"}
    assert browser.post(item + "answer/", right).status_code == 303
    assert Deferral.objects.get().owner == cast.member
