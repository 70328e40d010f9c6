"""A signed-off review and its packet."""

from __future__ import annotations

import pytest

from readiness.accounts.rights import actor_of
from reviews.actions.sign_off import review_digest, sign_off
from reviews.models import Packet, Review
from reviews.queries.sheet import load_review_sheets
from tests.cast import Cast
from tests.reviews.builders import answer_all, approve_all, make_review, make_service


@pytest.fixture
def review(cast: Cast) -> Review:
    """A signed-off review of four items."""
    row = make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    answer_all(actor_of(cast.member), row)
    approve_all(cast.member, cast.reviewer, row)
    digest = review_digest(load_review_sheets(row))
    sign_off(actor_of(cast.accountable), row.pk, ready=True, note="Go.", seen_digest=digest)
    row.refresh_from_db()
    return row


@pytest.fixture
def packet(review: Review) -> Packet:
    """Its packet, as the sign-off left it: queued."""
    return Packet.objects.get(snapshot__review=review)
