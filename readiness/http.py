"""Answers to the browser: full page or htmx fragment, "done" with an event, redirects, errors of the domain.

One view serves both. A full page is the default; the fragment is sent when htmx asks for one. Both vary on
`HX-Request`, so that no cache mixes them up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from readiness.errors import Conflict, DomainError, Invalid, TooLarge
from readiness.typed import Typed, typed_in

API_PREFIX: Final = "/api/"
PROBLEM_JSON: Final = "application/problem+json"


def is_revision(text: str) -> bool:
    """Whether a hidden field holds a revision: digits, few enough of them to be a number of the database."""
    return text.isascii() and text.isdigit() and len(text) <= 9  # noqa: PLR2004


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page: not a boosted link, not a page restored from history."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest,
    template: str,
    fragment_template: str | None,
    ctx: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or `fragment_template` when htmx asks for a fragment.

    Pass `fragment_template=None` for a page that has no fragment. `status` is the HTTP status: 422 for a form
    with errors and 409 for a conflict are swapped in like a success.
    """
    chosen = fragment_template if fragment_template and wants_fragment(request) else template
    response = render(request, chosen, dict(ctx), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def no_content(event: str, detail: Any = True) -> HttpResponse:
    """Answer 204 and fire the client event `event`; fragments that listen to it refetch themselves."""
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({event: detail})})


def with_toast(response: HttpResponse, text: str, tone: str = "ok") -> HttpResponse:
    """Have the browser announce `text` in the status region. `tone`: ok, warn, bad or info."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, "toast": {"text": text, "tone": tone}})
    return response


def redirect(request: HttpRequest, to: str) -> HttpResponse:
    """Send the reader to `to`, a path or URL: 303 for a plain form, `HX-Redirect` for htmx."""
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    response = HttpResponseRedirect(to)
    response.status_code = 303
    return response


def render_domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Turn an error of the domain into Problem Details (RFC 9457), an htmx fragment or a page.

    The htmx fragment is sent to the status region, not to the target of the request, so that what a person
    typed stays where it is.
    """
    if _prefers_json(request):
        response: HttpResponse = problem(error)
    elif wants_fragment(request):
        response = _to_status_region(request, "errors/fragment.html", _context(error), error.status)
    else:
        context = {**_context(error), "typed": error.typed or _posted(request, error)}
        response = render(request, "errors/domain.html", context, status=error.status)
    patch_vary_headers(response, ["Accept", "HX-Request"])
    return response


def render_session_ended(request: HttpRequest, login_url: str) -> HttpResponse:
    """Answer htmx with 401 and a link to the sign-in page, shown in the status region."""
    return _to_status_region(request, "errors/session_ended.html", {"login_url": login_url}, 401)


def render_signed_out(request: HttpRequest, login_url: str, typed: list[Typed]) -> HttpResponse:
    """Answer a form that came without a session with 401: what was typed, and a link to the sign-in page."""
    context = {"login_url": login_url, "typed": typed}
    return render(request, "errors/signed_out.html", context, status=401)


def _to_status_region(
    request: HttpRequest, template: str, context: dict[str, Any], status: int
) -> HttpResponse:
    response = render(request, template, context, status=status)
    response.headers["HX-Retarget"] = "#status"
    response.headers["HX-Reswap"] = "beforeend"
    response.headers["HX-Push-Url"] = "false"
    return response


def _prefers_json(request: HttpRequest) -> bool:
    if request.path.startswith(API_PREFIX):
        return True
    preferred = request.get_preferred_type(["text/html", PROBLEM_JSON, "application/json"])
    return preferred in {PROBLEM_JSON, "application/json"}


def _posted(request: HttpRequest, error: DomainError) -> list[Typed]:
    """What was in the form that was sent, by its names alone; a body beyond the limit is not read."""
    return [] if request.method != "POST" or isinstance(error, TooLarge) else typed_in(request.POST)


def _context(error: DomainError) -> dict[str, Any]:
    return {
        "title": error.title,
        "message": error.message,
        "status": error.status,
        "fields": error.fields if isinstance(error, Invalid) else {},
    }


def problem(error: DomainError) -> JsonResponse:
    """The error as Problem Details (RFC 9457)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
    }
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = [
            {"field": field, "detail": detail}
            for field, details in error.fields.items()
            for detail in details
        ]
    if isinstance(error, Conflict) and error.current is not None:
        body["current"] = error.current
    return JsonResponse(body, status=error.status, content_type=PROBLEM_JSON)
