"""The application's addresses and an empty view: all middleware, no query, no template."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def empty(_request: HttpRequest) -> HttpResponse:
    """Answer nothing, as cheaply as Django can."""
    return HttpResponse(b"")


urlpatterns = [path("bench/empty/", empty), path("", include("readiness.urls"))]
