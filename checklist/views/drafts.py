"""A draft as a whole: begin, look at, order, import, export, delete. Publishing it is a page of reviews."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checklist import draft_actions as actions
from checklist import queries
from checklist.actions import rows_of
from checklist.diff import compare
from checklist.draft_queries import draft_of, latest_published, load_tree
from checklist.drafts import DraftTree
from checklist.editor.layout import KIND_HELP, KIND_TITLES
from checklist.forms import CopyForm, ImportForm
from checklist.loader import ChecklistInvalid, parse_checklist
from checklist.views.reading import as_file
from readiness.accounts.rights import Actor, actor_of, allowed
from readiness.errors import Invalid, WrongState
from readiness.http import redirect, render_page


def editor(request: HttpRequest) -> Actor:
    """Who asks, if they may edit checklists; Refused or NotFound otherwise."""
    actor = actor_of(request.user)
    allowed(actor, "checklist.edit").require()
    return actor


def context_of(tree: DraftTree, tab: str) -> dict[str, Any]:
    """What every page of a draft shows around its content. One query."""
    slug = tree.draft.checklist.slug
    latest = latest_published(slug)
    base = tree.draft.base
    return {
        "tree": tree,
        "draft": tree.draft,
        "checklist": tree.draft.checklist,
        "title": tree.draft.content.get("title", slug),
        "latest": latest,
        "next_number": latest.number + 1 if latest else 1,
        "outrun": latest is not None
        and base is not None
        and base.checklist_id == latest.checklist_id
        and base.pk != latest.pk,
        "tab": tab,
    }


def outline_url(slug: str, at: str = "") -> str:
    """Address of the draft's outline, at one of its parts."""
    return reverse("checklist:draft", args=[slug]) + (f"#{at}" if at else "")


@login_required
@require_safe
def outline(request: HttpRequest, slug: str) -> HttpResponse:
    """The parts of a draft in order, to edit and to move."""
    editor(request)
    return draw_outline(request, slug)


def draw_outline(request: HttpRequest, slug: str) -> HttpResponse:
    """The outline's page, or the outline alone for htmx."""
    tree = load_tree(draft_of(slug))
    kinds = [(kind, kind.capitalize(), KIND_HELP[kind]) for kind in KIND_TITLES]
    context = {**context_of(tree, "edit"), "kinds": kinds}
    return render_page(request, "checklist/draft/outline.html", "checklist/draft/_outline.html", context)


@login_required
@require_POST
def begin(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Begin the next version from a published one."""
    actions.begin_draft(editor(request), queries.published_version(slug, number))
    messages.success(request, "A draft is begun. Nothing changes for anybody until you publish it.")
    return redirect(request, outline_url(slug))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Copy a published version to a new checklist."""
    actor = editor(request)
    version = queries.published_version(slug, number)
    title = version.content["title"]
    initial = {"title": f"{title}, our own", "slug": f"{slug}-own"}
    form = CopyForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            draft = actions.copy_checklist(actor, version, **form.cleaned_data)
        except Invalid as error:
            form.add_error("slug", error.message)
        else:
            messages.success(request, "Copied. It is a draft until you publish it.")
            return redirect(request, outline_url(draft.checklist.slug))
    context = {"form": form, "checklist": version.checklist, "version": version}
    return render_page(request, "checklist/draft/copy.html", None, context, 422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """Make a draft from a YAML file: of the checklist that it names, which may be new."""
    actor = editor(request)
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    context: dict[str, Any] = {"form": form}
    if posted and form.is_valid():
        try:
            content = parse_checklist(*form.source)
            draft = actions.import_content(actor, content, replace=form.cleaned_data["replace"])
        except ChecklistInvalid as error:
            context |= {"problems": error.problems, "text": form.typed}
        except Invalid as error:
            form.add_error(None, error.message)
        except WrongState as error:
            form.add_error("replace", f"{error.message} Tick this to have the file take its place.")
        else:
            messages.success(request, "Imported. It is a draft until you publish it.")
            return redirect(request, outline_url(draft.checklist.slug))
    status = 422 if form.errors or "problems" in context else 200
    return render_page(request, "checklist/draft/import.html", None, context, status)


@login_required
@require_safe
def export_draft(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft as YAML. Raises WrongState while something has to be mended."""
    editor(request)
    content = load_tree(draft_of(slug)).content
    if content is None:
        raise WrongState("This draft has mistakes. Mend what its page lists, then export it.")
    return as_file(content, f"{slug}-draft.yaml")


@login_required
@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft as it will be read once it is published."""
    editor(request)
    tree = load_tree(draft_of(slug))
    context = context_of(tree, "preview")
    if tree.content is not None:
        context["sections"] = rows_of(tree.content)
    return render_page(request, "checklist/draft/preview.html", None, context)


@login_required
@require_safe
def compare_draft(request: HttpRequest, slug: str) -> HttpResponse:
    """What differs from the latest published version; for a new checklist, from what it was copied of."""
    editor(request)
    tree = load_tree(draft_of(slug))
    context = context_of(tree, "compare")
    old = context["latest"] or tree.draft.base
    if old is not None and tree.content is not None:
        context |= {
            "old": old,
            "old_url": reverse("checklist:version", args=[old.checklist.slug, old.number]),
            "new_url": reverse("checklist:draft_preview", args=[slug]),
            "difference": compare(queries.content_of(old), tree.content),
        }
    return render_page(request, "checklist/draft/compare.html", None, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to give the draft up, then do so."""
    actor = editor(request)
    if request.method == "POST":
        actions.delete_draft(actor, slug)
        messages.success(request, "The draft is deleted.")
        return redirect(request, reverse("checklist:list"))
    tree = load_tree(draft_of(slug))
    return render_page(request, "checklist/draft/delete.html", None, context_of(tree, "edit"))
