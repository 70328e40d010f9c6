"""Correct the facts of a review, withdraw it, sign it off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from checklist.facts import FACTS
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, DomainError
from readiness.http import redirect, render_page
from readiness.tasks import enqueue
from reviews import access, tasks
from reviews.actions import reviews as actions
from reviews.actions.sign_off import review_digest, standing_in_the_way, verdict_for
from reviews.actions.sign_off import sign_off as sign
from reviews.forms.acts import ReasonForm, SignOffForm
from reviews.forms.reviews import StartForm
from reviews.models import Packet, Review
from reviews.permissions import Subject
from reviews.queries.authors import review_authors
from reviews.queries.content import digest_of
from reviews.queries.moving import newer_version
from reviews.queries.on_call import people_on_call
from reviews.queries.sheet import SectionSheet, load_review_sheets
from reviews.queries.workspace import sequence
from reviews.verbs import Verbs
from reviews.views.acting import act


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Correct the facts of an open review."""
    review = access.review(request, slug, number, "review.facts")
    form = StartForm(request.POST or None, facts=review.facts, checklist=review.checklist.slug)
    context = {"review": review, "form": form, "seen": digest_of(review.facts)}
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_facts(
                access.actor(request), review.pk, form.facts, seen=request.POST.get("seen", "")
            )
        except DomainError as error:
            context |= {"error": error, "stored": _stored_facts(error, form.facts)}
            if isinstance(error, Conflict):
                context["seen"] = digest_of(error.current)
            return render_page(request, "reviews/facts.html", None, context, error.status)
        enqueue(tasks.follow_up_deferrals)
        messages.success(request, "The facts are changed. Items that apply were worked out anew.")
        return redirect(request, review.get_absolute_url())
    return render_page(request, "reviews/facts.html", None, context, 422 if form.is_bound else 200)


def _stored_facts(error: DomainError, typed: dict[str, Any]) -> list[tuple[str, str]]:
    """What somebody else saved meanwhile, where it is not what was typed: label and value in words."""
    stored = error.current if isinstance(error, Conflict) else {}
    return [
        (fact.label, fact.label_of(stored.get(fact.name)))
        for fact in FACTS
        if isinstance(stored, dict) and stored and stored.get(fact.name) != typed.get(fact.name)
    ]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """End a review without a decision."""
    review = access.review(request, slug, number, "review.withdraw")
    form = ReasonForm(request.POST or None, prefix="withdraw")

    def page(error: DomainError | None = None) -> HttpResponse:
        context = {"review": review, "form": form, "error": error}
        return render_page(request, "reviews/withdraw.html", None, context, error.status if error else 200)

    if request.method != "POST":
        return page()
    return act(
        request,
        form,
        lambda typed: actions.withdraw_review(access.actor(request), review.pk, typed["reason"]),
        done="The review is withdrawn. It stays readable.",
        to=reverse("reviews:service", args=[slug]),
        again=page,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_off(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show the whole review at a glance, and let the accountable person decide."""
    review = access.review(
        request, slug, number, "review.sign_off" if request.method == "POST" else "review.view"
    )
    if request.method != "POST":
        return _sign_off_page(request, review, None)
    form = SignOffForm(request.POST, prefix="sign")
    return act(
        request,
        form,
        lambda typed: _sign(access.actor(request), review.pk, typed),
        done="Signed off. The packet is being made.",
        to=reverse("reviews:packet", args=[slug, number]),
        again=lambda error: _sign_off_page(request, review, form, error),
    )


def _sign(actor: Actor, review_id: int, typed: dict[str, Any]) -> None:
    """Sign off, and have the packet made once that is committed."""
    sign(
        actor,
        review_id,
        ready=typed["decision"] == "ready",
        note=typed["note"],
        seen_digest=typed["digest"],
    )
    enqueue(tasks.render_packet, Packet.objects.get(snapshot__review_id=review_id).pk)


def _sign_off_page(
    request: HttpRequest, review: Review, form: SignOffForm | None, error: DomainError | None = None
) -> HttpResponse:
    sheets = load_review_sheets(review)
    verbs = Verbs(
        access.actor(request),
        Subject(review.service.team_id),
        review.status,
        authors=lambda: review_authors(review.pk),
    )
    context: dict[str, Any] = {
        "review": review,
        "sheets": sheets,
        "steps": sequence([sheet.section for sheet in sheets], None),
        "why_not": standing_in_the_way(sheets),
        "may": verbs["review.sign_off"],
        "verdict": verdict_for(sheets),
        "waivers": _waivers(sheets),
        "people_on_call": people_on_call(review.service_id),
        "form": form or SignOffForm(initial={"digest": review_digest(sheets)}, prefix="sign"),
        "newer": newer_version(review),
        "error": error,
    }
    return render_page(request, "reviews/sign_off.html", None, context, error.status if error else 200)


def _waivers(sheets: list[SectionSheet]) -> list[Any]:
    found = [sheet.order_waiver for sheet in sheets]
    found += [item.waiver for sheet in sheets for item in sheet.items]
    return [waiver for waiver in found if waiver]
