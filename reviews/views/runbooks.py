"""One runbook: its text, what the linter says of it, line by line; and the rows that are missing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from checklist.rules.runbooks import MAX_BYTES, TEMPLATE, lint
from checklist.rules.specs import InventorySpec
from readiness.errors import Conflict, DomainError, Invalid, NotFound
from readiness.http import redirect, render_page
from reviews import access
from reviews.actions.base import ReviewRef
from reviews.actions.runbooks import add_missing_rows, set_runbook
from reviews.models import Answer, RunbookText
from reviews.table_rows import Row, find, seen_of, with_ids
from reviews.views.items import item_url


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def runbook(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, row_id: str
) -> HttpResponse:
    """Show the lint of a row's runbook; take its text, pasted or as a file."""
    verb = "answer.save" if request.method == "POST" else "review.view"
    answer = access.answer(request, slug, number, section_slug, item_slug, verb)
    row = _row(answer, row_id)
    if request.method != "POST":
        return _page(request, answer, row)
    text = request.POST.get("text", "")
    try:
        text = _posted(request)
        seen = request.POST.get("seen", "")
        set_runbook(
            access.actor(request), ReviewRef(slug, number, section_slug), item_slug, row_id, text, seen
        )
    except (Invalid, Conflict) as error:
        answer.refresh_from_db(fields=["data"])
        return _page(request, answer, _row(answer, row_id), typed=text, error=error)
    messages.success(request, "The text is kept and linted." if text.strip() else "The text is taken away.")
    return redirect(request, request.path)


@login_required
@require_POST
def add_missing(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """Add a row for each page-tier alert that has none."""
    answer = access.answer(request, slug, number, section_slug, item_slug, "answer.save")
    _, count = add_missing_rows(access.actor(request), ReviewRef(slug, number, section_slug), item_slug)
    messages.success(request, f"{count} row{'' if count == 1 else 's'} added.")
    return redirect(request, f"{item_url(answer)}#table")


def _posted(request: HttpRequest) -> str:
    """The text that was posted. Raises Invalid for a file that is too large or no text."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "")
    size = (upload.size or 0) / 1024
    if size > MAX_BYTES / 1024:
        raise Invalid(
            f"This file has {size:,.0f} KB; a runbook may have at most {MAX_BYTES // 1024} KB. "
            "Nothing was changed. Nobody reads that much at night: keep the steps, and link the rest."
        )
    try:
        text: str = upload.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("This file is not UTF-8 text. Save it as UTF-8 and upload it again.") from None
    return text


def _row(answer: Answer, row_id: str) -> Row:
    if not answer.item.spec.get("columns") or answer.item.spec.get("source"):
        raise NotFound("This item lists no runbooks.")
    rows = with_ids(answer.data.get("rows", []))
    place = find(rows, row_id)
    if place < 0 or not InventorySpec.model_validate(answer.item.spec).runbook:
        raise NotFound("There is no such runbook in this list. It may have been deleted.")
    return rows[place]


def _page(
    request: HttpRequest, answer: Answer, row: Row, *, typed: str = "", error: DomainError | None = None
) -> HttpResponse:
    spec = InventorySpec.model_validate(answer.item.spec)
    kept = RunbookText.objects.filter(pk=row.get(spec.runbook) or "").first()
    name = str(row.get(spec.columns[0].key) or "unnamed")
    report = lint(kept.text, alert=name) if kept else None
    noted = {finding.line for finding in report.findings} if report else set()
    template = TEMPLATE.replace("CheckoutErrorBudgetBurn", name) if request.GET.get("template") else ""
    context = {
        "answer": answer,
        "review": answer.review,
        "section": answer.section,
        "item": answer.item,
        "back": f"{item_url(answer)}#table",
        "row": row,
        "name": name,
        "seen": seen_of(row),
        "link": next((row.get(column.key) for column in spec.columns if column.type == "url"), None),
        "text": typed or template or (kept.text if kept else ""),
        "report": report,
        "lines": [(n, text, n in noted) for n, text in enumerate(kept.text.split("\n"), 1)] if kept else [],
        "may_edit": bool(access.verbs(request, answer)["answer.save"]),
        "error": error,
    }
    return render_page(request, "reviews/tables/runbook.html", None, context, error.status if error else 200)
