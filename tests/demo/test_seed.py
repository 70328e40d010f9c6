"""The demo: made by the actions alone, only into an empty database, all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from checklist.models import ChecklistVersion
from readiness.accounts.demo import demo_people
from readiness.accounts.models import Team, User
from readiness.accounts.rights import Actor, actor_of
from readiness.demo.answers import SAMPLES
from readiness.demo.seed import seed
from readiness.errors import WrongState
from reviews import events
from reviews.models import Event, Packet, Review, Service, Snapshot
from reviews.packets import schema
from reviews.queries.my_work import load_my_work
from reviews.queries.on_call import load_on_call
from reviews.queries.portfolio import Choice, load_portfolio
from reviews.standing import badge, next_step
from tests.factories import UserFactory


@pytest.fixture
def demo(db: None, settings: Any) -> None:
    """A database ready for the demo."""
    settings.DEMO = True
    call_command("checklist", "load", verbosity=0)


def test_there_is_a_sample_for_every_item(demo: None) -> None:
    version = ChecklistVersion.objects.get(checklist__slug="mvp-to-production")
    assert set(version.items.values_list("slug", flat=True)) == set(SAMPLES)


@pytest.mark.slow
def test_the_whole_demo(demo: None, settings: Any) -> None:
    settings.BASE_URL = "http://localhost:8123"
    seed()
    people = {user.name.split()[0]: actor_of(user) for user in demo_people()}
    assert set(people) == {"Ada", "Priya", "Max", "Lin", "Sam", "Toni", "Alex", "Vera"}
    assert not any(user.has_usable_password() for user in User.objects.all())
    payments = Team.objects.get(slug="payments")
    assert people["Priya"].lead_team_ids >= {payments.pk}
    assert payments.pk in people["Max"].member_team_ids - people["Max"].lead_team_ids

    own = Service.objects.get(slug="readiness")
    assert own.production_url == "http://localhost:8123"
    assert own.health_url == "http://localhost:8123/health/live"

    portfolio = load_portfolio(people["Vera"], Choice(), "1")
    rows = {row.slug: (badge(row.standing).kind, next_step(row.standing)) for row in portfolio.rows}
    assert len(rows) == 12
    assert rows["checkout"] == ("ready", "")
    assert rows["identity"][0] == "ready_with_waivers"
    assert rows["gateway"] == ("in_review", "Waits for approval of Capacity")
    assert rows["search"] == ("changes_requested", "Changes requested in Alerting")
    assert rows["catalog"] == ("in_review", "Waits for approval of Observability")
    assert rows["mailer"] == ("in_review", "Observability changed after its approval")
    assert rows["invoicing"] == ("draft", "1 blocker in Observability")
    assert rows["readiness"][0] == rows["signup"][0] == "draft"
    assert rows["refunds"] == ("not_reviewed", "Start a review")
    for name in ("Max", "Lin", "Sam"):
        assert load_portfolio(people[name], Choice(show="waiting"), "1").rows, name

    assert events.verify_all()[1] == []
    assert not Event.objects.filter(actor=None, verb__startswith="person:").exists()
    review = Review.objects.get(service__slug="checkout")
    content = bytes(Snapshot.objects.get(review=review).content)
    assert all(item.state != "unanswered" for part in schema.parse(content).sections for item in part.items)
    assert Packet.objects.count() == 2
    assert_rotas(people["Max"])

    with pytest.raises(WrongState, match="in use"):
        seed()
    call_command("seed_demo")
    assert Service.objects.count() == 12


def assert_rotas(max_: Actor) -> None:
    """One rota is as it should be, one has a gap and one person in both roles, one has too few people."""
    told = {slug: load_on_call(Service.objects.get(slug=slug)) for slug in ("checkout", "gateway", "catalog")}
    assert [duty.rotation.size for duty in told.values()] == [6, 4, 3]
    assert told["checkout"].problems == []
    assert told["gateway"].rotation.gaps
    assert told["gateway"].rotation.same
    assert "headroom" in {group.key for group in load_my_work(max_).groups}


def test_a_failure_leaves_nothing_behind(demo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_story: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("readiness.demo.seed.STORIES", {"checkout": fail})
    with pytest.raises(RuntimeError):
        seed()
    assert not User.objects.exists()
    assert not Event.objects.exists()


def test_a_database_in_use_is_left_alone(demo: None) -> None:
    UserFactory.create()
    call_command("seed_demo")
    assert User.objects.count() == 1


def test_never_outside_the_demo(demo: None, settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="READINESS_DEMO"):
        call_command("seed_demo")


@pytest.mark.django_db
def test_without_a_checklist_it_says_what_to_do(settings: Any) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="checklist load"):
        call_command("seed_demo")
    assert not User.objects.exists()
