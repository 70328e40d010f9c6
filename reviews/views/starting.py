"""Start a review: the facts, the fit check that follows them, and the start on what was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from checklist.facts import FACTS_BY_NAME, clean_facts
from checklist.rules import FitVerdict, fit_check
from readiness.errors import Conflict, DomainError, Invalid, NotFound
from readiness.http import redirect, render_page, wants_fragment
from readiness.tasks import enqueue
from reviews import access, tasks
from reviews.actions import reviews as actions
from reviews.actions.fit_checks import record_misfit
from reviews.forms.reviews import StartForm
from reviews.models import Service
from reviews.queries.content import digest_of

_CHANGED = (
    "The facts are not the ones that the verdict was shown for. This is the verdict on the facts as they are "
    "now: read it, then start."
)


def fit_digest(facts: Mapping[str, Any], verdict: FitVerdict) -> str:
    """What somebody has read before they start: the facts and the verdict on them."""
    return digest_of({"facts": dict(facts), "verdict": verdict.verdict, "reasons": verdict.reasons})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the profile facts beside the fit check, and start a review on a verdict that was read.

    htmx posts the form on each change and gets the verdict alone. A start with facts that its verdict was not
    shown for is answered with the new verdict (409).
    """
    service = access.service(request, slug, "review.start")
    if request.method != "POST":
        facts = clean_facts({name: service.facts.get(name) for name in FACTS_BY_NAME})
        return _page(request, service, StartForm(facts=service.facts), facts)
    form = StartForm(request.POST, facts=service.facts)
    if not form.is_valid():
        return _page(request, service, form, None, Invalid("Please check what you entered."))
    if wants_fragment(request) or not {"confirmed", "record"} & set(request.POST):
        return _page(request, service, form, form.facts)
    if request.POST.get("seen") != fit_digest(form.facts, fit_check(form.facts)):
        return _page(request, service, form, form.facts, Conflict(_CHANGED))
    do = _record if "record" in request.POST else _begin
    return do(request, service, form)


def _begin(request: HttpRequest, service: Service, form: StartForm) -> HttpResponse:
    """Start the review, and go there."""
    try:
        review = actions.start_review(
            access.actor(request), service.pk, form.cleaned_data["checklist"], form.facts
        )
    except DomainError as error:
        return _page(request, service, form, form.facts, error)
    enqueue(tasks.follow_up_deferrals)
    messages.success(
        request, f"Review {review.number} is open. Answer in any order; approval follows the sequence."
    )
    return redirect(request, review.get_absolute_url())


def _record(request: HttpRequest, service: Service, form: StartForm) -> HttpResponse:
    """Record that the checklist does not fit, in place of a review."""
    try:
        row = record_misfit(
            access.actor(request),
            service.pk,
            form.cleaned_data["checklist"],
            form.facts,
            request.POST.get("note", ""),
        )
    except DomainError as error:
        return _page(request, service, form, form.facts, error)
    enqueue(tasks.follow_up_deferrals)
    messages.success(request, "Recorded. An accountable person signs it.")
    return redirect(request, row.get_absolute_url())


def _page(
    request: HttpRequest,
    service: Service,
    form: StartForm,
    facts: Mapping[str, Any] | None,
    error: DomainError | None = None,
) -> HttpResponse:
    if not form.has_checklists:
        raise NotFound("No checklist is published yet. Ask an administrator to publish one.")
    verdict = fit_check(facts) if facts is not None else None
    context = {
        "service": service,
        "form": form,
        "verdict": verdict,
        "seen": fit_digest(facts, verdict) if facts is not None and verdict else "",
        "error": error,
        "note": request.POST.get("note", ""),
    }
    status = error.status if error else 200
    return render_page(request, "reviews/start.html", "reviews/_fit.html", context, status)
