"""Middleware of the project. All of it is synchronous, so one thread serves the chain and the view."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone

from readiness.errors import DomainError
from readiness.http import render_domain_error, render_session_ended, render_signed_out, wants_fragment
from readiness.logs import request_id
from readiness.places import nearest_page, page_of
from readiness.typed import typed_in

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_GOOD_ID = re.compile(r"[A-Za-z0-9._\-+/=:~]{1,128}")


class RequestIdMiddleware:
    """Gives each request an id: the caller's X-Request-ID when it is a safe one, a fresh one otherwise.

    The same id is in the answer's X-Request-ID and in every log record written meanwhile. A value that could
    break a log line or a header is not repeated.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        value = given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(value)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = value
        return response


class PermissionsPolicyMiddleware:
    """Says which of the browser's powers the pages use: passkeys, and nothing else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


class DomainErrorMiddleware:
    """Answers a `DomainError` that a view let through; see `readiness.http.render_domain_error`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Render errors of the domain; everything else stays an error of the server."""
        return render_domain_error(request, exception) if isinstance(exception, DomainError) else None


class SessionEndedMiddleware:
    """Tells of a session that is over so that nothing typed is lost and the way back is a page.

    A view that sends a visitor to the sign-in page answers 302, to come back to the address asked for. htmx
    would swap the sign-in page into the page, so it gets 401. A posted form would come back to an address
    that only takes forms: it is sent to the page that it stood on and, where something was typed, gets that
    first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseRedirect):
            return response
        login, to = resolve_url(settings.LOGIN_URL), urlsplit(response.url)
        if to.path != login:
            return response
        if wants_fragment(request):
            here = urlsplit(request.headers.get("HX-Current-URL", ""))
            back = f"{here.path}?{here.query}" if here.query else here.path or "/"
            return render_session_ended(request, f"{login}?{urlencode({'next': back})}")
        wanted = parse_qs(to.query).get("next", [""])[0]
        if request.method != "POST" or urlsplit(wanted).path != request.path:
            return response
        sign_in = f"{login}?{urlencode({'next': page_of(request)})}"
        typed = typed_in(request.POST)
        if typed:
            return render_signed_out(request, sign_in, typed)
        messages.warning(request, "Your session had ended, so nothing was saved. Sign in, then do it again.")
        return HttpResponseRedirect(sign_in)


class WrongMethodMiddleware:
    """Gives browsers a page where a view answers an empty 405, with the way to the nearest page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        reads = "text/html" in request.headers.get("Accept", "")
        if not isinstance(response, HttpResponseNotAllowed) or not reads or response.content:
            return response
        context = {"back": nearest_page(request.path)}
        page = render(request, "405.html", context, status=HTTPStatus.METHOD_NOT_ALLOWED)
        page.headers["Allow"] = response.headers["Allow"]
        return page


class TimeZoneMiddleware:
    """Shows and reads times in the reader's zone (`User.time_zone`); UTC for a visitor."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = getattr(request.user, "time_zone", "") if hasattr(request, "user") else ""
        with timezone.override(_zone(zone)):
            return self.get_response(request)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    """The zone called `name`; UTC when there is none of that name, as a page must never fail for it."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
