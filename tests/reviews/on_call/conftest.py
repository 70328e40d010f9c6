"""A service with a rota, and the moment at which it is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from readiness.accounts.rights import actor_of
from reviews.actions.rosters import Rotation, plan_rotation
from reviews.models import Service
from tests.cast import Cast
from tests.reviews.builders import make_service

PEOPLE = ["Jane Doe", "Marek Novák", "Priya Nair", "Tomás O'Brien"]


@pytest.fixture
def checkout(cast: Cast) -> Service:
    """A service of the team `payments`."""
    return make_service(cast.team, cast.owner)


@pytest.fixture
def planned(cast: Cast, checkout: Service) -> Service:
    """The same with twelve weeks planned for four people, begun three weeks ago."""
    first = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=21)
    plan = Rotation(PEOPLE, first, "Europe/Berlin", 12)
    plan_rotation(actor_of(cast.member), checkout.pk, revision=0, plan=plan)
    return checkout
