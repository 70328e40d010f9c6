"""What every call of the API has in common: the token, the body, and errors as Problem Details (RFC 9457).

Cookies count for nothing here, so no other site can act for somebody who is signed in.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ValidationError

from readiness.errors import DomainError, Invalid, NotFound, Refused, TooLarge
from readiness.http import PROBLEM_JSON, problem
from reviews.actions.tokens import recognise
from reviews.models import ServiceToken

logger = logging.getLogger(__name__)

MAX_BODY: Final = 64 * 1024
MAX_DEPTH: Final = 64
Body = TypeVar("Body", bound=BaseModel)
Call = Callable[[HttpRequest, ServiceToken], HttpResponse]


def api_call(action: str, *methods: str) -> Callable[[Call], Callable[[HttpRequest], HttpResponse]]:
    """Make a view of a call: the methods that it takes, and the action that its token must be allowed."""

    def decorate(call: Call) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt
        @wraps(call)
        def view(request: HttpRequest) -> HttpResponse:
            if request.method not in methods:
                said = f"This address takes {' and '.join(methods)}."
                return _plain(405, "Method not allowed", said, Allow=", ".join(methods))
            try:
                token = _token(request)
                if token is None:
                    return _not_signed_in()
                _require(token, action)
                return call(request, token)
            except DomainError as error:
                return problem(error)
            except Exception:
                logger.exception("%s %s failed", request.method, request.path)
                said = "Something went wrong on our side. Send it again with the same Idempotency-Key."
                return _plain(500, "Internal error", said)

        return view

    return decorate


def _require(token: ServiceToken, action: str) -> None:
    if action not in token.actions:
        raise Refused(f"This token may not do “{action}”. Make one that may, on the service's page.")


@csrf_exempt
def unknown(_request: HttpRequest, **_path: str) -> HttpResponse:
    """Answer an address of the API that does not exist."""
    return problem(NotFound("There is nothing at this address of the API."))


def read_body(request: HttpRequest, shape: type[Body]) -> Body:
    """Read the JSON body into `shape`. Raises Invalid, naming each field that is wrong."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Invalid("Send JSON, with the header Content-Type: application/json.")
    body = request.body
    if len(body) > MAX_BODY:
        raise TooLarge(f"The body has {len(body):,} bytes; at most {MAX_BODY:,} are taken.")
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.") from None
    if not isinstance(raw, dict):
        raise Invalid("The body must be a JSON object.")
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Invalid:
    fields: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in each["loc"]) or "body"
        fields.setdefault(name[:100], []).append(each["msg"])
    return Invalid(f"Check {', '.join(list(fields)[:10])}.", fields)


def _token(request: HttpRequest) -> ServiceToken | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return recognise(text.strip()) if scheme.lower() == "bearer" else None


def _not_signed_in() -> HttpResponse:
    said = (
        "Send a live token of the service as “Authorization: Bearer …”. A lead of the team makes one on the "
        "service's page."
    )
    return _plain(401, "Not signed in", said, **{"WWW-Authenticate": 'Bearer realm="readiness"'})


def _plain(status: int, title: str, detail: str, **headers: str) -> HttpResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type=PROBLEM_JSON, headers=headers)
