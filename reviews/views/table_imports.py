"""Rows from a spreadsheet, a CSV file or rule files: preview and confirm. And proposed changes, taken out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checklist.models import Item
from checklist.rules.check_specs import AlertCheck
from checklist.rules.specs import InventorySpec
from readiness.errors import Conflict, Invalid, NotFound
from readiness.http import redirect, render_page
from reviews import access
from reviews.actions.base import ReviewRef
from reviews.actions.row_imports import import_rows
from reviews.alert_changes import as_csv, as_ticket, proposals
from reviews.forms.tables import RowsForm
from reviews.imports import prometheus, table_csv
from reviews.imports.rows import MAX_BYTES, Parsed, Problem, decode
from reviews.imports.table_plan import TablePlan, plan_table
from reviews.models import Answer
from reviews.views.items import item_url


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Ask for rows, show what they would do. Nothing is written here."""
    answer = access.answer(request, slug, number, section_slug, item_slug, "answer.save")
    spec = _spec(answer.item)
    if request.method != "POST":
        return _page(request, answer, RowsForm())
    form = RowsForm(request.POST, request.FILES)
    upload = form.cleaned_data["file"] if form.is_valid() else None
    if not upload and not request.POST.get("text", "").strip():
        form.add_error(None, "Paste rows, or choose a file.")
        return _page(request, answer, form, 422)
    # One byte more than fits tells a file that is too large from one that just fits.
    data = upload.read(MAX_BYTES + 1) if upload else request.POST["text"].encode()
    text = decode(data)
    if isinstance(text, Problem):
        form.add_error(None, f"Line {text.line}: {text.message}" if text.line else text.message)
        return _page(request, answer, form, 422)
    parsed = _read(answer.item, text, upload.name if upload else "")
    plan = plan_table(spec, answer.data.get("rows", []), parsed)
    return _preview(request, answer, plan, text, 422 if plan.problems else 200)


@login_required
@require_POST
def apply(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Do what the preview showed. If that would be something else by now, show the new preview instead."""
    text = decode(request.POST.get("text", "").encode())
    if isinstance(text, Problem):
        raise Invalid("What was previewed did not arrive in full. Start the import again.")
    try:
        answer, plan = import_rows(
            access.actor(request),
            ReviewRef(slug, number, section_slug),
            item_slug,
            lambda item: _read(item, text, ""),
            request.POST.get("digest", ""),
        )
    except Conflict as error:
        answer = access.answer(request, slug, number, section_slug, item_slug, "answer.save")
        return _preview(request, answer, error.current, text, 409, error.message)
    counts = plan.counts
    messages.success(request, f"Imported: {counts['new']} added, {counts['changed']} changed.")
    return redirect(request, f"{item_url(answer)}#table")


@login_required
@require_safe
def changes_csv(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """The proposed changes of an inventory of alerts as a CSV file."""
    answer = _alerts(access.answer(request, slug, number, section_slug, item_slug))
    found = proposals(answer.data.get("rows", []), answer.judgement.get("rows", []))
    response = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-alert-changes.csv"'
    return response


@login_required
@require_safe
def changes_ticket(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """The proposed changes as the text of a ticket, ready to be copied."""
    answer = _alerts(access.answer(request, slug, number, section_slug, item_slug))
    found = proposals(answer.data.get("rows", []), answer.judgement.get("rows", []))
    address = request.build_absolute_uri(item_url(answer))
    text = as_ticket(answer.review.service.name, found, address)
    context = {**_context(answer), "text": text, "count": len(found)}
    return render_page(request, "reviews/tables/ticket.html", None, context)


def _spec(item: Item) -> InventorySpec:
    if item.kind != Item.Kind.INVENTORY or item.spec.get("source"):
        raise NotFound("This item has no rows of its own.")
    return InventorySpec.model_validate(item.spec)


def _is_alerts(item: Item) -> bool:
    return any(isinstance(check, AlertCheck) for check in _spec(item).checks)


def _alerts(answer: Answer) -> Answer:
    if not _is_alerts(answer.item):
        raise NotFound("Changes are proposed for inventories of alerts only.")
    return answer


def _read(item: Item, text: str, name: str) -> Parsed:
    """Read a text as what it is: alerts may come as rule files, all tables as cells."""
    is_yaml = name.lower().endswith((".yaml", ".yml", ".rules"))
    lines = text.splitlines()
    looks = any(line.startswith(("groups:", "kind: PrometheusRule")) for line in lines)
    if (is_yaml or looks) and _is_alerts(item):
        return prometheus.parse(text)
    return table_csv.parse(text, [column for column in _spec(item).columns if column.is_typed])


def _context(answer: Answer) -> dict[str, object]:
    review, section = answer.review, answer.section
    args = [review.service.slug, review.number, section.slug, answer.item.slug]
    return {
        "answer": answer,
        "item": answer.item,
        "review": review,
        "section": section,
        "spec": _spec(answer.item),
        "alerts": _is_alerts(answer.item),
        "back": f"{item_url(answer)}#table",
        "import_url": reverse("reviews:row_import", args=args),
        "apply_url": reverse("reviews:row_import_apply", args=args),
    }


def _page(request: HttpRequest, answer: Answer, form: RowsForm, status: int = 200) -> HttpResponse:
    return render_page(
        request, "reviews/tables/import.html", None, {**_context(answer), "form": form}, status=status
    )


def _preview(
    request: HttpRequest, answer: Answer, plan: TablePlan, text: str, status: int, conflict: str = ""
) -> HttpResponse:
    context = {**_context(answer), "plan": plan, "counts": plan.counts, "text": text, "conflict": conflict}
    return render_page(request, "reviews/tables/import_preview.html", None, context, status=status)
