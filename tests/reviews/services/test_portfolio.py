"""The list of services: who sees what, filters, figures, and what it costs as services grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from checklist.models import ChecklistVersion
from readiness.accounts.models import User
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.sections import request_changes, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.actions.waivers import decide_waiver, request_waiver
from reviews.models import Review, ReviewSection, Service, SignOff
from reviews.queries.portfolio import Choice, Portfolio, load_portfolio
from reviews.queries.sheet import load_review_sheets
from reviews.standing import badge, next_step
from tests.cast import Cast
from tests.reviews.builders import (
    answer_all,
    approve_all,
    make_review,
    make_service,
    make_version,
    section,
)


def load(who: User, page: str = "1", **choice: str) -> Portfolio:
    """One page of the list as `who` sees it."""
    return load_portfolio(actor_of(who), Choice.read(choice), page)


def slugs(portfolio: Portfolio) -> list[str]:
    """The services on a page, in order."""
    return [row.slug for row in portfolio.rows]


def says(portfolio: Portfolio, slug: str) -> tuple[str, str]:
    """The kind of badge and the next step of one service."""
    row = next(row for row in portfolio.rows if row.slug == slug)
    return badge(row.standing).kind, next_step(row.standing)


@pytest.fixture
def version(db: None) -> ChecklistVersion:
    """A published checklist of two sections with two items each."""
    return make_version()


def start(cast: Cast, slug: str, version: ChecklistVersion, **fields: Any) -> Review:
    """A new service with a review."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner, slug, **fields), version)


def finish(cast: Cast, review: Review, *, ready: bool = True) -> SignOff:
    """Take a review from its start to its sign-off."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    note = "As discussed."
    return sign_off(actor_of(cast.accountable), review.pk, ready=ready, note=note, seen_digest=digest)


def test_the_columns_are_those_of_the_latest_published_version(cast: Cast, version: ChecklistVersion) -> None:
    make_version(sections=3)
    assert [column.short_title for column in load(cast.viewer).columns] == ["S1", "S2", "S3"]


def test_without_a_checklist_there_are_services_all_the_same(cast: Cast) -> None:
    make_service(cast.team, cast.owner)
    portfolio = load(cast.viewer)
    assert portfolio.columns == []
    assert says(portfolio, "checkout") == ("not_reviewed", "Start a review")


def test_readers_see_all_and_members_their_teams(cast: Cast, version: ChecklistVersion) -> None:
    make_service(cast.team, cast.owner)
    make_service(cast.other_team, cast.stranger, "index")
    for reader in (cast.viewer, cast.reviewer, cast.accountable, cast.admin):
        assert set(slugs(load(reader))) == {"checkout", "index"}
    assert slugs(load(cast.member)) == ["checkout"]
    assert slugs(load(cast.stranger)) == ["index"]
    assert [team.slug for team in load(cast.member).teams] == ["payments"]
    assert load(cast.member).figures.total == 1


def test_a_service_from_its_first_answer_to_its_sign_off(cast: Cast, version: ChecklistVersion) -> None:
    def now() -> tuple[str, str]:
        return says(load(cast.viewer), "checkout")

    member, reviewer = actor_of(cast.member), actor_of(cast.reviewer)
    make_service(cast.team, cast.owner)
    assert now() == ("not_reviewed", "Start a review")
    review = make_review(member, Service.objects.get(), version)
    assert now() == ("draft", "2 to answer in Section 1")
    answer_all(member, review, 1, "not_met")
    assert now() == ("draft", "2 blockers in Section 1")
    save_answer(member, review.pk, "item-1-1", Said(state="unanswered"), 1)
    assert now() == ("draft", "1 blocker in Section 1")
    answer_all(member, review)
    assert now() == ("draft", "Section 1 can be submitted")
    submit_section(member, section(review))
    assert now() == ("in_review", "Waits for approval of Section 1")
    request_changes(reviewer, section(review), "Which alert?")
    assert now() == ("changes_requested", "Changes requested in Section 1")
    approve_all(cast.member, cast.reviewer, review)
    assert now() == ("in_review", "Ready to sign off")
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    assert now() == ("ready", "")
    SignOff.objects.update(stale_at=timezone.now(), stale_reason="A waiver ended.")
    assert now() == ("stale", "A waiver ended.")
    make_review(member, Service.objects.get(), version)
    assert now()[0] == "stale"
    assert "to answer in Section 1" in now()[1]


def test_figures_and_segments(cast: Cast, version: ChecklistVersion) -> None:
    finish(cast, start(cast, "done", version))
    finish(cast, start(cast, "bad", version), ready=False)
    stale = finish(cast, start(cast, "old", version))
    SignOff.objects.filter(pk=stale.pk).update(stale_at=timezone.now(), stale_reason="Old.")
    busy = start(cast, "busy", version)
    answer_all(actor_of(cast.member), busy, 1)
    submit_section(actor_of(cast.member), section(busy))
    ReviewSection.objects.filter(review=busy, position=1).update(
        submitted_at=timezone.now() - timedelta(days=9, hours=1)
    )
    start(cast, "draft", version)
    make_service(cast.other_team, cast.stranger, "none")
    make_service(cast.team, cast.owner, "gone", archived_at=timezone.now())
    figures = load(cast.reviewer).figures
    assert (figures.total, figures.ready, figures.in_review, figures.stale) == (6, 1, 1, 1)
    assert (timezone.now() - figures.waiting_since).days == 9
    segments = {"all": 6, "mine": 0, "waiting": 1, "not-ready": 5}
    assert figures.counts == {**segments, "ready": 1, "in-review": 1, "stale": 1, "archived": 1}
    for show, expected in {
        "ready": {"done"},
        "stale": {"old"},
        "in-review": {"busy"},
        "waiting": {"busy"},
        "not-ready": {"bad", "old", "busy", "draft", "none"},
        "archived": {"gone"},
        "mine": set(),
    }.items():
        assert set(slugs(load(cast.reviewer, show=show))) == expected, show
    assert load(cast.member).figures.counts["mine"] == 5
    # What stands still comes first, the longest first; then what nobody has begun; then what was decided.
    Review.objects.filter(pk=busy.pk).update(changed_at=timezone.now() - timedelta(days=20))
    assert slugs(load(cast.reviewer))[0] == "busy"
    assert slugs(load(cast.reviewer))[3:] == ["none", "bad", "done"]


def test_waiting_for_me(cast: Cast, version: ChecklistVersion) -> None:
    def waits(*people: str) -> None:
        found = {
            who
            for who in ("member", "stranger", "viewer", "admin", "reviewer", "accountable")
            if load(cast[who], show="waiting").rows
        }
        assert found == set(people)

    review = start(cast, "checkout", version)
    waits("member")
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review, 2))
    # The second section cannot be approved before the first.
    waits("member")
    submit_section(actor_of(cast.member), section(review, 1))
    waits("reviewer")
    ReviewSection.objects.filter(review=review).update(status="approved")
    waits("accountable")
    assert load(cast.viewer).figures.counts["waiting"] == 0


def test_a_section_waits_only_for_those_who_hold_its_role(cast: Cast, version: ChecklistVersion) -> None:
    review = start(cast, "checkout", version)
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review))
    cast.reviewer.reviewer_roles = ["data"]
    cast.reviewer.save()
    assert not load(cast.reviewer, show="waiting").rows
    cast.reviewer.reviewer_roles = ["sre"]
    cast.reviewer.save()
    assert load(cast.reviewer, show="waiting").rows


def test_waivers_that_end_soon(cast: Cast, version: ChecklistVersion) -> None:
    review = start(cast, "checkout", version)
    member = actor_of(cast.member)
    answer_all(member, review)
    save_answer(member, review.pk, "item-1-1", Said(state="not_met"), 1)
    ends = timezone.localdate() + timedelta(days=20)
    waiver = request_waiver(
        member,
        section(review),
        reason="Later",
        compensating_control="By hand",
        expires_on=ends,
        item_slug="item-1-1",
    )
    assert load(cast.viewer).figures.waivers_ending == 0
    for who in (cast.reviewer, cast.accountable):
        assert slugs(load(who, show="waiting")) == ["checkout"]
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    assert load(cast.viewer).figures.waivers_ending == 1
    assert slugs(load(cast.viewer, show="waivers")) == ["checkout"]
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    portfolio = load(cast.viewer)
    assert badge(portfolio.rows[0].standing).label == "Ready, 1 waiver"
    assert says(portfolio, "checkout")[1] == f"Waiver ends {ends:%-d %b}: Item 1.1"
    assert load(cast.stranger).figures.waivers_ending == 0


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("check", {"checkout"}),
        ("CHECKOUT", {"checkout"}),
        ("refunds", {"ledger"}),
        ("payments", {"checkout", "ledger"}),
        ("pay led", {"ledger"}),
        ("search", {"index"}),
        ("nothing like it", set()),
        ("' OR 1=1 --", set()),
        ("checkout:* & !", {"checkout"}),
        ("%", {"checkout", "ledger", "index"}),
        ("\x00check", {"checkout"}),
    ],
)
def test_search(cast: Cast, version: ChecklistVersion, q: str, found: set[str]) -> None:
    make_service(cast.team, cast.owner)
    make_service(cast.team, cast.owner, "ledger", description="Books, and refunds too.")
    make_service(cast.other_team, cast.stranger, "index")
    assert set(slugs(load(cast.viewer, q=q))) == found


def test_filters_and_orders(cast: Cast, version: ChecklistVersion) -> None:
    make_service(cast.team, cast.owner, "b", tier=3)
    make_service(cast.team, cast.owner, "c", tier=1)
    make_service(cast.other_team, cast.stranger, "a", tier=2)
    assert slugs(load(cast.viewer, sort="name")) == ["a", "b", "c"]
    assert slugs(load(cast.viewer, sort="tier")) == ["c", "a", "b"]
    assert slugs(load(cast.viewer, tier="2")) == ["a"]
    assert slugs(load(cast.viewer, team="payments", sort="name")) == ["b", "c"]
    assert load(cast.viewer, team="payments").figures.counts["all"] == 2
    assert load(cast.viewer, team="payments").figures.total == 3
    for odd in ({"tier": "nine"}, {"sort": "colour"}, {"show": "everything"}, {"tier": "-1"}):
        assert len(slugs(load(cast.viewer, **odd))) == 3
    assert slugs(load(cast.viewer, team="nobody")) == []


def test_pages_of_fifty(client: Client, cast: Cast, version: ChecklistVersion) -> None:
    bulk(cast, 60)
    assert len(load(cast.viewer).rows) == 50
    assert len(load(cast.viewer, "2").rows) == 10
    assert len(load(cast.viewer, "99").rows) == 10
    assert len(load(cast.viewer, "x").rows) == 50
    client.force_login(cast.viewer)
    page = client.get("/services/?sort=name&page=2").content.decode()
    assert "51 to 60 of 60" in page
    assert "?sort=name&amp;page=1" in page


def bulk(cast: Cast, number: int) -> None:
    """Many services at once, past the actions."""
    here = Service.objects.count()
    Service.objects.bulk_create(
        Service(slug=f"s-{n:05}", name=f"s-{n:05}", team=cast.team, created_by=cast.owner)
        for n in range(here, here + number)
    )


@pytest.mark.parametrize("who", ["member", "reviewer", "accountable", "viewer", "admin"])
@pytest.mark.parametrize("query", ["", "?q=s", "?show=waivers", "?show=waiting&team=payments&tier=2"])
def test_queries_stay_at_ten_and_do_not_grow(
    client: Client, cast: Cast, version: ChecklistVersion, who: str, query: str
) -> None:
    client.force_login(cast[who])
    finish(cast, start(cast, "done", version))
    start(cast, "draft", version)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/services/{query}").status_code == 200
        return len(queries)

    few = count()
    bulk(cast, 120)
    for service in Service.objects.filter(slug__in=["s-00010", "s-00011", "s-00012"]):
        make_review(actor_of(cast.member), service, version)
    assert count() <= few <= 10
