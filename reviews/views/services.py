"""The page of one service, and the pages that add, edit, archive and restore one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.errors import Conflict, Invalid, Refused, WrongState
from readiness.http import redirect, render_page
from readiness.tasks import enqueue
from reviews import access, permissions, tasks
from reviews.actions import services as actions
from reviews.forms.services import ServiceForm, initial_of, stored_beside_typed
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.service_page import load_page
from reviews.queries.services import blocked_urls, own_teams
from reviews.service_fields import LABELS, URL_FIELDS


@login_required
@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one service: where it stands, its reviews, its probes and its record."""
    row = access.service(request, slug)
    actor = access.actor(request)
    about = Subject(team_id=row.team_id)
    verbs = ("service.edit", "service.archive", "review.start", "deferral.decide", "token.manage")
    may = {verb.replace(".", "_"): permissions.allowed(actor, verb, about) for verb in verbs}
    page = load_page(
        row, reviews_page=request.GET.get("reviews", "1"), events_page=request.GET.get("page", "1")
    )
    context = {
        "service": row,
        "page": page,
        "may": may,
        "service_urls": [(label, getattr(row, field)) for field, label in URL_FIELDS.items()],
        "blocked": [(LABELS[field], reason) for field, reason in blocked_urls(row).items()],
    }
    return render_page(request, "reviews/service.html", None, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def service_new(request: HttpRequest) -> HttpResponse:
    """Add a service."""
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    teams = own_teams(actor)
    if not teams:
        raise Refused(permissions.RULES["service.create"].reason)
    only = teams[0] if len(teams) == 1 else None
    typed = request.POST if request.method == "POST" else None
    form = ServiceForm(typed, teams=teams, initial={"team": only, "tier": Service.Tier.TWO})
    if form.is_valid():
        try:
            row = actions.create_service(actor, team_id=form.cleaned_data["team"].pk, values=form.values)
        except Invalid as error:
            form.take_errors(error)
        else:
            _say_saved(request, row, f"{row.name} is added.")
            return redirect(request, row.get_absolute_url())
    return _form_page(request, form, None, 422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit a service. A stale form shows the stored and the typed values, and is saved if sent again."""
    row = access.service(request, slug, "service.edit")
    if row.archived_at:
        raise WrongState(actions.ARCHIVED)
    actor = access.actor(request)
    teams = own_teams(actor)
    typed = request.POST if request.method == "POST" else None
    form = ServiceForm(typed, teams=teams, initial=initial_of(row))
    if not form.is_valid():
        return _form_page(request, form, row, 422 if form.errors else 200)
    team_id, revision = form.cleaned_data["team"].pk, form.cleaned_data["revision"]
    try:
        saved = actions.update_service(actor, row.pk, revision=revision, team_id=team_id, values=form.values)
    except Invalid as error:
        form.take_errors(error)
        return _form_page(request, form, row, 422)
    except Conflict as error:
        return _conflict_page(request, form, error)
    enqueue(tasks.follow_up_deferrals)
    _say_saved(request, saved, f"{saved.name} is saved.")
    return redirect(request, saved.get_absolute_url())


def _conflict_page(request: HttpRequest, form: ServiceForm, error: Conflict) -> HttpResponse:
    stored: Service = error.current
    differing = stored_beside_typed(form, stored)
    # Sending the form again means it: it then carries the revision that the person has seen.
    typed = request.POST.copy()
    typed["revision"] = str(stored.revision)
    form.data = typed
    context = {"form": form, "service": stored, "conflict": error.message, "differing": differing}
    return render_page(request, "reviews/service_form.html", None, context, status=409)


def _form_page(request: HttpRequest, form: ServiceForm, row: Service | None, status: int) -> HttpResponse:
    context = {"form": form, "service": row}
    return render_page(request, "reviews/service_form.html", None, context, status=status)


def _say_saved(request: HttpRequest, row: Service, text: str) -> None:
    messages.success(request, text)
    for field, reason in blocked_urls(row).items():
        messages.warning(request, f"Probes cannot use the {LABELS[field]}: {reason}.")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def service_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to archive, then do so."""
    row = access.service(request, slug, "service.archive")
    if request.method == "POST":
        actions.archive_service(access.actor(request), row.pk)
        messages.success(request, f"{row.name} is archived.")
        return redirect(request, row.get_absolute_url())
    return render_page(request, "reviews/service_archive.html", None, {"service": row})


@login_required
@require_POST
def service_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring an archived service back."""
    row = access.service(request, slug, "service.archive")
    actions.restore_service(access.actor(request), row.pk)
    messages.success(request, f"{row.name} is back.")
    return redirect(request, row.get_absolute_url())
