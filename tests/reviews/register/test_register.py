"""Decisions: taken in a review or added by the team, watched, reopened once, and told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, Refused, WrongState
from reviews import events, tasks
from reviews.actions import deferrals, watching
from reviews.actions.answers import Said, confirm_answer, save_answer
from reviews.actions.deferral_mail import mail_owner, owners_to_mail
from reviews.actions.reviews import change_facts, start_review
from reviews.actions.sections import submit_section
from reviews.actions.services import update_service
from reviews.actions.sign_off import review_digest, sign_off
from reviews.models import Answer, Deferral, Event, Packet, Review, Service, SignOff
from reviews.queries.my_work import load_my_work
from reviews.queries.sheet import load_review_sheets
from reviews.states import SectionStatus
from tests.cast import Cast
from tests.reviews.builders import approve_all, section
from tests.reviews.register.conftest import ITEM, decide, own

pytestmark = pytest.mark.django_db


def grow(cast: Cast, service: Service, **facts: Any) -> None:
    """Change the facts of the service on its own page."""
    service.refresh_from_db()
    update_service(
        actor_of(cast.owner),
        service.pk,
        revision=service.revision,
        team_id=None,
        values={"facts": {**service.facts, **facts}},
    )


def signed_off(cast: Cast, review: Review) -> None:
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)


# -- Taken in a review -----------------------------------------------------------------------------------


def test_a_complete_answer_is_a_row_of_the_register(cast: Cast, review: Review) -> None:
    """With its owner as a person, and the trigger both as typed and as read."""
    answer = decide(cast, review)
    row = Deferral.objects.get()
    assert answer.state == "met"
    assert (row.state, row.owner, row.trigger_text) == ("deferred", cast.member, "service_count > 12")
    assert row.trigger == {"fact": "service_count", "at_least": 13}
    assert answer.data["rows"][0]["owner_id"] == cast.member.pk


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trigger": "service_count >"}, "Character 16"),
        ({"trigger": "service_count / 0 > 1"}, "divides by zero"),
        ({"trigger": "service_count / (team_size - 8) > 1"}, "It divides by zero"),
        ({"trigger": "service_count >= 9"}, "reached already: service_count is 9"),
        ({"owner": "Somebody"}, "“Somebody” is nobody here"),
        ({"reason": ""}, "Give a reason."),
    ],
)
def test_what_cannot_be_watched_is_not_met_and_nothing_typed_is_lost(
    cast: Cast, review: Review, change: dict[str, str], reason: str
) -> None:
    """The last complete decision stands until there is a new one."""
    decide(cast, review)
    answer = decide(cast, review, **change)
    (name, typed), *_ = change.items()
    assert answer.state == "not_met"
    assert reason in " ".join(answer.judgement["reasons"])
    assert answer.data["rows"][0][name] == typed
    assert Deferral.objects.get().trigger_text == "service_count > 12"


def test_two_people_of_one_name_are_told_apart_by_address(cast: Cast, review: Review) -> None:
    """A name that two share is nobody's."""
    cast.viewer.name = "Milo Member"
    cast.viewer.save()
    assert decide(cast, review).state == "not_met"
    assert decide(cast, review, owner="Milo Member <viewer@example.com>").state == "met"
    assert Deferral.objects.get().owner == cast.viewer


def test_adopting_early_is_flagged_and_passes(cast: Cast, review: Review) -> None:
    """A mesh with nine services: kindly, and only while the facts say so."""
    answer = decide(cast, review, choice="adopt")
    row = Deferral.objects.select_related("service").get()
    assert (answer.state, answer.judgement["verdict"]) == ("met", "warn")
    assert "This is early" in answer.judgement["reasons"][0]
    assert row.state == "adopted"
    assert row.is_early
    row.service.facts["service_count"] = 10
    assert not row.is_early


def test_not_applicable_takes_the_decision_off_the_register(cast: Cast, review: Review) -> None:
    """It stays as a closed row."""
    answer = decide(cast, review)
    said = Said("not_applicable", reason="Another team decides.")
    save_answer(actor_of(cast.member), review.pk, ITEM, said, answer.revision)
    assert Deferral.objects.get().state == "closed"


# -- Reached ---------------------------------------------------------------------------------------------


def test_a_reached_trigger_reopens_once_and_tells_the_owner_once(
    cast: Cast, review: Review, service: Service
) -> None:
    """At once when facts change; the worker's later passes find nothing to do."""
    decide(cast, review, trigger="manual: somebody asks")
    grow(cast, service, service_count=12)
    row = Deferral.objects.get()
    assert (row.state, row.reopened_why) == ("reopened", "service_count is 12")
    for _ in range(2):
        tasks.watch_triggers()
    assert len(owners_to_mail()) == 1
    assert [mail_owner(row.owner_id), mail_owner(row.owner_id)] == [1, 0]
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["member@example.com"]
    assert "service_count is 12" in mail.outbox[0].body
    assert Event.objects.filter(verb="system:deferral:reopened", service=service, review=None).count() == 1
    work = load_my_work(actor_of(cast.member))
    assert [group.key for group in work.groups if group.key == "deferrals"] == ["deferrals"]
    assert events.verify_all()[1] == []


def test_the_rule_of_the_checklist_is_not_held_against_a_decision_taken_knowing_it(
    cast: Cast, review: Review, service: Service
) -> None:
    """Deferred with 11 services, for a reason: only the team's own trigger counts then."""
    change_facts(actor_of(cast.member), review.pk, {**service.facts, "service_count": 11})
    answer = decide(cast, review)
    assert answer.judgement["verdict"] == "warn"
    assert watching.watch() == 0
    grow(cast, service, service_count=13)
    assert Deferral.objects.get().state == "reopened"


def test_an_open_review_gets_a_warning_and_its_approval_goes_stale(
    cast: Cast, review: Review, service: Service
) -> None:
    """What the reviewer approved rests on the decision; the packet-to-be must not hide that."""
    decide(cast, review)
    approve_all(cast.member, cast.reviewer, review)
    grow(cast, service, service_count=13)
    tasks.follow_up_deferrals()
    answer = Answer.objects.get(review=review)
    assert (answer.state, answer.judgement["verdict"]) == ("met", "warn")
    assert section(review).status == SectionStatus.STALE
    tasks.follow_up_deferrals()
    assert Event.objects.filter(verb="system:deferral:reopened", review=review).count() == 1


def test_facts_corrected_in_the_review_reach_the_trigger_in_the_same_act(
    cast: Cast, review: Review, service: Service
) -> None:
    """Nobody approves in between."""
    decide(cast, review)
    change_facts(actor_of(cast.member), review.pk, {**service.facts, "service_count": 13})
    assert Answer.objects.get(review=review).judgement["look_again"] == {
        "service-mesh": "service_count is 13"
    }


def test_deciding_anew_in_the_review_closes_the_matter(cast: Cast, review: Review, service: Service) -> None:
    """The old trigger is refused, a new one stands."""
    decide(cast, review)
    change_facts(actor_of(cast.member), review.pk, {**service.facts, "service_count": 13})
    assert decide(cast, review, reason="Again.").state == "not_met"
    assert Deferral.objects.get().state == "reopened"
    answer = decide(cast, review, trigger="service_count > 20")
    assert answer.state == "met"
    assert "look_again" not in answer.judgement
    row = Deferral.objects.get()
    assert (row.state, row.reopened_why) == ("deferred", "")


def test_a_signed_off_review_goes_stale_and_keeps_its_packet(
    cast: Cast, review: Review, service: Service
) -> None:
    """The badge turns, a re-review is proposed, and what was signed stays as it was."""
    decide(cast, review)
    signed_off(cast, review)
    before = (Answer.objects.get(review=review).judgement, Packet.objects.get().snapshot.sha256)
    grow(cast, service, service_count=13)
    tasks.follow_up_deferrals()
    found = SignOff.objects.get()
    assert found.stale_reason == "Look again at “A service mesh”: service_count is 13"
    assert (Answer.objects.get(review=review).judgement, Packet.objects.get().snapshot.sha256) == before
    again = start_review(actor_of(cast.member), service.pk, "small", {**service.facts, "service_count": 13})
    carried = Answer.objects.get(review=again)
    assert confirm_answer(actor_of(cast.member), again.pk, ITEM, carried.revision).state == "not_met"


def test_a_day_comes(cast: Cast, review: Review) -> None:
    """The worker asks with today's date."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    decide(cast, review, trigger=f"on {tomorrow}")
    assert watching.watch() == 0
    assert watching.watch(today=tomorrow) == 1
    assert watching.watch(today=tomorrow) == 0


def test_archived_services_are_left_in_peace(cast: Cast, service: Service) -> None:
    """Nobody looks at them."""
    deferrals.add_deferral(actor_of(cast.member), service.pk, own(trigger="on 2999-01-01"))
    Service.objects.update(archived_at=timezone.now())
    assert watching.watch(today=date(2999, 1, 1)) == 0


def test_a_division_that_becomes_one_by_zero_reaches_nothing(cast: Cast, service: Service) -> None:
    """The pass goes on to the others."""
    first = own(title="First", trigger="service_count / (team_size - 5) > 100")
    for decision in (first, own(title="Second", trigger="team_size < 6")):
        deferrals.add_deferral(actor_of(cast.member), service.pk, decision)
    service.facts = {**service.facts, "team_size": 5}
    service.save()
    assert watching.watch() == 1
    assert list(Deferral.objects.values_list("title", "state")) == [
        ("First", "deferred"),
        ("Second", "reopened"),
    ]


def test_a_change_counts_from_the_decision_on(cast: Cast, service: Service) -> None:
    """“cloud changed” looks at the cloud of the day of the decision."""
    deferrals.add_deferral(actor_of(cast.member), service.pk, own(trigger="cloud changed"))
    grow(cast, service, cloud="gcp")
    row = Deferral.objects.get()
    assert (row.state, row.reopened_why) == ("reopened", "cloud changed from AWS to Google Cloud")


# -- The team's own ----------------------------------------------------------------------------------------


def test_all_mistakes_are_told_together(cast: Cast, service: Service) -> None:
    """Nothing is stored."""
    wrong = own(title=" ", choice="later", reason="", owner="nobody", trigger="service_cout > 3")
    with pytest.raises(Invalid) as caught:
        deferrals.add_deferral(actor_of(cast.member), service.pk, wrong)
    assert set(caught.value.fields) == {"title", "choice", "reason", "owner", "trigger"}
    assert not Deferral.objects.exists()


def test_the_same_thing_is_on_the_register_once(cast: Cast, service: Service) -> None:
    """A form sent twice makes one row; a closed one makes room."""
    row = deferrals.add_deferral(actor_of(cast.member), service.pk, own())
    with pytest.raises(Invalid, match="already"):
        deferrals.add_deferral(actor_of(cast.member), service.pk, own(title="a QUEUE"))
    deferrals.close_deferral(actor_of(cast.member), row.pk, "Not needed.")
    deferrals.add_deferral(actor_of(cast.member), service.pk, own())


def test_deciding_anew_needs_the_newest(cast: Cast, service: Service) -> None:
    """Two people at one decision: the second sees the first."""
    row = deferrals.add_deferral(actor_of(cast.member), service.pk, own())
    deferrals.decide_again(actor_of(cast.owner), row.pk, own(choice="adopt"), row.revision)
    with pytest.raises(Conflict):
        deferrals.decide_again(actor_of(cast.member), row.pk, own(), row.revision)
    assert Deferral.objects.get().state == "adopted"


def test_by_hand(cast: Cast, service: Service) -> None:
    """A trigger that only people can watch is pulled by people, with a reason, once."""
    row = deferrals.add_deferral(actor_of(cast.member), service.pk, own(trigger="manual: it hurts"))
    watching.look_again(actor_of(cast.reviewer), row.pk, "It hurts.")
    with pytest.raises(WrongState):
        watching.look_again(actor_of(cast.reviewer), row.pk, "It hurts.")
    with pytest.raises(Refused):
        watching.look_again(actor_of(cast.viewer), row.pk, "It hurts.")
    assert owners_to_mail() == [cast.member.pk]


def test_an_owner_who_left_is_replaced_by_the_leads(cast: Cast, service: Service) -> None:
    """A mail to nobody would be a trigger that nobody hears."""
    row = deferrals.add_deferral(actor_of(cast.member), service.pk, own())
    cast.member.is_active = False
    cast.member.save()
    watching.look_again(actor_of(cast.reviewer), row.pk, "It hurts.")
    assert mail_owner(cast.member.pk) == 1
    assert mail.outbox[0].to == ["owner@example.com"]


def test_decisions_of_the_checklist_are_taken_in_reviews(cast: Cast, review: Review) -> None:
    """They are approved there."""
    decide(cast, review)
    with pytest.raises(WrongState, match="in a review"):
        deferrals.decide_again(actor_of(cast.member), Deferral.objects.get().pk, own(), 1)


def test_what_no_review_asks_any_more_is_decided_on_the_register(cast: Cast, review: Review) -> None:
    """The review moved to a version without the item: somebody has to be able to end its decision."""
    decide(cast, review)
    Answer.objects.update(orphaned_at=timezone.now())
    row = deferrals.close_deferral(actor_of(cast.member), Deferral.objects.get().pk, "No longer asked.")
    assert row.state == "closed"


def test_an_unsubmitted_warning_does_not_stand_in_the_way(
    cast: Cast, review: Review, service: Service
) -> None:
    """It is a warning: the section can be submitted."""
    decide(cast, review)
    change_facts(actor_of(cast.member), review.pk, {**service.facts, "service_count": 13})
    submit_section(actor_of(cast.member), section(review))
    assert section(review).status == SectionStatus.SUBMITTED
