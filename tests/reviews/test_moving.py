"""Moving open reviews to another version: what was shown is what happens, whatever was edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checklist.actions import load_checklist, rows_of
from checklist.draft_actions import begin_draft, import_content
from checklist.models import ChecklistVersion, Item, Section
from checklist.schema import Content, content_hash
from checklist.validation import check
from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Refused, WrongState
from reviews import events
from reviews.actions.answers import Said, save_answer
from reviews.actions.drills import arrange_drill
from reviews.actions.findings import raise_finding
from reviews.actions.moving import move_review, publish_and_move
from reviews.actions.reviews import withdraw_review
from reviews.actions.waivers import request_waiver
from reviews.models import Answer, Approval, Finding, Review, ReviewSection, Waiver
from reviews.moving import AnswerNow, Plan, ReviewNow, SectionNow, plan_move
from reviews.queries import waiting
from reviews.queries.authors import section_authors
from reviews.queries.content import digest_of, section_content
from reviews.queries.moving import open_reviews, orphaned_answers, plan_moves
from reviews.queries.sheet import load_sheet
from reviews.states import AnswerState, SectionStatus
from tests.cast import Cast
from tests.checklist.sample import as_content, sample
from tests.reviews.builders import approve_section, make_review, make_service, section, seen, submit_section

pytestmark = pytest.mark.django_db

ROWS = [{"alert": "down", "tier": "page", "runbook": "https://example.com"}]
SAID = {
    "logs": Said("met", note="ELK"),
    "size": Said("", data={"number": "5", "measured_on": "2026-01-01", "how": "counted"}),
    "extra": Said("met"),
    "alerts": Said("", data={"rows": ROWS}),
}


def begin(cast: Cast) -> Review:
    """A review over the sample in which everything is answered and both sections are approved."""
    data = sample()
    for part in data["sections"]:
        for item in part["items"]:
            item["evidence"] = {"rule": "optional"}
    version = load_checklist(as_content(data)).version
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    for slug, said in SAID.items():
        save_answer(actor_of(cast.member), review.pk, slug, said, 0)
    for row in review.sections.order_by("position"):
        submit_section(actor_of(cast.member), section(review, row.position))
        current = section(review, row.position)
        approve_section(actor_of(cast.reviewer), current, seen(current))
    review.refresh_from_db()
    return review


def data_of(review: Review) -> dict[str, Any]:
    """The content of the review's version, to change."""
    copy: dict[str, Any] = json.loads(json.dumps(review.version.content))
    return copy


def planned(review: Review, content: Content) -> Plan:
    return plan_moves([review], rows_of(content))[0]


def published(content: Content) -> ChecklistVersion:
    return load_checklist(content).version


def check_result(review: Review, plan: Plan) -> None:
    """Everything that the plan says is so in the database."""
    review.refresh_from_db()
    answers = {row.item.slug: row for row in review.answers.select_related("item", "section__section")}
    staying = {item.slug: item for item in plan.items if item.fate != "orphaned"}
    assert set(answers) == set(staying)
    for slug, item in staying.items():
        row = answers[slug]
        assert row.item.version_id == row.section.section.version_id == review.version_id
        actual = (row.section.slug, row.state, row.applicable, row.to_confirm)
        assert actual == (item.section, item.after, item.applicable, item.to_confirm)
    orphans = [item.slug for item in plan.items if item.fate == "orphaned"]
    assert sorted(row.item.slug for row in orphaned_answers(review)) == sorted(orphans)
    rows = {row.slug: row for row in review.sections.select_related("section")}
    assert [row.slug for row in rows.values()] == [s.slug for s in plan.sections if s.fate != "orphaned"]
    for move in plan.sections:
        row = rows.get(move.slug) or ReviewSection.everything.get(review=review, slug=move.slug)
        standing = [str(each.reviewer) for each in row.approvals.filter(stale_at__isnull=True)]
        gone = [str(each.reviewer) for each in row.approvals.filter(stale_at__isnull=False)]
        assert row.status == move.after
        assert gone == list(move.stale)
        for approval in row.approvals.filter(stale_at__isnull=True):
            assert approval.content_id == digest_of(section_content(load_sheet(row))), (
                "nothing else went stale"
            )
        assert bool(standing) != bool(gone) or move.fate == "added"
        if move.fate != "orphaned":
            assert row.applicable == sum(a.applicable for a in answers.values() if a.section_id == row.pk)
    assert (
        events.verify_stream(events.review_stream(review.pk), review.event_count, review.event_head) is None
    )


def items_of(data: dict[str, Any]) -> list[tuple[dict[str, Any], int]]:
    return [(part, at) for part in data["sections"] for at in range(len(part["items"]))]


def _other_kind(item: dict[str, Any]) -> None:
    spec = {"decisions": [{"slug": "a", "title": "A", "defer_until": "B"}]}
    item.update(kind="register", spec=spec)


def _limit(item: dict[str, Any], to: int) -> None:
    if item["kind"] == "measure":
        item["spec"] = {**item["spec"], "limit": 1 + to, "target": 9 + to}
    if item["kind"] == "attestation":
        item["spec"] = {"note_label": "Which?", "note_required": bool(to % 2)}


ITEM_EDITS: dict[str, Callable[[dict[str, Any], int], None]] = {
    "title": lambda item, to: item.update(title=f"Title {to}"),
    "guidance": lambda item, to: item.update(how=f"How {to}", why=f"Why {to}"),
    "severity": lambda item, to: item.update(severity="blocker" if to % 2 else "advisory"),
    "evidence": lambda item, to: item.update(evidence={"rule": "required", "lifetime_days": 10 + to}),
    "applies": lambda item, to: item.update(applies_when={"fact": "regulated", "is": bool(to % 2)}),
    "limit": _limit,
    "kind": lambda item, _: _other_kind(item),
}
SECTION_EDITS = ["remove", "add", "move", "reorder", "roles", "section", "drop"]


def edit_sections(data: dict[str, Any], what: str, part: dict[str, Any], spot: int, to: int) -> None:
    item, target = part["items"][spot], data["sections"][to % len(data["sections"])]
    name = f"s{len(data['sections'])}{len(items_of(data))}-{to}"
    plain = {**item, "slug": f"{name}-item", "kind": "attestation", "spec": {}}
    match what:
        case "add":
            target["items"].append(plain)
        case "reorder":
            data["sections"].reverse()
        case "roles":
            target.update(reviewer_roles=["security"], approvals_required=1 + to % 2)
        case "section":
            words = {"slug": name, "title": name, "short_title": name}
            data["sections"].insert(to % 3, {**target, **words, "items": [plain]})
        case "drop" if len(data["sections"]) > 1:
            data["sections"].remove(target)
        case "remove" | "move" if len(part["items"]) > 1:
            del part["items"][spot]
            if what == "move":
                target["items"].insert(to, item)


def edit(data: dict[str, Any], what: str, at: int, to: int) -> None:
    """One random edit, as an editor could make it."""
    part, spot = items_of(data)[at % len(items_of(data))]
    if what in ITEM_EDITS:
        ITEM_EDITS[what](part["items"][spot], to)
    else:
        edit_sections(data, what, part, spot, to)


EDITS = st.lists(
    st.tuples(st.sampled_from([*ITEM_EDITS, *SECTION_EDITS]), st.integers(0, 9), st.integers(0, 5)),
    min_size=1,
    max_size=6,
)


def edited(review: Review, edits: list[tuple[str, int, int]]) -> Content | None:
    """The content after the edits; None if no editor would let it be published."""
    data = data_of(review)
    for one in edits:
        edit(data, *one)
    return check(data).content


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edits=EDITS)
def test_the_result_is_the_preview(cast: Cast, shared: Review, edits: list[tuple[str, int, int]]) -> None:
    content = edited(shared, edits)
    assume(content is not None and content_hash(content.canonical()) != shared.version.content_hash)
    assert content is not None
    point = transaction.savepoint()
    try:
        review = Review.objects.select_related("version").get(pk=shared.pk)
        admin = actor_of(cast.admin)
        plan = planned(review, content)
        import_content(admin, content, replace=True)
        digest = content_hash(content.canonical())
        version, plans = publish_and_move(admin, "sample", digest, {review.pk: plan.digest})
        assert plans == [plan]
        assert review.version_id != version.pk
        check_result(review, plan)
    finally:
        transaction.savepoint_rollback(point)


@pytest.fixture
def shared(cast: Cast) -> Review:
    return begin(cast)


def test_guidance_alone_touches_nobody(cast: Cast, shared: Review) -> None:
    data = data_of(shared)
    data["sections"][0]["items"][0].update(how="Better words.", why="Better words.")
    content = as_content(data)
    plan = planned(shared, content)
    assert plan.counts == {"carried": 5, "changed": 0, "orphaned": 0, "added": 0, "stale": 0}
    move_review(actor_of(cast.member), shared.pk, published(content), plan.digest)
    check_result(shared, plan)
    assert set(shared.sections.values_list("status", flat=True)) == {SectionStatus.APPROVED}


def test_a_figure_is_judged_by_the_new_limit(cast: Cast, shared: Review) -> None:
    data = data_of(shared)
    data["sections"][0]["items"][1]["spec"].update(limit=8, target=9)
    content = as_content(data)
    plan = planned(shared, content)
    size = next(item for item in plan.items if item.slug == "size")
    assert (size.fate, size.before, size.after, size.to_confirm) == ("changed", "met", "not_met", True)
    assert [(move.slug, move.stale) for move in plan.stale] == [("see", ("Rita Reviewer",))]
    move_review(actor_of(cast.admin), shared.pk, published(content), plan.digest)
    check_result(shared, plan)
    assert Approval.objects.get(section__slug="see").stale_reason == (
        "Version 2 of the checklist: “Enough people” changed: what is recorded and its limits."
    )
    row = Answer.objects.get(item__slug="size", review=shared)
    assert row.judgement["verdict"] == "not_met"
    assert row.revisions.first().author_id is None  # type: ignore[union-attr]


def test_what_is_no_longer_asked_is_set_aside_with_all_that_hangs_on_it(cast: Cast, shared: Review) -> None:
    member = actor_of(cast.member)
    answer = shared.answers.get(item__slug="extra")
    save_answer(member, shared.pk, "extra", Said("not_met", note="Kept words"), answer.revision)
    until = timezone.localdate() + timedelta(days=9)
    waiver = request_waiver(
        member,
        section(shared),
        item_slug="extra",
        reason="Because.",
        compensating_control="Watching.",
        expires_on=until,
    )
    finding = raise_finding(actor_of(cast.reviewer), section(shared), title="A gap", item_slug="extra")
    data = data_of(shared)
    del data["sections"][0]["items"][2]
    content = as_content(data)
    plan = planned(shared, content)
    assert {(held.kind, held.title, held.section) for held in plan.settled} == {
        ("waiver", "Something extra", ""),
        ("finding", "A gap", "see"),
    }
    move_review(member, shared.pk, published(content), plan.digest)
    assert Waiver.objects.get(pk=waiver.pk).status == "withdrawn"
    kept = Finding.objects.get(pk=finding.pk)
    assert (kept.answer_id, kept.section.slug, kept.status) == (None, "see", "open")
    (orphan,) = orphaned_answers(shared)
    assert (orphan.note, orphan.state) == ("Kept words", AnswerState.NOT_MET)
    assert "A gap" in [
        problem.text.removeprefix("Open finding: ") for problem in load_sheet(section(shared)).problems
    ]


def test_who_wrote_an_item_that_moves_may_not_approve_its_new_section(cast: Cast, shared: Review) -> None:
    data = data_of(shared)
    data["sections"][1]["items"].append(data["sections"][0]["items"].pop(0))
    content = as_content(data)
    plan = planned(shared, content)
    move_review(actor_of(cast.member), shared.pk, published(content), plan.digest)
    check_result(shared, plan)
    assert cast.member.pk in section_authors(section(shared, 2).pk)


def test_a_change_after_the_preview_is_refused_and_nothing_is_published(cast: Cast, shared: Review) -> None:
    admin = actor_of(cast.admin)
    data = data_of(shared)
    data["title"] = "Renamed"
    content = as_content(data)
    plan = planned(shared, content)
    import_content(admin, content)
    digest = content_hash(content.canonical())
    row = shared.answers.get(item__slug="logs")
    save_answer(actor_of(cast.member), shared.pk, "logs", Said("not_met"), row.revision)
    with pytest.raises(Conflict, match="not what you looked at"):
        publish_and_move(admin, "sample", digest, {shared.pk: plan.digest})
    with pytest.raises(Conflict, match="The draft changed"):
        publish_and_move(admin, "sample", "0" * 64, {})
    withdraw_review(admin, shared.pk, "Not now.")
    with pytest.raises(Conflict, match="signed off or withdrawn"):
        publish_and_move(admin, "sample", digest, {shared.pk: plan.digest})
    assert ChecklistVersion.objects.count() == 1
    assert publish_and_move(admin, "sample", digest, {})[0].number == 2


def test_moving_needs_the_right_and_another_version(cast: Cast, shared: Review) -> None:
    content = as_content({**data_of(shared), "title": "Renamed"})
    plan, version = planned(shared, content), published(content)
    with pytest.raises(Refused):
        move_review(actor_of(cast.reviewer), shared.pk, version, plan.digest)
    with pytest.raises(WrongState, match="on that version already"):
        move_review(actor_of(cast.member), shared.pk, shared.version, plan.digest)
    with pytest.raises(Conflict):
        move_review(actor_of(cast.member), shared.pk, version, "0" * 64)


def test_the_plan_names_every_effect(cast: Cast, shared: Review) -> None:
    """Two plans with the same digest are the same."""
    plan = planned(shared, as_content(data_of(shared)))
    assert plan.digest != replace(plan, items=plan.items[1:]).digest
    assert plan.digest == planned(shared, as_content(data_of(shared))).digest


def test_plans_cost_the_same_queries_for_any_number_of_reviews(
    cast: Cast, shared: Review, django_assert_num_queries: Any
) -> None:
    for slug in ("one", "two"):
        make_review(actor_of(cast.member), make_service(cast.team, cast.owner, slug), shared.version)
    target = rows_of(as_content(data_of(shared)))
    with django_assert_num_queries(7):
        assert len(plan_moves(open_reviews("sample"), target)) == 3


def test_draft_of_a_checklist_in_use_leaves_its_reviews_alone(cast: Cast, shared: Review) -> None:
    begin_draft(actor_of(cast.admin), shared.version)
    shared.refresh_from_db()
    assert shared.version.number == 1


def test_a_drill_of_what_is_gone_is_called_off(cast: Cast) -> None:
    data = sample()
    data["sections"][0]["items"][2].update(kind="drill", spec={"operator": "Anyone"})
    version = published(as_content(data))
    member = actor_of(cast.member)
    review = make_review(member, make_service(cast.team, cast.owner), version)
    people = {"runner_id": cast.member.pk, "witness_id": cast.owner.pk}
    drill = arrange_drill(member, review.pk, "extra", **people)
    del data["sections"][0]["items"][2]
    content = as_content(data)
    plan = planned(review, content)
    assert [(held.kind, held.title) for held in plan.settled] == [("drill", "Something extra")]
    move_review(member, review.pk, published(content), plan.digest)
    drill.refresh_from_db()
    assert (drill.status, drill.ended_reason) == ("abandoned", "The item is no longer asked.")
    assert not waiting.drills_to_run(member).exists()


def test_a_reached_trigger_stays_noted_when_a_register_is_judged_again() -> None:
    """Pure: no database."""
    decision = {"slug": "mesh", "title": "A mesh", "defer_until": "later"}
    common: dict[str, Any] = {"slug": "later", "title": "Later", "kind": "register", "severity": "advisory"}
    old = Item(**common, spec={"decisions": [decision]}, evidence_rule="none")
    new = Item(**common, spec={"decisions": [{**decision, "title": "The mesh"}]}, evidence_rule="none")
    row = {
        "decision": "mesh",
        "choice": "defer",
        "reason": "Few.",
        "owner": "Olga",
        "trigger": "manual: many",
    }
    judged = {"verdict": "met", "reasons": [], "rows": [], "look_again": {"mesh": "it is time"}}
    asked = Section(slug="s", title="S", approvals_required=1)
    answer = AnswerNow(old, "s", "met", True, False, "", {"rows": [row]}, judged)
    review = ReviewNow(1, "R", "/", 1, {}, [SectionNow(asked, "open")], {"later": answer})
    (move,) = plan_move(review, [(asked, [new])], timezone.now()).items
    assert (move.fate, move.to_confirm) == ("changed", True)
    assert move.judgement is not None
    assert move.judgement["look_again"] == {"mesh": "it is time"}
    assert move.judgement["verdict"] != "met"
