"""The pages on a service's rota, seen by everybody in the cast."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from checklist.actions import load_checklist
from checklist.loader import BUILT_IN, read_checklist
from readiness.accounts.rights import actor_of
from reviews.actions.reviews import start_review
from reviews.actions.rosters import count_pages, counted_weeks
from reviews.actions.waivers import decide_waiver, request_waiver
from reviews.models import Answer, PageCount, Review, Roster, Service, Turn
from reviews.queries.on_call import load_on_call
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service
from tests.reviews.on_call.test_rosters import ENDLESS, weekly_calendar

URL = "/services/checkout/on-call/"
READERS = ("owner", "member", "reviewer", "accountable", "admin", "viewer")
EDITORS = ("owner", "member", "admin")


def plan_form(**changes: Any) -> dict[str, Any]:
    """What the form for a rotation sends."""
    first = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT10:00}"
    values = {
        "revision": "0",
        "people": "Ann\nBo\nCy\nDi",
        "first": first,
        "zone": "Europe/Berlin",
        "weeks": "8",
    }
    return {**values, "with_secondary": "on", **changes}


@pytest.mark.parametrize("who", [*READERS, "stranger", "anonymous"])
def test_who_sees_the_page(client: Client, cast: Cast, planned: Service, who: str) -> None:
    if who != "anonymous":
        client.force_login(cast[who])
    answer = client.get(URL)
    if who == "anonymous":
        assert answer.status_code == 302
        return
    assert answer.status_code == (200 if who in READERS else 404)
    if who in READERS:
        page = answer.content.decode()
        assert "Jane Doe" in page
        assert ("Plan a weekly rotation" in page) == (who in EDITORS)


@pytest.mark.parametrize("who", [*READERS, "stranger"])
@pytest.mark.parametrize("path", ["plan/", "turn/", "pages/", "import/", "import/apply/"])
def test_who_may_write(client: Client, cast: Cast, planned: Service, who: str, path: str) -> None:
    client.force_login(cast[who])
    before = load_on_call(planned).revision
    status = client.post(URL + path, {"revision": "99"}).status_code
    expected = 404 if who == "stranger" else 403
    assert (status == expected) == (who not in EDITORS)
    assert load_on_call(planned).revision == before


def test_a_page_without_a_rota_says_how_to_begin(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    page = client.get(URL).content.decode()
    assert "No rota yet" in page
    assert f'href="{URL}import/"' in page
    client.force_login(cast.viewer)
    assert "A member of the owning team plans it" in client.get(URL).content.decode()


def test_planning_by_hand(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    answer = client.post(URL + "plan/", plan_form(), follow=True)
    page = answer.content.decode()
    assert "The rotation is planned." in page
    assert "4 people take turns: " in page
    assert Turn.objects.order_by("starts_at").first().starts_at.hour in (8, 9)  # type: ignore[union-attr]  # ten in Berlin


def test_a_refused_plan_keeps_what_was_typed(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    answer = client.post(URL + "plan/", plan_form(people="Ann", weeks="40"))
    assert answer.status_code == 422
    assert ">\nAnn</textarea>" in answer.content.decode()
    answer = client.post(URL + "plan/", plan_form(people="Ann"))
    assert answer.status_code == 422
    assert "A secondary needs a second person" in answer.content.decode()
    assert not Roster.objects.exists()


def test_an_old_page_is_a_conflict(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.owner)
    answer = client.post(URL + "plan/", plan_form())
    assert answer.status_code == 409
    assert "Milo Member changed this rota" in answer.content.decode()


def test_a_swap_is_typed_on_the_clocks_of_the_rota(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.member)
    day = timezone.now() + timedelta(days=1)
    values = {"revision": "1", "person": "Lin <b>Chen</b>", "role": "primary"}
    answer = client.post(
        URL + "turn/",
        {**values, "starts_at": f"{day:%Y-%m-%dT12:00}", "ends_at": f"{day:%Y-%m-%dT20:00}"},
        follow=True,
    )
    page = answer.content.decode()
    assert "Lin &lt;b&gt;Chen&lt;/b&gt;" in page
    assert "<b>Chen" not in page
    assert Turn.objects.get(person__startswith="Lin").starts_at.hour in (10, 11)  # noon in Berlin


def test_pages_are_typed_by_person_and_week(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.member)
    week = counted_weeks(timezone.now())[-1]
    first = load_on_call(planned).rotation.people[0].name
    answer = client.post(URL + "pages/", {"revision": "1", f"pages-{week:%Y%m%d}-0": "7"}, follow=True)
    assert "7 pages a week for" in answer.content.decode()
    assert PageCount.objects.get().person == first
    answer = client.post(URL + "pages/", {"revision": "2", f"pages-{week:%Y%m%d}-0": "many"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“many” is no whole number" in page
    assert 'value="many"' in page


def upload(client: Client, text: str, **more: str) -> Any:
    """Send a calendar to the preview."""
    given = {"file": SimpleUploadedFile("rota.ics", text.encode()), "zone": "Europe/Berlin", **more}
    return client.post(URL + "import/", given)


def test_preview_then_import(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    text = weekly_calendar("Ann", "Bo", "Cy", "<script>alert(1)</script>")
    answer = upload(client, text)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Import 4 turns" in page
    assert answer.context["duty"].zone.key == "Europe/Berlin"
    assert "<script>alert" not in page
    assert not Roster.objects.exists()
    fields = {
        "revision": "0",
        "name": "rota.ics",
        "zone": "Europe/Berlin",
        "role": "",
        "only": "",
        "text": text,
    }
    answer = client.post(URL + "import/apply/", fields, follow=True)
    page = answer.content.decode()
    assert "The calendar is imported." in page
    assert "<script>alert" not in page
    assert Turn.objects.count() == 4


def test_the_preview_shows_the_rota_as_it_will_be(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.member)
    duty = upload(client, weekly_calendar("Ann", "Bo", "Cy", "Di"), role="primary").context["duty"]
    assert {shift.role for shift in duty.shifts} == {"primary", "secondary"}
    assert "There is no secondary." not in duty.problems
    assert not Turn.objects.filter(person="Ann").exists()


def test_pages_of_somebody_who_left_stay_in_sight(client: Client, cast: Cast, planned: Service) -> None:
    week = counted_weeks(timezone.now())[-1]
    count_pages(actor_of(cast.member), planned.pk, revision=1, counts={(week, "Gone Girl"): 9})
    client.force_login(cast.member)
    assert "Gone Girl, week of" in client.get(URL).content.decode()
    place = len(load_on_call(planned).rotation.people)
    client.post(URL + "pages/", {"revision": "2", f"pages-{week:%Y%m%d}-{place}": ""})
    assert not PageCount.objects.exists()


def test_a_bad_calendar_shows_its_problems_and_writes_nothing(
    client: Client, cast: Cast, checkout: Service
) -> None:
    client.force_login(cast.member)
    answer = upload(client, ENDLESS)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "It repeats every second" in page
    assert '<td class="num">2</td>' in page
    fields = {"revision": "0", "zone": "Europe/Berlin", "text": ENDLESS}
    assert client.post(URL + "import/apply/", fields).status_code == 422
    assert not Roster.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"zone": "UTC"}, "Choose a calendar file"),
        ({"zone": "Mars", "text": "x"}, "Choose a time zone"),
        ({"zone": "UTC", "text": "hello"}, "no calendar"),
        ({"zone": "UTC", "file": SimpleUploadedFile("x.ics", b"\xff\xfe")}, "not UTF-8"),
        ({"zone": "UTC", "file": SimpleUploadedFile("x.ics", b"x" * 1_100_000)}, "larger than 1 MB"),
    ],
)
def test_what_is_no_calendar(
    client: Client, cast: Cast, checkout: Service, given: dict[str, Any], says: str
) -> None:
    client.force_login(cast.member)
    answer = client.post(URL + "import/", given)
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_preview_that_is_overtaken_is_shown_again(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.member)
    fields = {"revision": "0", "zone": "UTC", "text": weekly_calendar("Ann", "Bo")}
    answer = client.post(URL + "import/apply/", fields)
    assert answer.status_code == 409
    assert "Nothing was written" in answer.content.decode()
    assert not Turn.objects.filter(person="Ann").exists()


def test_the_number_of_queries_does_not_grow(client: Client, cast: Cast, planned: Service) -> None:
    client.force_login(cast.member)
    client.get(URL)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(URL)
    assert len(queries) <= 12


# -- Items that take a figure over ---------------------------------------------------------------------------


@pytest.fixture
def review(cast: Cast, planned: Service) -> Review:
    """A review over the built-in checklist, whose items take figures over."""
    load_checklist(read_checklist(BUILT_IN))
    return start_review(actor_of(cast.member), planned.pk, "mvp-to-production", {})


def item_url(slug: str) -> str:
    """Address of an item of the first review."""
    return f"/services/checkout/reviews/1/on-call/{slug}/"


def take(client: Client, slug: str, revision: int = 0) -> Any:
    """Look at the item, then use the figure that it shows."""
    page = client.get(item_url(slug))
    figure = page.context["page"].figure
    return client.post(item_url(slug) + "figure/", {"revision": revision, "seen": figure.note})


def test_a_measure_takes_the_figure_with_its_source(client: Client, cast: Cast, review: Review) -> None:
    client.force_login(cast.member)
    page = client.get(item_url("rotation-size")).content.decode()
    assert "4 people take turns: " in page
    assert "Use this as the answer" in page
    assert take(client, "rotation-size").status_code == 303
    row = Answer.objects.get(item__slug="rotation-size")
    assert (row.state, row.data["number"], row.judgement["verdict"]) == ("met", 4, "warn")
    assert "From the rota of " in row.data["how"]
    assert row.answered_by == cast.member


def test_a_note_is_kept_beside_the_figure_and_taking_it_again_adds_nothing(
    client: Client, cast: Cast, review: Review
) -> None:
    Answer.objects.filter(item__slug="rotation-shape").update(note="Handover is on Tuesdays.")
    client.force_login(cast.member)
    assert take(client, "rotation-shape").status_code == 303
    row = Answer.objects.get(item__slug="rotation-shape")
    assert row.state == "met"
    assert row.note.startswith("Handover is on Tuesdays.\n\nAll ")
    assert take(client, "rotation-shape", row.revision).status_code == 303
    row.refresh_from_db()
    assert row.note.count("From the rota of") == 1


def test_a_figure_that_changed_since_is_not_taken(client: Client, cast: Cast, review: Review) -> None:
    client.force_login(cast.member)
    answer = client.post(
        item_url("rotation-size") + "figure/", {"revision": 0, "seen": "9 people take turns."}
    )
    assert answer.status_code == 409
    assert "The rota changed since you looked at it" in answer.content.decode()
    assert Answer.objects.get(item__slug="rotation-size").state == "unanswered"


def test_a_newer_answer_is_not_overwritten(client: Client, cast: Cast, review: Review) -> None:
    client.force_login(cast.member)
    assert take(client, "rotation-size").status_code == 303
    Answer.objects.filter(item__slug="rotation-size").update(data={"number": 7, "how": "By hand"}, revision=5)
    assert take(client, "rotation-size", 1).status_code == 409
    assert Answer.objects.get(item__slug="rotation-size").data["number"] == 7


def test_a_waiver_outlives_a_figure_that_is_still_not_met(client: Client, cast: Cast, review: Review) -> None:
    Turn.objects.exclude(person__in=["Jane Doe", "Marek Novák"]).update(person="Jane Doe")
    client.force_login(cast.member)
    assert take(client, "rotation-size").status_code == 303
    waiver = request_waiver(
        actor_of(cast.member), review.sections.get(slug="on-call"),
        reason="Hiring.", compensating_control="Platform helps.",
        expires_on=timezone.localdate() + timedelta(days=20), item_slug="rotation-size",
    )  # fmt: skip
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True, note="")
    row = Answer.objects.get(item__slug="rotation-size")
    assert take(client, "rotation-size", row.revision).status_code == 303
    row.refresh_from_db()
    assert row.state == "waived"


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("reviewer", 403), ("stranger", 404)])
def test_who_may_take_a_figure(client: Client, cast: Cast, review: Review, who: str, status: int) -> None:
    client.force_login(cast[who])
    assert (
        client.post(item_url("rotation-size") + "figure/", {"revision": 0, "seen": ""}).status_code == status
    )


def test_an_item_without_a_figure_has_none_to_take(client: Client, cast: Cast) -> None:
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    client.force_login(cast.member)
    url = "/services/checkout/reviews/1/section-1/item-1-1/figure/"
    assert client.post(url, {"revision": 0, "seen": ""}).status_code == 409


def test_more_people_on_call_than_declared_are_told_where_the_fit_check_is(
    client: Client, cast: Cast, review: Review
) -> None:
    url = f"/services/checkout/reviews/{review.number}/sign-off/"
    client.force_login(cast.viewer)
    says = "4 people are on call, but the fit check says 3 engineers."
    assert says not in client.get(URL).content.decode()
    facts = {**review.facts, "team_size": 3}
    Review.objects.filter(pk=review.pk).update(facts=facts, fit={**review.fit, "declared": facts})
    for address in (URL, "/services/checkout/", url):
        assert says in client.get(address).content.decode(), address
