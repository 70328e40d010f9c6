"""Every page of the product: accessible, within the window, no errors; in both themes and on a phone."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from checklist.models import ChecklistVersion
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.models import Review
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.reviews.builders import make_review, make_service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

REVIEW = "/services/checkout/reviews/1/"
PAGES = {
    "my-work": "/",
    "services": "/services/",
    "services-none": "/services/?q=nothing-of-that-name",
    "service": "/services/checkout/",
    "service-edit": "/services/checkout/edit/",
    "service-new": "/services/new/",
    "service-import": "/services/import/",
    "review-start": "/services/identity/reviews/start/",
    "review-facts": f"{REVIEW}facts/",
    "section-attestations": f"{REVIEW}observability/",
    "section-measures": f"{REVIEW}capacity/",
    "section-register": f"{REVIEW}deferred/",
    "item-attestation": f"{REVIEW}observability/request-id/",
    "item-drill": f"{REVIEW}observability/on-call-drill/",
    "item-inventory": f"{REVIEW}alerting/alert-inventory/",
    "sign-off": f"{REVIEW}sign-off/",
    "review-withdraw": f"{REVIEW}withdraw/",
    "review-audit": f"{REVIEW}audit/",
    "audit": "/audit/",
    "checklists": "/checklists/",
    "checklist": "/checklists/mvp-to-production/",
    "people": "/people/",
    "invite": "/people/invite/",
    "teams": "/teams/",
    "team": "/teams/payments/",
    "settings": "/me/",
}


@pytest.fixture
def review(live_app: str, cast: Cast) -> Review:
    """A review of the built-in checklist with some answers, of a service of the team `payments`."""
    call_command("checklist", "load", verbosity=0)
    version = ChecklistVersion.objects.filter(status=ChecklistVersion.Status.PUBLISHED).latest("pk")
    make_service(cast.team, cast.owner, "identity")
    service = make_service(
        cast.team,
        cast.owner,
        description="Takes the money.",
        health_url="https://checkout.example.com/health",
    )
    member = actor_of(cast.member)
    review = make_review(member, service, version)
    for slug, state in (("logs-structured", "met"), ("metric-latency", "not_met"), ("metric-traffic", "met")):
        row = review.answers.get(item__slug=slug)
        save_answer(member, review.pk, slug, Said(state=state, note="Seen in *production*."), row.revision)
    return review


@pytest.mark.parametrize("look", [{}, {"phone": True, "dark": True}], ids=["light", "phone-dark"])
def test_pages(open_tab: OpenTab, cast: Cast, review: Review, look: dict[str, bool]) -> None:
    cast.owner.is_admin = True
    cast.owner.save()
    tab = open_tab(user=cast.owner, **look)
    for name, path in PAGES.items():
        answer = tab.page.goto(tab.base + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        assert tab.page.url == tab.base + path
        tab.shoot(f"{name}-{'-'.join(look) or 'light'}")
        tab.assert_fits()
        assert_accessible(tab.page)
