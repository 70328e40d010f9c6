"""Two at once at one trigger, on real connections: it is reached once, and nobody waits for ever."""

from __future__ import annotations

import pytest
from django.core import mail

from readiness.accounts.rights import actor_of
from reviews import tasks
from reviews.actions import deferrals, watching
from reviews.actions.deferral_mail import mail_owner
from reviews.actions.services import update_service
from reviews.models import Answer, Deferral, Event, Review, Service
from tests.cast import Cast
from tests.reviews.register.conftest import decide, own
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_reopen_each_decision_once(cast: Cast, service: Service) -> None:
    """Forty decisions, two passes at the same moment, and two mails' worth of workers."""
    for spot in range(40):
        decision = own(title=f"Thing {spot}", trigger="service_count >= 10")
        deferrals.add_deferral(actor_of(cast.member), service.pk, decision)
    Service.objects.update(facts={**service.facts, "service_count": 10})
    found = at_once(watching.watch, watching.watch, watching.watch)
    assert sum(found) == 40
    assert Deferral.objects.filter(state="reopened").count() == 40
    assert Event.objects.filter(verb="system:deferral:reopened").count() == 40
    sent = at_once(lambda: mail_owner(cast.member.pk), lambda: mail_owner(cast.member.pk))
    assert sorted(sent) == [0, 40]
    assert len(mail.outbox) == 1


def test_a_pass_meets_a_change_of_facts_and_an_answer(cast: Cast, review: Review, service: Service) -> None:
    """Worker, team and service page want the same rows in different orders; nothing locks up."""
    answer = decide(cast, review)
    service.refresh_from_db()
    found = at_once(
        tasks.watch_triggers,
        lambda: update_service(
            actor_of(cast.owner),
            service.pk,
            revision=service.revision,
            team_id=None,
            values={"facts": {**service.facts, "service_count": 13}},
        ),
        lambda: decide(cast, review, reason="Typed at the same moment."),
        tasks.watch_triggers,
    )
    assert [each for each in found if isinstance(each, Exception)] == []
    tasks.watch_triggers()
    assert Deferral.objects.get().state == "reopened"
    assert Event.objects.filter(verb="system:deferral:reopened", review=None).count() in (1, 2)
    assert Answer.objects.get(pk=answer.pk).judgement["look_again"]
