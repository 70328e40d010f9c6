"""Services from a file: upload or paste, look at what it would do, confirm. And the way out again, as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.accounts.rights import Actor
from readiness.errors import Conflict, Invalid, Refused
from readiness.http import redirect, render_page
from readiness.tasks import enqueue
from reviews import access, permissions, tasks
from reviews.actions import services as actions
from reviews.forms.services import ImportForm
from reviews.imports import backstage, csv
from reviews.imports.rows import MAX_BYTES, Parsed, Problem, decode
from reviews.permissions import RULES, Subject
from reviews.queries.service_import import Plan, plan_import
from reviews.queries.services import cells_of, own_teams, visible_to

_PARSERS = {"csv": csv.parse, "backstage": backstage.parse}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    """Ask for a file or a text; show what it would do. Nothing is written here."""
    actor = _importer(request)
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    if not posted or not form.is_valid():
        return _start_page(request, form, 422 if form.errors else 200)
    upload = form.cleaned_data["file"]
    if upload is None and not form.cleaned_data["text"].strip():
        form.add_error(None, "Choose a file, or paste its text.")
        return _start_page(request, form, 422)
    if upload is None:
        name, data = "", form.cleaned_data["text"].encode()
    else:
        # One byte more than fits tells a file that is too large from one that just fits.
        name, data = upload.name or "", upload.read(MAX_BYTES + 1)
    text = decode(data)
    if isinstance(text, Problem):
        form.add_error("file" if upload else "text", _in_words(text))
        return _start_page(request, form, 422)
    kind = format_of(name, text)
    plan = plan_import(actor, _PARSERS[kind](text))
    return _preview(request, plan, kind, text, 422 if plan.problems else 200)


@login_required
@require_POST
def service_import_apply(request: HttpRequest) -> HttpResponse:
    """Do what the preview showed. If that would be something else by now, show the new preview instead."""
    actor = _importer(request)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "").replace("\r\n", "\n")
    decoded = decode(text.encode())
    if kind not in _PARSERS or isinstance(decoded, Problem):
        raise Invalid("What was previewed did not arrive in full. Start the import again.")
    parsed: Parsed = _PARSERS[kind](decoded)
    try:
        plan = actions.import_services(actor, parsed, request.POST.get("digest", ""))
    except Conflict as error:
        return _preview(request, error.current, kind, decoded, 409, conflict=error.message)
    enqueue(tasks.follow_up_deferrals)
    counts = plan.counts
    messages.success(request, f"Imported: {counts['new']} added, {counts['changed']} changed.")
    return redirect(request, reverse("reviews:services"))


def format_of(name: str, text: str) -> str:
    """Tell CSV from YAML by the file's name, else by its text: a catalog file says `kind:` on a line."""
    lower = name.lower()
    if lower.endswith((".yaml", ".yml")):
        return "backstage"
    if lower.endswith((".csv", ".tsv")):
        return "csv"
    return "backstage" if any(line.startswith("kind:") for line in text.splitlines()) else "csv"


def _importer(request: HttpRequest) -> Actor:
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    if not own_teams(actor).exists():
        raise Refused(RULES["service.create"].reason)
    return actor


def _in_words(problem: Problem) -> str:
    return f"Line {problem.line}: {problem.message}" if problem.line else problem.message


def _start_page(request: HttpRequest, form: ImportForm, status: int) -> HttpResponse:
    return render_page(request, "reviews/service_import.html", None, {"form": form}, status=status)


def _preview(
    request: HttpRequest, plan: Plan, kind: str, text: str, status: int, conflict: str = ""
) -> HttpResponse:
    context = {"plan": plan, "counts": plan.counts, "kind": kind, "text": text, "conflict": conflict}
    return render_page(request, "reviews/service_import_preview.html", None, context, status=status)


@login_required
@require_safe
def csv_template(request: HttpRequest) -> HttpResponse:
    """A CSV file with all columns and two rows to write over."""
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    team = own_teams(actor).first()
    return _csv(csv.example_rows(team.slug if team else "payments"), "services-template.csv")


@login_required
@require_safe
def csv_export(request: HttpRequest) -> HttpResponse:
    """All services that the reader may see, in the columns that an import takes."""
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    services = visible_to(actor).filter(archived_at__isnull=True).select_related("team").order_by("slug")
    return _csv((cells_of(service) for service in services.iterator(chunk_size=500)), "services.csv")


def _csv(rows: Iterable[Mapping[str, str]], name: str) -> HttpResponse:
    # A byte order mark, because spreadsheets take a CSV file without one for the system's own encoding.
    body = "\ufeff" + "".join(csv.write(rows))
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
