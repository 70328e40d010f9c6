"""Middleware of the platform: the request's id, and one header that Django does not set."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from readiness.logs import request_id

_GOOD_ID = re.compile(r"[A-Za-z0-9._\-+/=:~]{1,128}")


class RequestIdMiddleware:
    """Gives each request an id: the caller's X-Request-ID when it is a safe one, a fresh one otherwise.

    The same id is in the answer's X-Request-ID and in every log record written meanwhile. A value that could
    break a log line or a header is not repeated.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
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

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response
