"""The register of deferrals over all services, one decision, and the decisions that a team adds."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.accounts.rights import Actor
from readiness.errors import Conflict, DomainError, NotFound
from readiness.http import render_page
from readiness.tasks import enqueue
from reviews import access, permissions, tasks
from reviews.actions import deferrals as actions
from reviews.actions.watching import look_again as reopen
from reviews.forms.acts import ReasonForm
from reviews.forms.deferrals import DecisionForm, decision_of
from reviews.imports import csv
from reviews.models import Deferral, Review, Service
from reviews.models.deferral import WATCHED
from reviews.permissions import Subject
from reviews.queries.deferrals import COLUMNS, Choice, cells, filtered, history, load_register
from reviews.states import OPEN_REVIEW, DeferralState
from reviews.views.acting import act


@login_required
@require_safe
def deferrals(request: HttpRequest) -> HttpResponse:
    """Show the decisions of all services that the reader may see, those to look at again first."""
    actor, choice = _choice(request)
    register = load_register(actor, choice, request.GET.get("page", "1"))
    context = {
        "register": register,
        "choice": choice,
        "segments": _segments(request, choice, register.counts),
        "query": request.GET.urlencode(),
    }
    return render_page(request, "reviews/deferrals.html", "reviews/_deferrals_list.html", context)


@login_required
@require_safe
def deferrals_csv(request: HttpRequest) -> HttpResponse:
    """The same rows, all of them, as CSV."""
    actor, choice = _choice(request)
    body = "\ufeff" + "".join(csv.write(cells(filtered(actor, choice)), COLUMNS))
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="deferrals.csv"'
    return response


def _choice(request: HttpRequest) -> tuple[Actor, Choice]:
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    return actor, Choice.read(request.GET, actor)


def _segments(request: HttpRequest, choice: Choice, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The states with their counts; each keeps the other filters of the address."""
    rest = [(name, value) for name, value in request.GET.items() if name not in {"state", "page"}]
    standing = sum(count for state, count in counts.items() if state != DeferralState.CLOSED)
    found = [{"label": "All", "count": standing, "current": not choice.state, "query": "?" + urlencode(rest)}]
    found += [
        {
            "label": DeferralState(state).label,
            "count": counts[state],
            "current": choice.state == state,
            "query": "?" + urlencode([*rest, ("state", state)]),
        }
        for state in ("reopened", "deferred", "adopted", "closed")
    ]
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deferral_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a decision of the team's own."""
    service = access.service(request, slug, "deferral.decide")
    form = DecisionForm(request.POST or None)

    def page(error: DomainError | None = None) -> HttpResponse:
        context = {"service": service, "form": form, "error": error}
        status = error.status if error else 200
        return render_page(request, "reviews/deferral_form.html", None, context, status)

    if request.method != "POST":
        return page()
    return act(
        request,
        form,
        lambda typed: actions.add_deferral(access.actor(request), service.pk, decision_of(typed)),
        done="It is on the register. Its owner is told when the trigger is reached.",
        to=f"{reverse('reviews:deferrals')}?{urlencode({'service': service.slug})}",
        again=page,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deferral(request: HttpRequest, deferral_id: int) -> HttpResponse:
    """Show one decision with what happened to it; a post takes it anew."""
    row = _row(request, deferral_id, "deferral.decide" if request.method == "POST" else "service.view")
    if request.method != "POST":
        return _page(request, row)
    form = DecisionForm(request.POST)
    return act(
        request,
        form,
        lambda typed: actions.decide_again(
            access.actor(request), row.pk, decision_of(typed), typed["revision"] or 0
        ),
        done="Decided.",
        to=row.get_absolute_url(),
        again=lambda error: _again(request, row, form, error),
    )


def _again(request: HttpRequest, row: Deferral, form: DecisionForm, error: DomainError) -> HttpResponse:
    """Show what was typed; after a conflict beside what is stored now, with the revision seen by then."""
    if isinstance(error, Conflict):
        row = error.current
        typed = request.POST.copy()
        typed["revision"] = str(row.revision)
        form.data = typed
    return _page(request, row, form=form, error=error)


@login_required
@require_POST
def deferral_reopen(request: HttpRequest, deferral_id: int) -> HttpResponse:
    """Reopen a decision by hand."""
    row = _row(request, deferral_id, "deferral.reopen")
    form = ReasonForm(request.POST, prefix="again")

    def do(typed: dict[str, Any]) -> None:
        reopen(access.actor(request), row.pk, typed["reason"])
        enqueue(tasks.follow_up_deferrals)

    return act(
        request,
        form,
        do,
        done="Reopened. Its owner is told.",
        to=row.get_absolute_url(),
        again=lambda error: _page(request, row, again_form=form, error=error),
    )


@login_required
@require_POST
def deferral_close(request: HttpRequest, deferral_id: int) -> HttpResponse:
    """Take a decision of the team's own off the register."""
    row = _row(request, deferral_id, "deferral.decide")
    form = ReasonForm(request.POST, prefix="close")
    return act(
        request,
        form,
        lambda typed: actions.close_deferral(access.actor(request), row.pk, typed["reason"]),
        done="Closed. It stays in the record of the service.",
        to=row.get_absolute_url(),
        again=lambda error: _page(request, row, close_form=form, error=error),
    )


def _row(request: HttpRequest, deferral_id: int, verb: str) -> Deferral:
    rows = Deferral.objects.select_related(
        "service__team", "owner", "answer__item", "answer__section", "answer__review__service", "decided_by"
    )
    row = rows.filter(pk=deferral_id).first()
    if row is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    permissions.allowed(access.actor(request), verb, Subject(team_id=row.service.team_id)).require()
    return row


def _page(
    request: HttpRequest,
    row: Deferral,
    *,
    form: DecisionForm | None = None,
    again_form: ReasonForm | None = None,
    close_form: ReasonForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    actor, about = access.actor(request), Subject(team_id=row.service.team_id)
    live = row.state != DeferralState.CLOSED and not row.service.archived_at
    may_decide = live and row.is_free and permissions.allowed(actor, "deferral.decide", about)
    may_reopen = live and row.state in WATCHED and permissions.allowed(actor, "deferral.reopen", about)
    context = {
        "row": row,
        "service": row.service,
        "error": error,
        "form": (form or DecisionForm.of(row)) if may_decide else None,
        "close_form": (close_form or ReasonForm(prefix="close")) if may_decide else None,
        "again_form": (again_form or ReasonForm(prefix="again")) if may_reopen else None,
        "open_review": _open_review(row.service, row),
        "may_start": permissions.allowed(actor, "review.start", about),
        "events": history(row),
    }
    return render_page(request, "reviews/deferral.html", None, context, error.status if error else 200)


def _open_review(service: Service, row: Deferral) -> Review | None:
    """The open review in which a decision of the checklist is taken anew."""
    if row.checklist_id is None:
        return None
    found = Review.objects.filter(
        service=service, checklist_id=row.checklist_id, status__in=OPEN_REVIEW
    ).first()
    if found is not None:
        found.service = service
    return found
