"""Drills by their actions: the clock, who may, grading, what counts, what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from readiness import clock
from readiness.accounts.rights import actor_of
from readiness.errors import Invalid, NotFound, Refused, WrongState
from reviews import events
from reviews.actions.answers import Said, save_answer
from reviews.actions.drill_results import Result, attach_result, grade_drill
from reviews.actions.drills import (
    CLOCK_FAULT,
    abandon_drill,
    arrange_drill,
    drills_to_expire,
    expire_drill,
    fill_in,
    give_answer,
    note,
    start_drill,
    stop_drill,
)
from reviews.actions.evidence import withdraw
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.models import Drill, DrillEntry, Evidence, Review, Roster, Snapshot
from reviews.packets import schema
from reviews.packets.document import to_html
from reviews.queries.drills import load_panel
from reviews.queries.sheet import load_review_sheets, load_sheet
from reviews.tasks import expire_drills
from tests.cast import Cast
from tests.factories import UserFactory
from tests.reviews.builders import make_review, section, seen
from tests.reviews.drill_builders import (
    ITEM,
    NOW,
    RESTORE,
    ROLLBACK,
    STRANGER,
    answer_of,
    answered,
    arranged,
    drill_review,
    graded,
    moved_clock,
    recorded,
    restored,
    started,
    stopped,
    told,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
RIGHT = {"what": "right", "where": "right", "who": "right"}


def kinds(drill: Drill) -> list[str]:
    return list(drill.entries.order_by("pk").values_list("kind", flat=True))


# -- One drill from its beginning to its end ---------------------------------------------------------------


def test_a_ten_minute_drill_meets_the_item(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = graded(cast, review, moved, 372)
    drill.refresh_from_db()
    assert drill.status == "graded"
    assert drill.duration_ms == 372_000
    assert drill.stopped_at == NOW + timedelta(seconds=372)
    times = drill.entries.filter(kind="answered").values_list("question", "elapsed_ms")
    assert list(times) == [("what", 124_000), ("where", 248_000), ("who", 372_000)]
    answer = answer_of(review)
    assert answer.state == "met"
    assert answer.judgement["reasons"] == ["Passed in 6 min 12 s."]
    assert answer.answered_by == cast.owner
    assert answer.data["operator"] == "Stan Stranger"
    assert answer.data["witness"] == "Olga Owner"
    assert answer.data["times"] == {"what": 124, "where": 248, "who": 372}
    (piece,) = Evidence.objects.all()
    assert (piece.kind, piece.grade, piece.drill_id) == ("drill", "witnessed", drill.pk)
    assert piece.title == "Drill, passed, 6 min 12 s"
    assert events.verify_all()[1] == []


@pytest.mark.parametrize(("seconds", "state"), [(600, "met"), (600.001, "not_met"), (601, "not_met")])
def test_over_the_limit_cannot_be_met(cast: Cast, seconds: float, state: str) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = answered(cast, review, moved, 0)
        assert drill.status == "stopped"
        abandon_drill(actor_of(cast.owner), drill.pk)
        drill = started(cast, review)
        for slug in ("what", "where"):
            give_answer(actor_of(cast.stranger), drill.pk, slug, "So")
        moved.forward(seconds)
        give_answer(actor_of(cast.stranger), drill.pk, "who", "So")
        grade_drill(actor_of(cast.owner), drill.pk, outcome="passed", grades=RIGHT)
    assert answer_of(review).state == state


def test_a_wrong_answer_is_not_met_whatever_the_outcome_says(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = answered(cast, review, moved, 300)
        grades = {**RIGHT, "where": "wrong"}
        grade_drill(actor_of(cast.owner), drill.pk, outcome="passed", grades=grades)
    assert answer_of(review).judgement["reasons"] == ["The answer to “Where is it?” was wrong."]


def test_every_answer_is_graded_or_nothing_is(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = answered(cast, review, moved, 300)
    witness = actor_of(cast.owner)
    with pytest.raises(Invalid, match="Grade every answer") as refused:
        grade_drill(witness, drill.pk, outcome="passed", grades={"what": "right"})
    assert set(refused.value.fields) == {"grade-where", "grade-who"}
    with pytest.raises(Invalid, match="passed"):
        grade_drill(witness, drill.pk, outcome="", grades=RIGHT)
    with pytest.raises(Invalid, match="could not be read"):
        grade_drill(witness, drill.pk, outcome="passed", grades={**RIGHT, "why": "right"})
    assert Drill.objects.get().status == "stopped"


def test_an_answer_can_be_corrected_while_the_clock_runs(cast: Cast) -> None:
    review = drill_review(cast)
    runner = actor_of(cast.stranger)
    with moved_clock() as moved:
        drill = started(cast, review)
        give_answer(runner, drill.pk, "what", "Nothing")
        moved.forward(60)
        give_answer(runner, drill.pk, "what", "Release 2041")
        give_answer(runner, drill.pk, "what", "Release 2041")  # sent twice
        assert drill.entries.filter(kind="answered").count() == 2
        give_answer(runner, drill.pk, "where", "There")
        give_answer(runner, drill.pk, "who", "Them")
        with pytest.raises(WrongState, match="stopped"):
            give_answer(runner, drill.pk, "what", "Release 2042")
        grade_drill(actor_of(cast.owner), drill.pk, outcome="passed", grades=RIGHT)
    assert answer_of(review).data["answers"]["what"] == "Release 2041"


def test_an_empty_answer_and_an_unknown_question(cast: Cast) -> None:
    review = drill_review(cast)
    drill = started(cast, review)
    runner = actor_of(cast.stranger)
    with pytest.raises(Invalid, match="missing"):
        give_answer(runner, drill.pk, "what", "  ")
    with pytest.raises(NotFound):
        give_answer(runner, drill.pk, "why", "So")
    assert kinds(drill) == ["arranged", "started"]


# -- The clock -----------------------------------------------------------------------------------------------


def test_the_real_clock_runs_and_stopping_twice_changes_nothing(cast: Cast) -> None:
    drill = started(cast, drill_review(cast, ROLLBACK))
    first = stop_drill(actor_of(cast.stranger), drill.pk)
    second = stop_drill(actor_of(cast.owner), drill.pk)
    assert first.duration_ms is not None
    assert 0 <= first.duration_ms < 10_000
    assert (second.duration_ms, second.stopped_at) == (first.duration_ms, first.stopped_at)
    assert kinds(drill).count("stopped") == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_stop_at_the_same_moment(cast: Cast) -> None:
    drill = started(cast, drill_review(cast, ROLLBACK))
    runner, witness = actor_of(cast.stranger), actor_of(cast.owner)
    results = at_once(lambda: stop_drill(runner, drill.pk), lambda: stop_drill(witness, drill.pk))
    assert len({each.stopped_at for each in results}) == 1
    assert kinds(drill).count("stopped") == 1
    assert events.Event.objects.filter(verb="person:drill:stopped").count() == 1
    assert events.verify_all()[1] == []


@pytest.mark.parametrize("by", [-3_600, 3_600])
def test_a_wall_clock_that_is_moved_does_not_change_the_time(cast: Cast, by: int) -> None:
    review = drill_review(cast, ROLLBACK)
    with moved_clock() as moved:
        drill = started(cast, review)
        moved.forward(60)
        moved.set_wall(by)
        moved.forward(30)
        drill = stop_drill(actor_of(cast.stranger), drill.pk)
    assert drill.duration_ms == 90_000
    assert drill.clock_fault == ""
    line = drill.entries.get(kind="clock")
    assert f"moved {'back' if by < 0 else 'forward'} by 3,600 s" in line.text
    assert kinds(drill) == ["arranged", "started", "clock", "stopped"]


def test_a_clock_that_goes_back_over_a_new_start_of_the_machine_does_not_count(cast: Cast) -> None:
    review = drill_review(cast)
    runner = actor_of(cast.stranger)
    with moved_clock() as moved:
        drill = started(cast, review)
        moved.forward(120)
        give_answer(runner, drill.pk, "what", "That")
        moved.reboot()
        moved.set_wall(-900)
        give_answer(runner, drill.pk, "where", "There")
        drill = give_answer(runner, drill.pk, "who", "Them")
        drill.refresh_from_db()
        assert drill.duration_ms == 120_000  # the least that it can have been, never less than what was seen
        assert drill.stopped_at is not None
        assert drill.stopped_at > drill.started_at  # type: ignore[operator]
        assert drill.clock_fault == CLOCK_FAULT
        grade_drill(actor_of(cast.owner), drill.pk, outcome="passed", grades=RIGHT)
    assert answer_of(review).state == "unanswered"
    assert not Evidence.objects.exists()
    assert Drill.objects.get().status == "graded"


def test_a_restart_of_the_machine_alone_is_no_fault(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    with moved_clock() as moved:
        drill = started(cast, review)
        moved.forward(50)
        moved.reboot()
        moved.forward(50)
        drill = stop_drill(actor_of(cast.stranger), drill.pk)
    assert (drill.duration_ms, drill.clock_fault) == (100_000, "")


def test_the_database_refuses_a_stop_before_the_start(cast: Cast) -> None:
    drill = started(cast, drill_review(cast))
    with pytest.raises(IntegrityError), transaction.atomic():
        Drill.objects.filter(pk=drill.pk).update(stopped_at=drill.started_at - timedelta(seconds=1))  # type: ignore[operator]


def test_reading_the_clock() -> None:
    first = clock.read()
    second = clock.read()
    assert second.ticks_ns >= first.ticks_ns
    assert first.boot == second.boot
    assert abs((first.at - timezone.now()).total_seconds()) < 30
    assert clock.elapsed(first, second).ms < 5_000


# -- Who may -------------------------------------------------------------------------------------------------


def test_the_witness_is_somebody_else(cast: Cast) -> None:
    review = drill_review(cast)
    with pytest.raises(Invalid, match="cannot be its witness") as refused:
        arranged(cast, review, runner=cast.stranger, witness=cast.stranger)
    assert set(refused.value.fields) == {"witness"}
    drill = arranged(cast, review)
    with pytest.raises(IntegrityError), transaction.atomic():
        Drill.objects.filter(pk=drill.pk).update(witness_id=drill.runner_id)


def test_who_wrote_in_the_section_does_not_run_its_drill(cast: Cast) -> None:
    review = drill_review(cast)
    answer = answer_of(review)
    said = Said("not_applicable", reason="Not yet")
    save_answer(actor_of(cast.member), review.pk, ITEM, said, answer.revision)
    with pytest.raises(Invalid, match="Milo Member wrote answers of this section") as refused:
        arranged(cast, review, runner=cast.member)
    assert set(refused.value.fields) == {"runner"}
    arranged(cast, review, runner=cast.owner, witness=cast.member)  # of the team, but wrote nothing here


def test_who_has_been_on_call_is_not_new(cast: Cast) -> None:
    review = drill_review(cast)
    roster = Roster.objects.create(service=review.service, updated_by=cast.owner, updated_at=NOW)
    first = timezone.now() + timedelta(days=3)
    turn = roster.turns.create(
        person="stan stranger", role="primary", starts_at=first, ends_at=first + timedelta(days=7)
    )
    drill = arranged(cast, review)  # the first turn is still to come
    turn.starts_at = timezone.now() - timedelta(days=3)
    turn.save()
    with pytest.raises(Invalid, match="is on call for this service"):
        start_drill(actor_of(cast.owner), drill.pk, declared_new=True)


def test_a_stranger_is_outside_the_team_and_never_answered(cast: Cast) -> None:
    review = drill_review(cast, STRANGER)
    with pytest.raises(Invalid, match="in the team that owns"):
        arranged(cast, review, runner=cast.owner, witness=cast.member)
    answer = answer_of(review)
    said = Said("not_applicable", reason="Not yet")
    save_answer(actor_of(cast.member), review.pk, ITEM, said, answer.revision)
    cast.team.memberships.filter(user=cast.member).delete()
    with pytest.raises(Invalid, match="has answered for this service before"):
        arrange_drill(
            actor_of(cast.owner), review.pk, ITEM, runner_id=cast.member.pk, witness_id=cast.owner.pk
        )
    cast.team.memberships.create(user=cast.member)
    assert arranged(cast, review).runner == cast.stranger


def test_who_may_is_asked_again_when_the_clock_starts(cast: Cast) -> None:
    review = drill_review(cast, STRANGER)
    drill = arranged(cast, review)
    cast.team.memberships.create(user=cast.stranger)
    with pytest.raises(Invalid, match="in the team that owns"):
        start_drill(actor_of(cast.owner), drill.pk)
    assert Drill.objects.get().status == "ready"


def test_somebody_vouches_that_the_runner_is_new(cast: Cast) -> None:
    drill = arranged(cast, drill_review(cast))
    with pytest.raises(Invalid, match="never been on call") as refused:
        start_drill(actor_of(cast.stranger), drill.pk)
    assert set(refused.value.fields) == {"declared_new"}
    assert start_drill(actor_of(cast.owner), drill.pk, declared_new=True).declared_new
    assert (
        start_drill(actor_of(cast.stranger), drill.pk).status == "running"
    )  # a second start changes nothing


def test_each_does_their_part_only(cast: Cast) -> None:
    review = drill_review(cast)
    drill = started(cast, review)
    runner, witness, member = (actor_of(each) for each in (cast.stranger, cast.owner, cast.member))
    with pytest.raises(Refused, match="Only the person who runs"):
        give_answer(witness, drill.pk, "what", "That")
    with pytest.raises(Refused, match="Only the witness grades"):
        grade_drill(runner, drill.pk, outcome="passed", grades={})
    with pytest.raises(Refused, match="stops the clock"):
        stop_drill(member, drill.pk)
    with pytest.raises(NotFound):
        stop_drill(actor_of(UserFactory.create()), drill.pk)
    note(witness, drill.pk, "Opened the wrong dashboard first")
    with pytest.raises(WrongState, match="running"):
        grade_drill(witness, drill.pk, outcome="passed", grades={})


def test_one_open_drill_at_a_time(cast: Cast) -> None:
    review = drill_review(cast)
    drill = arranged(cast, review)
    with pytest.raises(WrongState, match="open already"):
        arranged(cast, review)
    abandon_drill(actor_of(cast.member), drill.pk, "Somebody is ill")
    abandon_drill(actor_of(cast.member), drill.pk)
    assert arranged(cast, review).pk != drill.pk


@pytest.mark.django_db(transaction=True)
def test_two_arrange_at_once(cast: Cast) -> None:
    review = drill_review(cast)
    results = at_once(lambda: arranged(cast, review), lambda: arranged(cast, review))
    assert sorted(type(each).__name__ for each in results) == ["Drill", "WrongState"]


def test_a_closed_review_takes_no_drill(cast: Cast) -> None:
    review = drill_review(cast)
    drill = started(cast, review)
    Review.objects.filter(pk=review.pk).update(status="withdrawn")
    with pytest.raises(WrongState, match="withdrawn"):
        stop_drill(actor_of(cast.stranger), drill.pk)


# -- History -------------------------------------------------------------------------------------------------


def test_drills_are_repeated_and_the_newest_counts(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        first = graded(cast, review, moved, 700)
        assert answer_of(review).state == "not_met"
        moved.forward(600)
        second = graded(cast, review, moved, 300)
        assert answer_of(review).state == "met"
        moved.forward(600)
        third = graded(cast, review, moved, 200, wrong="who")
    answer = answer_of(review)
    assert (answer.state, answer.data["drill"]) == ("not_met", third.pk)
    assert Drill.objects.filter(status="graded").count() == 3
    live = Evidence.objects.get(ended_at__isnull=True)
    assert live.drill_id == third.pk
    assert list(Evidence.objects.order_by("pk").values_list("drill_id", flat=True)) == [
        first.pk,
        second.pk,
        third.pk,
    ]
    assert Evidence.objects.get(drill=second).superseded_by == live


def test_an_ended_drill_and_its_log_stay_as_they_are(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        drill = graded(cast, review, moved, 300)
    for act in (
        lambda: Drill.objects.filter(pk=drill.pk).update(duration_ms=1),
        lambda: Drill.objects.filter(pk=drill.pk).delete(),
        lambda: DrillEntry.objects.filter(drill=drill).update(text="Another"),
        lambda: DrillEntry.objects.filter(drill=drill).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    with pytest.raises(WrongState, match="stays as it is"):
        note(actor_of(cast.owner), drill.pk, "One more thing")
    grade_drill(actor_of(cast.owner), drill.pk, outcome="passed", grades=RIGHT)  # sent twice: no error
    with pytest.raises(WrongState, match="stays as it is"):
        grade_drill(actor_of(cast.owner), drill.pk, outcome="failed", grades=RIGHT)


def test_what_was_decided_by_hand_stays(cast: Cast) -> None:
    review = drill_review(cast)
    said = Said("not_applicable", reason="No users yet")
    save_answer(actor_of(cast.member), review.pk, ITEM, said, 0)
    with moved_clock() as moved:
        graded(cast, review, moved, 300)
    answer = answer_of(review)
    assert (answer.state, bool(answer.data)) == ("not_applicable", True)
    save_answer(actor_of(cast.member), review.pk, ITEM, Said(""), answer.revision)
    assert answer_of(review).state == "met"


def test_an_answer_is_not_typed_past_the_drill(cast: Cast) -> None:
    review = drill_review(cast)
    made_up = {"operator": "Ann", "witness": "Ben", "outcome": "passed"}
    with pytest.raises(Invalid, match="on its own page"):
        save_answer(actor_of(cast.member), review.pk, ITEM, Said("met", data=made_up), 0)
    saved = save_answer(actor_of(cast.member), review.pk, ITEM, Said("met", note="We are good at it"), 0)
    assert saved.state == "unanswered"


def test_the_packet_lists_all_drills(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        failed = graded(cast, review, moved, 700)
        abandon_drill(actor_of(cast.owner), started(cast, review).pk)
        passed = graded(cast, review, moved, 300)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    content = schema.parse(bytes(Snapshot.objects.get().content))
    (item,) = content.sections[0].items
    assert [(each.standing, each.took, each.counts) for each in item.drills] == [
        ("Witnessed", "11 min 40 s", False),
        ("Abandoned", "", False),
        ("Witnessed", "5 minutes", True),
    ]
    assert [each.id for each in item.drills if each.counts] == [passed.pk] != [failed.pk]
    html = to_html(content, "0" * 64)
    assert "run by Stan Stranger, watched by Olga Owner" in html
    assert "this one counts" in html
    assert "What changed?: Answer 1 · After: 1 min 40 s · Graded: right" in html


def test_the_next_review_carries_the_drill_over(cast: Cast) -> None:
    """Its evidence comes along, older drills recorded later do not count, and the past is listed."""
    review = drill_review(cast, RESTORE)
    member = actor_of(cast.member)
    first = recorded(member, review, restored(cast, NOW - timedelta(days=3)))
    submit_section(member, section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    after = make_review(member, review.service, review.version)
    answer = answer_of(after)
    assert (answer.to_confirm, answer.data["drill"]) == (True, first.pk)
    assert answer.evidence.get(kind="drill").drill == first
    assert [each.pk for each in load_panel(answer).drills] == [first.pk]
    older = recorded(member, after, restored(cast, NOW - timedelta(days=9), outcome="failed"))
    assert answer_of(after).data["drill"] == first.pk
    newer = recorded(member, after, restored(cast, NOW - timedelta(days=1)))
    answer = answer_of(after)
    assert (answer.to_confirm, answer.data["drill"], answer.state) == (False, newer.pk, "met")
    assert len({first.pk, older.pk, newer.pk} & {each.pk for each in load_panel(answer).drills}) == 3


def test_two_people_of_one_name_are_two_people(cast: Cast) -> None:
    review = drill_review(cast)
    cast.stranger.name = cast.owner.name = "Anna Schmidt"
    cast.stranger.save()
    cast.owner.save()
    with moved_clock() as moved:
        graded(cast, review, moved, 300)
    assert answer_of(review).state == "met"


def test_a_drill_that_grew_old_stands_in_the_way(cast: Cast) -> None:
    review = drill_review(cast, evidence_lifetime_days=90)
    with moved_clock(datetime.now(UTC) - timedelta(days=91)) as moved:
        graded(cast, review, moved, 300)
    (problem,) = load_sheet(section(review)).problems
    assert problem.text == "Its drill is too old. Run another one."


# -- Left open -----------------------------------------------------------------------------------------------


def test_a_drill_left_open_is_closed_after_a_day(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock(datetime.now(UTC) - timedelta(hours=23)):
        drill = started(cast, review)
    expire_drills()
    assert Drill.objects.get().status == "running"
    abandon_drill(actor_of(cast.owner), drill.pk)
    with moved_clock(datetime.now(UTC) - timedelta(hours=25)) as moved:
        drill = started(cast, review)
        moved.forward(25 * 3600)
        assert drills_to_expire() == [drill.pk]
        expire_drills()
        expire_drills()
    drill.refresh_from_db()
    assert (drill.status, drill.ended_reason) == (
        "abandoned",
        "Its clock was left running for more than a day.",
    )
    assert kinds(drill).count("abandoned") == 1
    assert not expire_drill(drill.pk)
    assert answer_of(review).state == "unanswered"


def test_whoever_stops_it_after_a_day_closes_it(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    with moved_clock() as moved:
        drill = started(cast, review)
        moved.forward(24 * 3600 + 1)
        drill = stop_drill(actor_of(cast.owner), drill.pk)
    assert (drill.status, drill.stopped_at) == ("abandoned", None)


def test_a_drill_of_a_closed_review_is_closed_too(cast: Cast) -> None:
    review = drill_review(cast)
    with moved_clock(datetime.now(UTC) - timedelta(hours=25)) as moved:
        started(cast, review)
        Review.objects.filter(pk=review.pk).update(status="withdrawn")
        moved.forward(25 * 3600)
        expire_drills()
    assert Drill.objects.get().status == "abandoned"


# -- Rollback and restore -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "command", "state"),
    [
        (179.9, "deploy rollback checkout", "met"),
        (180, "deploy rollback checkout", "not_met"),
        (60, "git revert HEAD && deploy", "not_met"),
    ],
)
def test_a_rollback_drill(cast: Cast, seconds: float, command: str, state: str) -> None:
    review = drill_review(cast, ROLLBACK)
    with moved_clock() as moved:
        drill = stopped(cast, review, moved, seconds)
        witness = actor_of(cast.owner)
        with pytest.raises(Invalid, match="Something is missing") as refused:
            grade_drill(witness, drill.pk, outcome="passed", grades={})
        assert set(refused.value.fields) == {"field-bad_version", "field-good_version", "commands"}
        fill_in(witness, drill.pk, {"bad_version": "2042", "good_version": "2041"}, command)
        grade_drill(witness, drill.pk, outcome="passed", grades={})
    assert answer_of(review).state == state
    assert Evidence.objects.get().grade == "attested"  # nobody but the two of them saw it


def test_a_restore_drill_needs_its_result(cast: Cast) -> None:
    review = drill_review(cast, RESTORE)
    with moved_clock() as moved:
        drill = stopped(cast, review, moved, 1_200)
        witness = actor_of(cast.owner)
        fill_in(witness, drill.pk, {"declared_rto": "60", "checks_passed": "yes"}, "")
        with pytest.raises(Invalid, match="missing") as refused:
            grade_drill(witness, drill.pk, outcome="passed", grades={})
        assert set(refused.value.fields) == {"result"}
        with pytest.raises(Invalid, match="leads to instructions"):
            attach_result(witness, drill.pk, Result(url="https://wiki.example.com/runbooks/restore"))
        with pytest.raises(Invalid, match="leads to instructions"):
            attach_result(witness, drill.pk, Result(note=" https://wiki.example.com/runbooks/restore\n"))
        attach_result(witness, drill.pk, Result(note="41 tables"))
        attach_result(witness, drill.pk, Result(note="41 tables, 0 differences"))
        grade_drill(witness, drill.pk, outcome="passed", grades={})
    assert answer_of(review).state == "met"
    live = Evidence.objects.filter(ended_at__isnull=True).order_by("pk")
    assert [(each.kind, each.grade) for each in live] == [("note", "asserted"), ("drill", "witnessed")]
    with pytest.raises(WrongState, match="result of a drill"):
        withdraw(actor_of(cast.member), review.pk, live[0].pk)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "met"),
        ({"raw_fields": {"declared_rto": "10", "checks_passed": "yes"}}, "not_met"),
        ({"raw_fields": {"declared_rto": "60", "checks_passed": "no"}}, "not_met"),
        ({"outcome": "failed"}, "not_met"),
    ],
)
def test_a_restore_that_happened_elsewhere(cast: Cast, changes: dict[str, Any], state: str) -> None:
    review = drill_review(cast, RESTORE)
    drill = recorded(actor_of(cast.member), review, restored(cast, NOW - timedelta(days=3), **changes))
    assert (drill.source, drill.status) == ("recorded", "graded")
    assert answer_of(review).state == state
    assert answer_of(review).answered_by == cast.member
    assert Evidence.objects.get(kind="drill").grade == "attested"


@pytest.mark.parametrize("moment", ["2999-01-01T00:00:00", "0001-01-01T00:00:00"])
def test_a_restore_to_a_moment_that_cannot_be(cast: Cast, moment: str) -> None:
    """Not to one after the drill ended, and not to one before there were backups."""
    target = {"key": "target", "label": "Restored to", "type": "datetime"}
    review = drill_review(cast, {**RESTORE, "fields": [*RESTORE["fields"], target]})
    told = restored(cast, NOW - timedelta(days=3))
    fields = {**told.raw_fields, "target": moment}
    with pytest.raises(Invalid) as refused:
        recorded(actor_of(cast.member), review, replace(told, raw_fields=fields))
    assert set(refused.value.fields) == {"field-target"}
    fields["target"] = (NOW - timedelta(days=4)).isoformat()
    recorded(actor_of(cast.member), review, replace(told, raw_fields=fields))
    assert answer_of(review).state == "met"


def test_too_old_a_restore_does_not_meet_the_item(cast: Cast) -> None:
    review = drill_review(cast, RESTORE)
    recorded(actor_of(cast.member), review, restored(cast, datetime.now(UTC) - timedelta(days=92)))
    assert "at most 90 count" in answer_of(review).judgement["reasons"][0]


def test_an_older_drill_recorded_later_does_not_count(cast: Cast) -> None:
    review = drill_review(cast, RESTORE)
    member = actor_of(cast.member)
    newer = recorded(member, review, restored(cast, NOW - timedelta(days=3)))
    recorded(member, review, restored(cast, NOW - timedelta(days=9), outcome="failed"))
    assert answer_of(review).data["drill"] == newer.pk
    assert answer_of(review).state == "met"
    assert Drill.objects.count() == 2


@pytest.mark.parametrize(
    ("start", "seconds", "words"),
    [
        (NOW, -1, "before it starts"),
        (NOW, 7_200, "in the future"),
        (NOW - timedelta(days=30), 8 * 86_400, "cannot be right"),
    ],
)
def test_typed_times_that_cannot_be(cast: Cast, start: datetime, seconds: int, words: str) -> None:
    review = drill_review(cast, RESTORE)
    with pytest.raises(Invalid, match=words) as refused:
        recorded(actor_of(cast.member), review, restored(cast, start, seconds))
    assert set(refused.value.fields) == {"stopped_at"}
    assert not Drill.objects.exists()
    assert not Evidence.objects.exists()


def test_elsewhere_the_same_people_may_and_may_not(cast: Cast) -> None:
    review = drill_review(cast, STRANGER)
    yes = {"without_help": "yes"}
    with pytest.raises(Invalid, match="in the team that owns"):
        recorded(actor_of(cast.member), review, told(cast, NOW, 60, runner_id=cast.member.pk))
    drill = recorded(actor_of(cast.member), review, told(cast, NOW, 60, raw_fields=yes))
    assert answer_of(review).state == "met"
    assert Evidence.objects.get(drill=drill).grade == "asserted"


def test_queries_of_a_stop_do_not_grow(cast: Cast, django_assert_max_num_queries: Any) -> None:
    drill = started(cast, drill_review(cast, ROLLBACK))
    for line in range(20):
        note(actor_of(cast.owner), drill.pk, f"Line {line}")
    runner = actor_of(cast.stranger)
    with django_assert_max_num_queries(24):
        stop_drill(runner, drill.pk)
    assert connection.vendor == "postgresql"


def test_an_arranged_person_must_have_an_account(cast: Cast) -> None:
    review = drill_review(cast)
    cast.viewer.is_active = False
    cast.viewer.save()
    with pytest.raises(Invalid, match="account"):
        arrange_drill(
            actor_of(cast.member), review.pk, ITEM, runner_id=cast.viewer.pk, witness_id=cast.owner.pk
        )
