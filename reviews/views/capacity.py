"""Capacity of a service on one page, the agenda of its monthly review, and the record that it was held."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from readiness.errors import Conflict, DomainError, Invalid, WrongState
from readiness.http import is_revision, redirect, render_page
from reviews import access, permissions
from reviews.actions.base import ReviewRef
from reviews.actions.capacity import record_review, use_review
from reviews.forms.capacity import RecordForm
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.capacity import BOTTLENECK, HEADROOM, LIMITS, MONTHLY, PEAK, SCALING, load_capacity
from reviews.views.acting import act
from reviews.views.items import item_url
from reviews.views.pages import item_page


@login_required
@require_safe
def capacity(request: HttpRequest, slug: str) -> HttpResponse:
    """Show tiers, limits, bottleneck and reviews of headroom together."""
    return _page(request, access.service(request, slug))


def _page(
    request: HttpRequest, service: Service, form: RecordForm | None = None, error: DomainError | None = None
) -> HttpResponse:
    known = load_capacity(service)
    may = permissions.allowed(access.actor(request), "capacity.review", Subject(team_id=service.team_id))
    links = {}
    for name, item in (("peak", PEAK), ("headroom", HEADROOM), ("scaling", SCALING), ("limits", LIMITS),
                       ("bottleneck", BOTTLENECK), ("monthly", MONTHLY)):  # fmt: skip
        answer = known.answers.get(item)
        if answer is not None and known.review is not None:
            where = [service.slug, known.review.number, answer.section.slug, item]
            links[name] = reverse("reviews:item", args=where)
    context = {
        "service": service,
        "known": known,
        "links": links,
        "may_record": may and not service.archived_at,
        "form": form or RecordForm(),
        "refused": form is not None,
        "error": error,
    }
    return render_page(request, "reviews/capacity.html", None, context, error.status if error else 200)


@login_required
@require_safe
def agenda(request: HttpRequest, slug: str) -> HttpResponse:
    """One page for the 30 minutes, filled from the numbers; made to be printed."""
    service = access.service(request, slug)
    context = {"service": service, "known": load_capacity(service)}
    return render_page(request, "reviews/capacity_agenda.html", None, context)


@login_required
@require_POST
def record(request: HttpRequest, slug: str) -> HttpResponse:
    """Record that a review of headroom was held."""
    service = access.service(request, slug, "capacity.review")
    form = RecordForm(request.POST)
    return act(
        request,
        form,
        lambda _: record_review(access.actor(request), service.pk, **form.typed),
        done="The review of headroom is recorded.",
        to=reverse("reviews:capacity", args=[service.slug]),
        again=lambda error: _page(request, service, form, error),
    )


@login_required
@require_POST
def use(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, held_id: int
) -> HttpResponse:
    """Answer the monthly item with a review that was held."""
    row = access.answer(request, slug, number, section_slug, item_slug, "answer.save")
    revision = request.POST.get("revision", "")
    if not is_revision(revision) or item_slug != MONTHLY:
        raise Invalid("Something was missing from the form. Reload the page and try again.")
    try:
        use_review(
            access.actor(request), ReviewRef(slug, number, section_slug), held_id, revision=int(revision)
        )
    except (Conflict, Invalid, WrongState) as error:
        return item_page(request, row, error=error)
    messages.success(request, "The review of headroom is your answer now, with its minutes as evidence.")
    return redirect(request, item_url(row))
