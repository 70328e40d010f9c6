"""Fill an empty database with the demo: people, teams, services, and reviews at every stage of their life.

Everything is done through the actions that the pages use, by the people whom the rights allow to do it. So
every event, digest and snapshot of the demo is a true one.
"""

from __future__ import annotations

from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from checklist.models import ChecklistVersion
from readiness.accounts import actions as accounts
from readiness.accounts.actions import Roles
from readiness.accounts.demo import DEMO_DOMAIN
from readiness.accounts.models import User
from readiness.accounts.rights import Actor, actor_of
from readiness.demo import duties
from readiness.demo.answers import RUNBOOKS
from readiness.demo.services import FACTS, SERVICES, TEAMS, DemoService
from readiness.demo.stories import STORIES, Story
from readiness.errors import WrongState
from reviews.actions.runbook_texts import keep_text
from reviews.actions.services import create_service
from reviews.models import Service

CHECKLIST: Final = "mvp-to-production"

# name, what they are; the first name is that of the address
_PEOPLE: Final[tuple[tuple[str, Roles], ...]] = (
    ("Priya Nair", Roles()),
    ("Max Brandt", Roles()),
    ("Lin Chen", Roles()),
    ("Sam Okafor", Roles(reviewer_roles=frozenset({"sre", "platform"}))),
    ("Toni Reyes", Roles(reviewer_roles=frozenset({"security"}))),
    ("Alex Lindqvist", Roles(is_accountable=True)),
    ("Vera Sato", Roles(is_viewer=True)),
)


def is_empty() -> bool:
    """Whether nobody has used this database yet."""
    return not (User.objects.exists() or Service.objects.exists())


@transaction.atomic
def seed() -> None:
    """Make the demo, all of it or nothing. Raises WrongState in a database that is in use."""
    if not is_empty():
        raise WrongState("This database is in use already: the demo goes only into an empty one.")
    if not ChecklistVersion.objects.filter(checklist__slug=CHECKLIST, published_at__isnull=False).exists():
        raise WrongState("There is no checklist yet. Load it first: manage.py checklist load")
    for text in RUNBOOKS:
        keep_text(text)
    people = _people()
    teams = _teams(people)
    services = {each.slug: _service(each, people, teams) for each in SERVICES}
    actors = {name: _actor(user) for name, user in people.items()}
    for slug, tell in STORIES.items():
        tell(Story(services[slug], actors, CHECKLIST))
    duties.tell(services, actors)


def _people() -> dict[str, User]:
    """The people by first name. The first administrator is there before anybody can be invited."""
    ada = User.objects.create_user(f"ada@{DEMO_DOMAIN}", name="Ada Moreau", is_admin=True)
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
    people = {"ada": ada}
    for name, roles in _PEOPLE:
        first = name.split()[0].lower()
        people[first] = accounts.invite_person(
            _actor(ada), name=name, email=f"{first}@{DEMO_DOMAIN}", roles=roles
        )
    EmailAddress.objects.filter(user__in=people.values()).update(verified=True)
    return people


def _teams(people: dict[str, User]) -> dict[str, int]:
    """Ids of the teams by slug."""
    ids = {}
    for name, description, lead, members in TEAMS:
        team = accounts.create_team(_actor(people["ada"]), name=name, description=description)
        for first in (lead, *members):
            accounts.add_member(_actor(people["ada"]), team.pk, people[first].pk, is_lead=first == lead)
        ids[team.slug] = team.pk
    return ids


def _service(sample: DemoService, people: dict[str, User], teams: dict[str, int]) -> Service:
    addresses = {
        "production_url": f"https://{sample.slug}.acme.example",
        "health_url": f"https://{sample.slug}.acme.example/health",
        "repository_url": f"https://git.acme.example/{sample.team}/{sample.slug}",
        "documentation_url": f"https://wiki.acme.example/services/{sample.slug}",
    }
    if sample.is_this_application:
        base = settings.BASE_URL
        addresses |= {"production_url": base, "health_url": f"{base}/health/live", "documentation_url": ""}
    values = {
        "name": sample.name,
        "tier": sample.tier,
        "description": sample.description,
        **addresses,
        "facts": {**FACTS, **sample.facts},
    }
    owner = next(lead for name, _, lead, _ in TEAMS if name.lower() == sample.team)
    return create_service(_actor(people[owner]), team_id=teams[sample.team], values=values)


def _actor(user: User) -> Actor:
    return actor_of(User.objects.with_rights().get(pk=user.pk))
