"""The pages of drills: who sees them, what each may do there, bad input, and what a stranger does not see."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from readiness.accounts.rights import actor_of
from reviews.actions.drills import abandon_drill, note
from reviews.models import Drill, Review
from tests.cast import Cast
from tests.factories import UserFactory
from tests.reviews.drill_builders import (
    NOW,
    ON_CALL,
    RESTORE,
    ROLLBACK,
    answer_of,
    drill_review,
    graded,
    moved_clock,
    started,
    stopped,
)

pytestmark = pytest.mark.django_db
ITEM = "/services/checkout/reviews/1/section-1/item-1-1/"
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]
HTMX = {"HX-Request": "true"}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize("part", ["", "progress/", "clock/"])
def test_who_sees_a_drill(cast: Cast, part: str) -> None:
    """Readers of the review and the two people in it; somebody else from outside learns nothing."""
    drill = started(cast, drill_review(cast))
    path = f"/drills/{drill.pk}/{part}"
    for role in [*READERS, "stranger"]:
        assert signed_in(cast[role]).get(path).status_code == 200, role
    assert signed_in(UserFactory.create()).get(path).status_code == 404
    assert Client().get(path).status_code == 302
    assert signed_in(cast.member).get("/drills/999/").status_code == 404


def test_a_stranger_sees_just_the_drill(cast: Cast) -> None:
    """The way into the review is not shown to them, and does not open."""
    drill = started(cast, drill_review(cast))
    runner = signed_in(cast.stranger)
    page = text_of(runner, f"/drills/{drill.pk}/")
    assert "Back to the item" not in page
    assert "What changed?" in page
    assert runner.get(ITEM).status_code == 404
    assert "Back to the item" in text_of(signed_in(cast.owner), f"/drills/{drill.pk}/")
    work = text_of(runner, "/")
    assert f"/drills/{drill.pk}/" in work
    assert "You run it" in work


def test_a_whole_drill_by_plain_forms(cast: Cast) -> None:
    review = drill_review(cast)
    member, runner, witness = (signed_in(each) for each in (cast.member, cast.stranger, cast.owner))
    assert "Run a drill" in text_of(member, ITEM)
    page = text_of(member, f"{ITEM}drills/arrange/")
    assert "new to on-call" in page
    done = member.post(f"{ITEM}drills/arrange/", {"runner": cast.stranger.pk, "witness": cast.owner.pk})
    drill = Drill.objects.get()
    assert (done.status_code, done.headers["Location"]) == (303, f"/drills/{drill.pk}/")
    path = f"/drills/{drill.pk}/"
    assert "Start the clock" in text_of(runner, path)
    assert "Start the clock" not in text_of(member, path)
    assert (
        "Finish it or call it off"
        in member.post(
            f"{ITEM}drills/arrange/", {"runner": cast.stranger.pk, "witness": cast.owner.pk}
        ).content.decode()
    )
    refused = witness.post(f"{path}start/", {})
    assert refused.status_code == 422
    assert "has never been on call" in refused.content.decode()
    assert witness.post(f"{path}start/", {"declared_new": "on"}).status_code == 303
    refused = runner.post(f"{path}answers/what/", {"answer-what-text": ""})
    assert refused.status_code == 422
    for slug in ("what", "where", "who"):
        sent = {f"answer-{slug}-text": f"It was {slug}"}
        assert runner.post(f"{path}answers/{slug}/", sent).status_code == 303
    assert witness.post(f"{path}notes/", {"note-text": "Found it at once"}).status_code == 303
    assert "grades this drill now" in text_of(runner, path)
    refused = witness.post(f"{path}grade/", {"outcome": "passed", "grade-what": "right"})
    assert refused.status_code == 422
    assert refused.content.decode().count("Say whether this answer was right.") == 2
    grades = {f"grade-{slug}": "right" for slug in ("what", "where", "who")}
    assert witness.post(f"{path}grade/", {"outcome": "passed", **grades}).status_code == 303
    page = text_of(runner, path)
    assert "Witnessed" in page
    assert "It was who" in page
    page = text_of(member, ITEM)
    assert "Counts" in page
    assert '<svg class="drill-chart"' in page
    assert answer_of(review).state == "met"


ACTS = [
    ("start/", {"owner", "stranger"}),
    ("answers/what/", {"stranger"}),
    ("notes/", {"owner", "stranger"}),
    ("details/", {"owner", "stranger"}),
    ("stop/", {"owner", "stranger"}),
    ("grade/", {"owner"}),
    ("abandon/", {"owner", "stranger", "member"}),
]


@pytest.mark.parametrize(("path", "may"), ACTS)
def test_who_may_do_what(cast: Cast, path: str, may: set[str]) -> None:
    """Readers who are not in the drill get 403, others from outside 404, and GET is no way to act."""
    review = drill_review(cast)
    for role in [*READERS, "stranger"]:
        for old in Drill.objects.exclude(status="running").filter(ended_at__isnull=True):
            abandon_drill(actor_of(cast.owner), old.pk)
        drill = Drill.objects.filter(status="running").first() or started(cast, review)
        status = signed_in(cast[role]).post(f"/drills/{drill.pk}/{path}", {}).status_code
        assert status in ({303, 409, 422} if role in may else {403}), role
    outside = signed_in(UserFactory.create())
    assert outside.post(f"/drills/{drill.pk}/{path}", {}).status_code == 404
    assert outside.get(f"/drills/{drill.pk}/{path}").status_code == 405


@pytest.mark.parametrize("what", ["arrange", "record"])
def test_only_the_team_sets_a_drill_up(cast: Cast, what: str) -> None:
    drill_review(cast)
    for role, status in {
        "member": 200,
        "owner": 200,
        "reviewer": 403,
        "viewer": 403,
        "stranger": 404,
    }.items():
        assert signed_in(cast[role]).get(f"{ITEM}drills/{what}/").status_code == status, role


def test_who_may_not_run_it_cannot_be_chosen_and_reads_why(cast: Cast) -> None:
    review = drill_review(cast, {**ON_CALL, "runner": "stranger"})
    member = signed_in(cast.member)
    page = text_of(member, f"{ITEM}drills/arrange/")
    assert "Milo Member: is in the team that owns this service" in page
    refused = member.post(f"{ITEM}drills/arrange/", {"runner": cast.member.pk, "witness": cast.owner.pk})
    assert refused.status_code == 422
    assert "is in the team that owns this service" in refused.content.decode()
    refused = member.post(f"{ITEM}drills/arrange/", {"runner": cast.stranger.pk, "witness": cast.stranger.pk})
    assert refused.status_code == 422
    assert "cannot be its witness" in refused.content.decode()
    refused = member.post(f"{ITEM}drills/arrange/", {"runner": "x", "witness": ""})
    assert refused.status_code == 422
    assert not review.drills.exists()


def test_both_devices_get_the_same_clock(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = started(cast, review)
        moved.forward(75.4)
        seen = [
            signed_in(cast[role]).get(f"/drills/{drill.pk}/clock/").json() for role in ("owner", "stranger")
        ]
        page = text_of(signed_in(cast.owner), f"/drills/{drill.pk}/")
    assert seen == [{"status": "running", "elapsed_ms": 75_400, "sure": True}] * 2
    assert 'data-elapsed-ms="75400"' in page
    assert ">1:15<" in page


def test_the_page_polls_while_the_drill_is_open_and_not_longer(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = graded(cast, review, moved, 60)
    assert "every 2s" not in text_of(signed_in(cast.owner), f"/drills/{drill.pk}/progress/")
    drill = started(cast, review)
    note(actor_of(cast.owner), drill.pk, "<script>alert(1)</script>")
    answer = signed_in(cast.stranger).get(f"/drills/{drill.pk}/progress/", headers=HTMX)
    assert b"every 2s" in answer.content
    assert b"<script>alert" not in answer.content
    assert b"<html" not in answer.content


def test_a_restore_drill_takes_a_file_and_refuses_the_runbook(cast: Cast) -> None:
    review = drill_review(cast, RESTORE)
    with moved_clock() as moved:
        drill = stopped(cast, review, moved, 1_200)
    witness = signed_in(cast.owner)
    path = f"/drills/{drill.pk}/"
    refused = witness.post(f"{path}result/", {"url": "https://wiki.example.com/runbook/restore", "note": ""})
    assert refused.status_code == 422
    assert "leads to instructions" in refused.content.decode()
    assert "https://wiki.example.com/runbook/restore" in refused.content.decode()
    bad = SimpleUploadedFile("result.pdf", b"<html><script>alert(1)</script>")
    assert witness.post(f"{path}result/", {"file": bad}).status_code == 422
    assert witness.post(f"{path}result/", {}).status_code == 422
    good = SimpleUploadedFile("result.txt", b"41 tables, 0 differences\n")
    assert witness.post(f"{path}result/", {"file": good}).status_code == 303
    details = {"field-declared_rto": "soon", "field-checks_passed": "yes"}
    assert witness.post(f"{path}details/", details).status_code == 303
    assert 'value="soon"' in text_of(witness, path)
    refused = witness.post(f"{path}grade/", {"outcome": "passed"})
    assert refused.status_code == 422
    assert "cannot be read: RTO" in refused.content.decode()
    witness.post(f"{path}details/", {**details, "field-declared_rto": "60"})
    assert witness.post(f"{path}grade/", {"outcome": "passed"}).status_code == 303
    assert answer_of(review).state == "met"


def test_recording_keeps_what_was_typed(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    member = signed_in(cast.member)
    typed = {
        "runner": cast.stranger.pk,
        "witness": cast.owner.pk,
        "started_at": NOW.strftime("%Y-%m-%dT%H:%M:%S"),
        "stopped_at": (NOW - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S"),
        "outcome": "passed",
        "commands": "deploy rollback checkout",
        "field-bad_version": "2042",
        "field-good_version": "2041",
        "log": "We broke the health check on purpose.",
    }
    refused = member.post(f"{ITEM}drills/record/", typed)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "cannot finish before it starts" in page
    assert "We broke the health check on purpose." in page
    assert "deploy rollback checkout" in page
    assert not Drill.objects.exists()
    refused = member.post(f"{ITEM}drills/record/", {**typed, "stopped_at": "later"})
    assert "Enter a date and time" in refused.content.decode()
    ended = (NOW + timedelta(seconds=96)).strftime("%Y-%m-%dT%H:%M:%S")
    assert member.post(f"{ITEM}drills/record/", {**typed, "stopped_at": ended}).status_code == 303
    assert answer_of(review).state == "met"
    assert "Self-reported" in text_of(member, ITEM)


def test_an_answer_form_does_not_touch_the_drill(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        graded(cast, review, moved, 60)
    answer = answer_of(review)
    sent = {"revision": str(answer.revision), "state": "", "note": "Went well", "page": "item"}
    assert signed_in(cast.member).post(f"{ITEM}answer/", sent).status_code == 303
    after = answer_of(review)
    assert (after.state, after.note, after.data) == ("met", "Went well", answer.data)


def test_an_item_of_another_kind_has_no_drills(cast: Cast) -> None:
    drill_review(cast)
    version = Review.objects.get().version
    assert version.items.get().kind == "drill"
    assert (
        signed_in(cast.member).get(ITEM.replace("item-1-1", "item-9-9") + "drills/arrange/").status_code
        == 404
    )


def test_queries_do_not_grow_with_the_past(cast: Cast, django_assert_max_num_queries: Any) -> None:
    review = drill_review(cast)
    for _ in range(4):
        with moved_clock() as moved:
            drill = graded(cast, review, moved, 60)
    member = signed_in(cast.member)
    member.get(ITEM)
    with django_assert_max_num_queries(22):
        member.get(ITEM)
    with django_assert_max_num_queries(6):
        member.get(f"/drills/{drill.pk}/")
    with django_assert_max_num_queries(4):
        member.get(f"/drills/{drill.pk}/clock/")


def test_the_service_shows_its_newest_drills(cast: Cast) -> None:
    review = drill_review(cast)
    assert "Drills</h2>" not in text_of(signed_in(cast.member), "/services/checkout/")
    with moved_clock() as moved:
        graded(cast, review, moved, 700)
        moved.forward(60)
        newest = graded(cast, review, moved, 372)
    page = text_of(signed_in(cast.viewer), "/services/checkout/")
    assert page.count('href="/drills/') == 1
    assert f"/drills/{newest.pk}/" in page
    assert "6:12" in page


@pytest.mark.parametrize("text", ["a\x00b", "x" * 20_001])
def test_texts_that_cannot_be_kept(cast: Cast, text: str) -> None:
    drill = started(cast, drill_review(cast, ROLLBACK))
    witness = signed_in(cast.owner)
    path = f"/drills/{drill.pk}/"
    assert witness.post(f"{path}notes/", {"note-text": text}).status_code == 422
    assert witness.post(f"{path}details/", {"commands": text}).status_code == 422
    answer = witness.post(f"{path}details/", {"commands": "x", "field-bad_version": text})
    assert answer.status_code in (303, 422)
    assert witness.post(f"{path}abandon/", {"reason": text}).status_code == 422
    assert witness.get(path).status_code == 200


def test_the_clock_is_not_kept_by_caches(cast: Cast) -> None:
    drill = started(cast, drill_review(cast))
    answer = signed_in(cast.owner).get(f"/drills/{drill.pk}/clock/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.content)["elapsed_ms"] >= 0
    assert timezone.now() >= drill.arranged_at
