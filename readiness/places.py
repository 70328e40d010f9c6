"""Where a person can go back to from an address that only takes forms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme


def page_of(request: HttpRequest) -> str:
    """Return the page that the posted form stood on, path and query.

    That is the Referer where it is a page of ours, else the nearest page above the address asked for.
    """
    came = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(came)
        if nearest_page(parts.path) == parts.path:
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
        return nearest_page(parts.path)
    return nearest_page(request.path)


def nearest_page(path: str) -> str:
    """Return `path` if it can be looked at, else the nearest address above it that can."""
    while path and path != "/":
        try:
            if _answers_get(resolve(path).func):
                return path
        except Resolver404:
            pass
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return "/"


def _answers_get(view: Callable[..., Any]) -> bool:
    """Whether Django's `require_POST` and its like let a GET through to the view."""
    for layer in _layers(view):
        methods = inspect.getclosurevars(layer).nonlocals.get("request_method_list")
        if methods is not None and "GET" not in methods:
            return False
    return True


def _layers(view: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The view with its decorators, from the outside in."""
    layer: Any = view
    while inspect.isfunction(layer):
        yield layer
        layer = getattr(layer, "__wrapped__", None)
