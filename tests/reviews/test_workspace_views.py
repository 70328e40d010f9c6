"""The workspace's pages: who sees them, what bad input gets, and that queries do not grow."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.sections import approve_section, submit_section
from reviews.models import Answer, Approval, Review
from tests.cast import Cast
from tests.reviews.builders import (
    answer_all,
    approve_all,
    make_review,
    make_service,
    make_version,
    section,
    seen,
)

SECTION = "/services/checkout/reviews/1/section-1/"
ITEM = SECTION + "item-1-1/"
HTMX = {"HX-Request": "true"}
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}"


@pytest.fixture
def review(cast: Cast) -> Review:
    """A review of two sections with two items each."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner))


def signed_in(cast: Cast, role: str) -> Client:
    """A browser in which one of the cast is signed in."""
    client = Client()
    client.force_login(cast[role])
    return client


def said(**fields: str) -> dict[str, str]:
    """A posted answer on the first revision."""
    return {"revision": "0", "state": "met", "note": "", "reason": "", "trigger": "", **fields}


@pytest.mark.parametrize(
    "path", [SECTION, ITEM, SECTION + "panel/", "/services/checkout/reviews/1/sign-off/"]
)
@pytest.mark.parametrize("role", [*READERS, "stranger"])
def test_readers_see_the_pages_and_strangers_do_not(cast: Cast, review: Review, role: str, path: str) -> None:
    """404, so that a stranger does not learn that the service exists."""
    assert signed_in(cast, role).get(path).status_code == (200 if role in READERS else 404)


@pytest.mark.parametrize("path", [SECTION, ITEM, "/", "/audit/"])
def test_nobody_sees_anything_without_signing_in(review: Review, path: str) -> None:
    """They are sent to the sign-in page."""
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


# path, who may (the others that may read get 403)
POSTS: list[tuple[str, set[str], dict[str, str]]] = [
    (ITEM + "answer/", {"owner", "member"}, said()),
    (SECTION + "submit/", {"owner", "member"}, {}),
    (SECTION + "approve/", {"reviewer"}, {"approve-digest": "0" * 64}),
    (SECTION + "send-back/", {"reviewer"}, {"changes-reason": "No"}),
    (ITEM + "send-back/", {"reviewer"}, {"changes-reason": "No"}),
    (ITEM + "findings/", {"reviewer"}, {"finding-title": "Gap"}),
    (ITEM + "waiver/", {"owner", "member"}, {"waiver-reason": "Later"}),
    (ITEM + "rulings/tls/", {"reviewer"}, {"ruling-tls-decision": "person", "ruling-tls-reason": "So"}),
    ("/services/checkout/reviews/1/facts/", {"owner", "member"}, {}),
    ("/services/checkout/reviews/1/withdraw/", {"owner", "accountable", "admin"}, {"withdraw-reason": "No"}),
    (
        "/services/checkout/reviews/1/sign-off/",
        {"accountable"},
        {"sign-decision": "ready", "sign-digest": "0" * 64},
    ),
    ("/services/checkout/reviews/start/", {"owner", "member"}, {}),
]


@pytest.mark.parametrize("role", [*READERS, "stranger"])
@pytest.mark.parametrize(("path", "may", "form"), POSTS, ids=[path for path, _, _ in POSTS])
def test_who_may_act(
    cast: Cast, review: Review, role: str, path: str, may: set[str], form: dict[str, str]
) -> None:
    """403 with a reason for those who may read, 404 for strangers; a wrong state is 409, not 403."""
    status = signed_in(cast, role).post(path, form).status_code
    if role in may:
        assert status in (200, 302, 303, 409, 422)
    else:
        assert status == (403 if role in READERS else 404)


@pytest.mark.parametrize(
    "path", [path for path, _, _ in POSTS if "start" not in path and "facts" not in path]
)
def test_acts_are_posted(cast: Cast, review: Review, path: str) -> None:
    """A link that acts would be followed by a prefetching browser."""
    answer = signed_in(cast, "member").get(path)
    assert answer.status_code == 405 or "withdraw" in path or "sign-off" in path


def test_a_refused_answer_stays_on_the_page(cast: Cast, review: Review) -> None:
    """Without JavaScript: 422, the message, and the text that was typed."""
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(state="not_applicable", note="typed text"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say why this does not apply." in page
    assert "typed text" in page


def test_a_note_of_100_000_characters_is_refused_with_its_limit(cast: Cast, review: Review) -> None:
    """And it stays on the page in full."""
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(note="x" * 100_000))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "100,000 characters; at most 20,000 fit" in page
    assert "x" * 100_000 in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_stale_form_shows_both_texts(cast: Cast, review: Review, headers: dict[str, str]) -> None:
    """409, and nothing is overwritten."""
    save_answer(actor_of(cast.owner), review.pk, "item-1-1", Said("met", note="stored text"), 0)
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(note="my text"), headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "stored text" in page
    assert "my text" in page
    assert "Olga Owner changed this answer meanwhile." in page
    assert Answer.objects.get(item__slug="item-1-1").note == "stored text"


def test_a_stale_form_of_ones_own_speaks_of_the_other_tab(cast: Cast, review: Review) -> None:
    """Nobody else was there."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="stored text"), 0)
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(note="my text"))
    assert answer.status_code == 409
    assert "You changed this answer in another tab." in answer.content.decode()
    assert "Milo Member changed" not in answer.content.decode()


def test_html_and_script_in_every_text_field_are_shown_as_text(cast: Cast, review: Review) -> None:
    """On the section, the item, the audit and the sign-off page."""
    member = signed_in(cast, "member")
    member.post(ITEM + "answer/", said(state="not_applicable", note=HOSTILE, reason=HOSTILE))
    for path in (
        SECTION,
        ITEM,
        "/services/checkout/reviews/1/audit/",
        "/services/checkout/reviews/1/sign-off/",
    ):
        page = member.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "49" not in page.split("alert(2)")[-1][:40]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/services/checkout/reviews/1/section-1/no-such-item/answer/", said()),
        ("/services/checkout/reviews/1/section-2/item-1-1/answer/", said()),
        ("/services/checkout/reviews/1/section-2/item-1-1/confirm/", said()),
        ("/services/checkout/reviews/1/no-such-section/submit/", {}),
        ("/services/checkout/reviews/9/section-1/submit/", {}),
        ("/services/no-such/reviews/1/section-1/submit/", {}),
        ("/waivers/999/decide/", {}),
        ("/findings/999/fix/", {}),
    ],
)
def test_what_does_not_exist_is_404(cast: Cast, review: Review, path: str, form: dict[str, str]) -> None:
    """With a page that says so."""
    assert signed_in(cast, "member").post(path, form).status_code == 404


@pytest.mark.parametrize("until", ["soon", "31.12.2026", "2026-02-30", "", "1999-01-01", "9999-12-31"])
def test_a_bad_date_names_its_field_and_keeps_the_rest(cast: Cast, review: Review, until: str) -> None:
    """The reason that was typed is still there."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("not_met"), 0)
    form = {"waiver-reason": "typed reason", "waiver-compensating_control": "c", "waiver-expires_on": until}
    answer = signed_in(cast, "member").post(ITEM + "waiver/", form)
    assert answer.status_code == 422
    assert "typed reason" in answer.content.decode()


def test_approving_out_of_order_is_409_with_the_reason(cast: Cast, review: Review) -> None:
    """And the page says which section comes first."""
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review, 2))
    form = {"approve-digest": seen(section(review, 2)), "approve-note": "typed note"}
    path = "/services/checkout/reviews/1/section-2/approve/"
    answer = signed_in(cast, "reviewer").post(path, form)
    assert answer.status_code == 409
    assert "Section 1 comes first" in answer.content.decode()
    assert not Approval.objects.exists()


def test_approving_ones_own_work_is_403_with_the_reason(cast: Cast, review: Review) -> None:
    """The page shows the reason."""
    cast.member.reviewer_roles = ["sre"]
    cast.member.save()
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    answer = signed_in(cast, "member").post(SECTION + "approve/", {"approve-digest": seen(section(review))})
    assert answer.status_code == 403
    assert "You wrote part of this section" in answer.content.decode()


def test_approving_content_that_changed_shows_what_changed(cast: Cast, review: Review) -> None:
    """409; approving again from that page binds to the new content."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    old = seen(section(review))
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="new"), 1)
    reviewer = signed_in(cast, "reviewer")
    answer = reviewer.post(SECTION + "approve/", {"approve-digest": old})
    assert answer.status_code == 409
    assert seen(section(review)) in answer.content.decode()


def test_the_difference_since_a_stale_approval_is_shown(cast: Cast, review: Review) -> None:
    """Before and now, item by item."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="quite new"), 1)
    approval = Approval.objects.get()
    page = signed_in(cast, "viewer").get(f"{SECTION}changes/{approval.pk}/").content.decode()
    assert "quite new" in page
    assert "See the difference" in signed_in(cast, "viewer").get(SECTION).content.decode()


def test_a_closed_review_takes_nothing_any_more(cast: Cast, review: Review) -> None:
    """409 with the reason, and what was typed is on the page."""
    signed_in(cast, "owner").post("/services/checkout/reviews/1/withdraw/", {"withdraw-reason": "Mistake"})
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(note="typed"))
    assert answer.status_code == 409
    assert "withdrawn" in answer.content.decode()


def queries(client: Client, act: Any) -> int:
    """Statements that `act` sends the second time, apart from those that open and close transactions."""
    act(client)
    with CaptureQueriesContext(connection) as caught:
        act(client)
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(control) for query in caught.captured_queries)


def test_queries_of_the_workspace_stay_few_and_do_not_grow(cast: Cast) -> None:
    """As many for ten items as for two, and within what the page may cost."""
    counts = []
    for slug, items in (("few", 2), ("many", 10)):
        make_review(
            actor_of(cast.member), make_service(cast.team, cast.owner, slug), make_version(slug, 1, items)
        )
        path = f"/services/{slug}/reviews/1/section-1/"
        counts.append(
            [queries(signed_in(cast, role), lambda c, p=path: c.get(p)) for role in ("member", "reviewer")]
        )
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 12


def test_an_autosave_sends_at_most_ten_statements(cast: Cast, review: Review) -> None:
    """Event and revision included."""
    notes = iter(range(10))

    def act(client: Client) -> None:
        row = Answer.objects.get(item__slug="item-1-1")
        form = said(note=f"note {next(notes)}", revision=str(row.revision))
        assert client.post(ITEM + "answer/", form, headers=HTMX).status_code == 200

    assert queries(signed_in(cast, "member"), act) <= 10 + 1  # one is the test's own look at the revision


def test_my_work_lists_what_waits_for_each(cast: Cast, review: Review) -> None:
    """The team answers, the reviewer approves, the accountable person signs."""
    assert "Section 1" in signed_in(cast, "member").get("/").content.decode()
    assert "Nothing waits for you" in signed_in(cast, "reviewer").get("/").content.decode()
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review))
    assert "Waits for your approval" in signed_in(cast, "reviewer").get("/").content.decode()
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    submit_section(actor_of(cast.member), section(review, 2))
    approve_section(actor_of(cast.reviewer), section(review, 2), seen(section(review, 2)))
    assert "Every section is approved" in signed_in(cast, "accountable").get("/").content.decode()
    assert queries(signed_in(cast, "reviewer"), lambda client: client.get("/")) <= 12


def test_the_audit_page_verifies_the_chain(cast: Cast, review: Review) -> None:
    """Verified while it holds; broken, with the event, once somebody changed the database."""
    answer_all(actor_of(cast.member), review)
    path = "/services/checkout/reviews/1/audit/"
    assert "Chain verified" in signed_in(cast, "viewer").get(path).content.decode()
    Review.objects.filter(pk=review.pk).update(event_count=3)
    assert "Chain broken" in signed_in(cast, "viewer").get(path).content.decode()


def test_the_whole_record_is_verified_on_request(
    cast: Cast, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what holds and what was not looked at; where a chain breaks, which."""
    answer_all(actor_of(cast.member), review)
    viewer = signed_in(cast, "viewer")
    assert "Chain verified" not in viewer.get("/audit/").content.decode()
    page = viewer.get("/audit/?verify=1").content.decode()
    assert "Chain verified" in page
    assert "not checked" not in page
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner, "search"), make_version("another"))
    monkeypatch.setattr("reviews.views.audit.MAX_VERIFIED", 1)
    assert "more chain" in viewer.get("/audit/?verify=1").content.decode()
    monkeypatch.undo()
    Review.objects.filter(pk=review.pk).update(event_count=3)
    page = viewer.get("/audit/?verify=1").content.decode()
    assert "The record does not hold" in page
    assert f"review:{review.pk}" in page
    assert "Chain verified" not in page


def test_everything_signed_off_leads_to_the_packet(cast: Cast, review: Review) -> None:
    """Signing answers with the packet's page."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    accountable = signed_in(cast, "accountable")
    page = accountable.get("/services/checkout/reviews/1/sign-off/")
    digest = page.context["form"].initial["digest"]
    form = {"sign-digest": digest, "sign-decision": "ready", "sign-note": ""}
    answer = accountable.post("/services/checkout/reviews/1/sign-off/", form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/services/checkout/reviews/1/packet/"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 6000, "4,5", "1_0", "-1", "four"])
def test_what_is_no_number_is_422_and_stays(cast: Cast, number: str) -> None:
    """Whatever Python would read into it."""
    spec = {"unit": "engineers", "direction": "at_least", "limit": 4}
    version = make_version("measured", 1, 1, kind="measure", spec=spec)
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    answer = signed_in(cast, "member").post(ITEM + "answer/", said(state="", number=number))
    assert answer.status_code == 422
    assert number in answer.content.decode()


def test_a_nul_in_a_filter_of_the_audit_record_finds_nothing(cast: Cast, review: Review) -> None:
    """PostgreSQL takes none in a text."""
    for name in ("actor", "service", "item"):
        assert signed_in(cast, "viewer").get("/audit/", {name: "a\x00b"}).status_code == 200


def test_a_second_conflict_still_has_one_revision(cast: Cast, review: Review) -> None:
    """The button that saves anyway posts the revision beside the hidden one: the last counts."""
    save_answer(actor_of(cast.owner), review.pk, "item-1-1", Said("met", note="stored"), 0)
    form = {**said(note="mine"), "revision": ["0", "0"]}
    page = signed_in(cast, "member").post(ITEM + "answer/", form).content.decode()
    assert 'value="0,0"' not in page
