"""Publishing a draft, and moving open reviews to another version: both show first what will happen."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from checklist.actions import rows_of
from checklist.draft_queries import draft_of, latest_published, load_tree
from checklist.queries import sections_with_items
from checklist.schema import content_hash
from checklist.views.drafts import context_of, editor
from readiness.accounts.rights import allowed
from readiness.errors import Conflict, DomainError, WrongState
from readiness.http import redirect, render_page
from reviews import access, permissions
from reviews.actions.moving import move_review, publish_and_move
from reviews.models import Review
from reviews.permissions import Subject
from reviews.queries.moving import newer_version, open_reviews, orphaned_answers, plan_moves


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the new version does to each open review; publish, and move those that are chosen."""
    actor = editor(request)
    allowed(actor, "checklist.publish").require()
    if request.method != "POST":
        return _publish_page(request, slug)
    moves = _chosen(request.POST)
    try:
        version, plans = publish_and_move(actor, slug, request.POST.get("hash", ""), moves)
    except (Conflict, WrongState) as error:
        return _publish_page(request, slug, error, chosen=set(moves))
    moved = f" {len(plans)} review{'' if len(plans) == 1 else 's'} moved to it." if plans else ""
    messages.success(request, f"Version {version.number} is published.{moved}")
    return redirect(request, reverse("checklist:latest", args=[slug]))


def _chosen(post: QueryDict) -> dict[int, str]:
    """The reviews to move, each with the digest of the plan that was shown."""
    ids = [int(text) for text in post.getlist("move") if re.fullmatch(r"[0-9]{1,12}", text)]
    return {pk: str(post.get(f"plan-{pk}", "")) for pk in ids}


def _publish_page(
    request: HttpRequest, slug: str, error: DomainError | None = None, chosen: set[int] | None = None
) -> HttpResponse:
    tree = load_tree(draft_of(slug))
    context: dict[str, Any] = {**context_of(tree, "publish"), "error": error, "chosen": chosen or set()}
    if tree.content is not None:
        digest = content_hash(tree.content.canonical())
        latest = context["latest"]
        context |= {
            "hash": digest,
            "same": latest is not None and latest.content_hash == digest,
            "plans": plan_moves(open_reviews(slug), rows_of(tree.content)),
        }
    return render_page(
        request, "reviews/checklist_publish.html", None, context, error.status if error else 200
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Which version a review is on, what moving it to the latest would do, and what it was set aside from."""
    verb = "review.move" if request.method == "POST" else "review.view"
    review = access.review(request, slug, number, verb)
    latest = latest_published(review.checklist.slug)
    if request.method != "POST" or latest is None:
        return _version_page(request, review)
    try:
        plan = move_review(access.actor(request), review.pk, latest, request.POST.get("plan", ""))
    except (Conflict, WrongState) as error:
        return _version_page(request, review, error)
    counts = plan.counts
    messages.success(
        request,
        f"The review is on version {latest.number} now: {counts['carried']} answers carried, "
        f"{counts['changed']} changed, {counts['orphaned']} set aside.",
    )
    return redirect(request, review.get_absolute_url())


def _version_page(request: HttpRequest, review: Review, error: DomainError | None = None) -> HttpResponse:
    newer = newer_version(review)
    about = Subject(team_id=review.service.team_id)
    context: dict[str, Any] = {
        "review": review,
        "latest": newer,
        "error": error,
        "may_move": permissions.allowed(access.actor(request), "review.move", about),
        "orphaned": orphaned_answers(review),
    }
    if newer is not None:
        context["plan"] = plan_moves([review], sections_with_items(newer))[0]
    return render_page(request, "reviews/review_version.html", None, context, error.status if error else 200)
