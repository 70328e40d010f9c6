"""What waits for the reader, and the count of it in the top bar."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from readiness.http import render_page
from reviews import access
from reviews.queries.my_work import load_my_work

# The count stands on every page: for so many seconds it may be as old as that.
COUNT_SECONDS: Final = 30


@login_required
@require_safe
def my_work(request: HttpRequest) -> HttpResponse:
    """Show all that waits for the reader, the longest waiting first."""
    actor = access.actor(request)
    work = load_my_work(actor)
    cache.set(_key(actor.id), work.total, COUNT_SECONDS)
    context = {"work": work, "my_work_count": work.total, "is_insider": actor.is_insider}
    return render_page(request, "reviews/my_work.html", None, context)


@login_required
@require_safe
def my_work_count(request: HttpRequest) -> HttpResponse:
    """Answer the number alone; empty for none."""
    actor = access.actor(request)
    total = cache.get(_key(actor.id))
    if total is None:
        total = load_my_work(actor).total
        cache.set(_key(actor.id), total, COUNT_SECONDS)
    return HttpResponse(str(total or ""), headers={"Cache-Control": "private, no-store"})


def _key(user_id: int) -> str:
    return f"my-work:{user_id}"
