"""Probes of an item: run one, see how far it is, look at what it saw."""

from __future__ import annotations

import json
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from checklist.probes import registry
from readiness.downloads import send_file
from readiness.errors import NotFound
from readiness.http import redirect, render_page, wants_fragment, with_toast
from readiness.tasks import enqueue
from reviews import access, permissions, storage, tasks
from reviews.actions.probe_runs import request_run
from reviews.models import Answer, ProbeRun
from reviews.permissions import Subject
from reviews.queries.sheet import ItemSheet, load_sheet, probe_title
from reviews.states import RunStatus
from reviews.views.items import item_url

_TONES: Final = {"pass": "ok", "warn": "warn", "fail": "bad"}


@login_required
@require_POST
def run(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, probe: str
) -> HttpResponse:
    """Ask for a run. The page shows how far it is; pressing twice asks once."""
    row = access.answer(request, slug, number, section_slug, item_slug, "probe.run")
    asked = request_run(access.actor(request), row.review_id, item_slug, probe)
    enqueue(tasks.run_probe, asked.pk)
    if wants_fragment(request):
        return render(request, "reviews/probes/_panel.html", _context(request, row))
    messages.success(request, "The run is queued. Reload this page in a moment to see what it saw.")
    return redirect(request, f"{item_url(row)}#probes")


@login_required
@require_safe
def panel(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Answer the panel; `?waiting=` names a run that the page waits for, so that it hears when it is done."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    context = _context(request, row)
    response = render(request, "reviews/probes/_panel.html", context)
    finished = _finished(context["sheet"], request.GET.get("waiting", ""))
    if finished is None:
        return response
    events = {"answer-changed": True, f"evidence-changed-{item_slug}": True}
    response.headers["HX-Trigger"] = json.dumps(events)
    title = probe_title(finished.probe)
    return with_toast(response, f"{title}: {finished.summary}", _TONES.get(finished.outcome, "info"))


@login_required
@require_safe
def detail(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, run_id: int
) -> HttpResponse:
    """Show one run: facts, configuration, the record of what went over the wire."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    found = _find(row, run_id)
    probe = registry.active().get(found.probe)
    context = {
        **_context(request, row),
        "run": found,
        "spec": probe.spec if probe else None,
        "facts": json.dumps(found.facts, indent=2, ensure_ascii=False, sort_keys=True),
        "config": json.dumps(found.config, indent=2, ensure_ascii=False, sort_keys=True),
        "tells_all": _may_see_errors(request, row) or found.outcome != "error",
        "item_url": item_url(row),
    }
    return render_page(request, "reviews/probes/run.html", None, context)


@login_required
@require_safe
def record(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, run_id: int
) -> HttpResponseBase:
    """Send the redacted record of a run as an attachment."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    found = _find(row, run_id)
    if found.artifact is None or not (_may_see_errors(request, row) or found.outcome != "error"):
        raise NotFound("This run has no record.")
    return send_file(
        request,
        storage.open_file(found.artifact),
        name=f"{found.probe}-{found.pk}.txt",
        media_type=found.artifact.media_type,
        size=found.artifact.size,
        etag=found.artifact.sha256,
    )


def _finished(sheet: ItemSheet, waiting: str) -> ProbeRun | None:
    """The run that the page waits for, once it is done."""
    return next((run for run in sheet.runs if str(run.pk) == waiting and run.status == RunStatus.DONE), None)


def _find(row: Answer, run_id: int) -> ProbeRun:
    found = row.probe_runs.select_related("artifact", "requested_by").filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such run for this item.")
    return found


def _may_see_errors(request: HttpRequest, row: Answer) -> bool:
    """What an error says of the network is for those who may set the target: it could map a network."""
    subject = Subject(team_id=row.review.service.team_id)
    return bool(permissions.allowed(access.actor(request), "service.edit", subject))


def _context(request: HttpRequest, row: Answer) -> dict[str, Any]:
    verbs = access.verbs(request, row)
    return {
        "review": row.review,
        "section": row.section,
        "item": row.item,
        "sheet": load_sheet(row.section, of_item=row).items[0],
        "can_run": bool(verbs["probe.run"]) and row.applicable,
        "can_edit": bool(verbs["answer.save"]),
    }
