"""POST /api/v1/deployments: a pipeline tells of a deploy or a rollback."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from readiness.errors import Invalid, Refused
from reviews.actions.deployments import Reported, report_deployment
from reviews.api.base import api_call, read_body
from reviews.models import ServiceToken


class DeploymentBody(BaseModel):
    """What is sent. `at` is RFC 3339 with a zone, now when left out; `service` may repeat the token's."""

    model_config = ConfigDict(extra="forbid")

    service: str | None = None
    kind: Literal["deploy", "rollback"]
    version: str = Field(min_length=1, max_length=100)
    environment: str = Field(min_length=1, max_length=60)
    at: AwareDatetime | None = None
    run_url: str = Field(default="", max_length=2000)


@api_call("deployments.write", "POST")
def deployments(request: HttpRequest, token: ServiceToken) -> HttpResponse:
    """Keep a deployment: 201 with it, or 200 when the same Idempotency-Key brought the same before."""
    body = read_body(request, DeploymentBody)
    if body.service not in (None, token.service.slug):
        raise Refused(f"This token is for the service “{token.service.slug}” and for no other.")
    reported = Reported(body.kind, body.version, body.environment, _utc(body.at), body.run_url)
    key = request.headers.get("Idempotency-Key", "")
    row, is_new = report_deployment(token, reported, key)
    shown = {
        "id": row.pk,
        "service": token.service.slug,
        "kind": row.kind,
        "version": row.version,
        "environment": row.environment,
        "at": row.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "run_url": row.run_url,
        "drills": list(row.drills.order_by("pk").values_list("pk", flat=True)),
    }
    return JsonResponse(shown, status=201 if is_new else 200)


def _utc(at: datetime | None) -> datetime | None:
    try:
        return at.astimezone(UTC) if at else None
    except OverflowError:  # an hour before the first year, or after the last
        message = "This is no time at which anything was deployed."
        raise Invalid(message, {"at": [message]}) from None
