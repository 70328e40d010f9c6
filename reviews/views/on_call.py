"""Who is on call for a service: the rota, its figures, and the ways to fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.errors import Conflict, DomainError, Invalid, WrongState
from readiness.http import is_revision, redirect, render_page
from reviews import access, permissions
from reviews.actions import figures, rosters
from reviews.actions.base import ReviewRef
from reviews.forms import on_call as forms
from reviews.imports.ics import MAX_BYTES, decode
from reviews.imports.rows import Problem
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.on_call import LOAD, SHAPE, SIZE, OnCall, load_on_call, on_call_now
from reviews.views.acting import act
from reviews.views.items import item_url
from reviews.views.pages import item_page


@login_required
@require_safe
def on_call(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rota of a service with what follows from it."""
    return _page(request, access.service(request, slug))


def _page(
    request: HttpRequest,
    service: Service,
    *,
    refused: Mapping[str, Form] | None = None,
    typed_pages: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    duty = load_on_call(service)
    may_edit = permissions.allowed(access.actor(request), "roster.edit", Subject(team_id=service.team_id))
    context = {
        "service": service,
        "duty": duty,
        "may_edit": may_edit and not service.archived_at,
        "why_not": may_edit.reason,
        "now_on_call": on_call_now(duty),
        "figures": [figure for item in (SIZE, SHAPE, LOAD) if (figure := duty.figure(item))],
        "page_rows": _page_rows(duty, typed_pages or {}),
        "weeks": rosters.counted_weeks(duty.now),
        "error": error,
        "refused": refused or {},
        **_forms(duty, refused or {}),
    }
    return render_page(request, "reviews/on_call.html", None, context, error.status if error else 200)


def _forms(duty: OnCall, refused: Mapping[str, Form]) -> dict[str, Form]:
    zone = duty.roster.zone if duty.roster else timezone.get_current_timezone_name()
    people = "\n".join(person.name for person in duty.rotation.people if person.rotates)
    start = {"revision": duty.revision}
    return {
        "plan_form": refused.get("plan")
        or forms.PlanForm(initial={**start, **forms.first_plan(zone, people)}),
        "turn_form": refused.get("turn") or forms.TurnForm(initial=start, auto_id="turn_%s"),
    }


def _page_rows(duty: OnCall, typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each person who takes turns, with a field for each of the last four weeks."""
    weeks, rows = rosters.counted_weeks(duty.now), []
    for place, person in enumerate(duty.people_to_count):
        cells = []
        for week in weeks:
            name = forms.pages_name(week, place)
            stored = duty.counts.get((week, person))
            shown = typed.get(name, "" if stored is None else str(stored))
            cells.append({"name": name, "value": shown, "week": week})
        rows.append({"place": place, "person": person, "cells": cells})
    return rows


@login_required
@require_POST
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Plan a weekly rotation."""
    service = access.service(request, slug, "roster.edit")
    form = forms.PlanForm(request.POST)
    return act(
        request,
        form,
        lambda typed: rosters.plan_rotation(
            access.actor(request), service.pk, revision=typed["revision"], plan=form.plan
        ),
        done="The rotation is planned.",
        to=_url(service),
        again=lambda error: _page(request, service, refused={"plan": form}, error=error),
    )


@login_required
@require_POST
def turn(request: HttpRequest, slug: str) -> HttpResponse:
    """Put somebody on call for a while."""
    service = access.service(request, slug, "roster.edit")
    form = forms.TurnForm(request.POST, auto_id="turn_%s")
    zone = load_on_call(service).zone

    def do(typed: dict[str, Any]) -> object:
        for name in ("starts_at", "ends_at"):
            typed[name] = forms.in_zone(typed[name], zone)
        return rosters.set_turn(access.actor(request), service.pk, **typed)

    return act(
        request,
        form,
        do,
        done="The rota is changed.",
        to=_url(service),
        again=lambda error: _page(request, service, refused={"turn": form}, error=error),
    )


@login_required
@require_POST
def pages(request: HttpRequest, slug: str) -> HttpResponse:
    """Count pages by person and week."""
    service = access.service(request, slug, "roster.edit")
    duty = load_on_call(service)
    people = duty.people_to_count
    weeks = rosters.counted_weeks(duty.now)
    revision = request.POST.get("revision", "")

    def do(_typed: dict[str, Any]) -> object:
        if not is_revision(revision):
            raise Invalid("Something was missing from the form. Reload the page and try again.")
        counts = forms.read_pages(request.POST.dict(), weeks, people)
        return rosters.count_pages(access.actor(request), service.pk, revision=int(revision), counts=counts)

    return act(
        request,
        None,
        do,
        done="The pages are counted.",
        to=_url(service) + "#pages",
        again=lambda error: _page(request, service, typed_pages=request.POST.dict(), error=error),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a calendar; show what it would do. Nothing is written here."""
    service = access.service(request, slug, "roster.edit")
    duty = load_on_call(service)
    zone = duty.roster.zone if duty.roster else timezone.get_current_timezone_name()
    if request.method != "POST":
        return _import_page(request, service, forms.CalendarForm(initial={"zone": zone}))
    form = forms.CalendarForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, service, form)
    upload = form.cleaned_data["file"]
    name, data = "", form.cleaned_data["text"].encode()
    if upload is not None:
        # One byte more than fits tells a file that is too large from one that just fits.
        name, data = upload.name or "", upload.read(MAX_BYTES + 1)
    text = decode(data)
    if isinstance(text, Problem):
        form.add_error("file" if upload else "text", text.message)
        return _import_page(request, service, form)
    return _preview(request, service, form.read(text, name), duty.revision)


def _import_page(request: HttpRequest, service: Service, form: forms.CalendarForm) -> HttpResponse:
    context = {"service": service, "form": form}
    status = 422 if form.errors else 200
    return render_page(request, "reviews/on_call_import.html", None, context, status=status)


def _preview(
    request: HttpRequest, service: Service, file: rosters.CalendarFile, revision: int, conflict: str = ""
) -> HttpResponse:
    now = timezone.now()
    calendar = rosters.preview_calendar(file, now)
    roster = load_on_call(service, now=now)
    shifts = rosters.after_import(calendar, roster.shifts, now)
    would_be = OnCall(service, roster.roster, shifts, {}, now, zone_name=file.zone)
    context = {
        "service": service,
        "calendar": calendar,
        "file": file,
        "revision": revision,
        "duty": would_be,
        "span": rosters.calendar_span(now),
        "zone": file.zone,
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if calendar.problems else 200
    return render_page(request, "reviews/on_call_preview.html", None, context, status=status)


@login_required
@require_POST
def import_apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Do what the preview showed; if the rota changed meanwhile, show the preview again instead."""
    service = access.service(request, slug, "roster.edit")
    text = decode(request.POST.get("text", "").encode())
    form = forms.CalendarForm(request.POST)
    revision = request.POST.get("revision", "")
    if isinstance(text, Problem) or not form.is_valid() or not is_revision(revision):
        raise Invalid("What was previewed did not arrive in full. Start the import again.")
    file = form.read(text, request.POST.get("name", "")[:200])
    try:
        rosters.import_calendar(access.actor(request), service.pk, revision=int(revision), file=file)
    except Conflict as error:
        return _preview(request, service, file, load_on_call(service).revision, error.message)
    except Invalid:
        return _preview(request, service, file, int(revision))
    messages.success(request, "The calendar is imported.")
    return redirect(request, _url(service))


@login_required
@require_POST
def take_figure(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """Answer an item with the figure that the person has just looked at."""
    row = access.answer(request, slug, number, section_slug, item_slug, "answer.save")
    revision = request.POST.get("revision", "")
    if not is_revision(revision):
        raise Invalid("Something was missing from the form. Reload the page and try again.")
    try:
        figures.take_figure(
            access.actor(request),
            ReviewRef(slug, number, section_slug),
            item_slug,
            seen=request.POST.get("seen", ""),
            revision=int(revision),
        )
    except (Conflict, Invalid, WrongState) as error:
        return item_page(request, row, error=error)
    messages.success(request, "The figure is your answer now.")
    return redirect(request, item_url(row))


def _url(service: Service) -> str:
    return reverse("reviews:on_call", args=[service.slug])
