"""Does the request id that we send come back?"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from checklist.probes.base import (
    NoTarget,
    Observation,
    Outcome,
    Probe,
    ProbeModel,
    ProbeSpec,
    Rule,
    ServiceTarget,
    Verdict,
)
from checklist.probes.context import ProbeContext
from checklist.probes.net.client import Answer
from checklist.probes.walls import auth_wall, same_site

# Answers' headers in which services return the id. Infrastructure's own (cf-ray, x-amz-cf-id) are left out.
_ID_HEADERS = frozenset({"x-request-id", "x-correlation-id", "request-id", "correlation-id"})
_TRACE_HEADERS = frozenset({"traceparent", "traceresponse"})
_LONGEST = 200
_NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 404, 429, 500


class EchoConfig(ProbeModel):
    """Where to ask, and the request header that carries the id."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    header: Annotated[str, Field(pattern=r"^(?i:x-[a-z0-9-]{1,60}|request-id|correlation-id)$")] = (
        "X-Request-ID"
    )


class Returned(ProbeModel):
    """One header of an answer that carries an id."""

    name: str
    value: str


class EchoFacts(ProbeModel):
    """What was sent and what came back from the service's own hosts. `own_sign_in`: see `walls.Wall.own`."""

    url: str
    status: int
    sent_id: str
    trace_id: str
    returned: tuple[Returned, ...] = ()
    wall: str = ""
    own_sign_in: bool = False
    cached: bool = False


class RequestIdEcho(Probe[EchoConfig, EchoFacts]):
    """GET with an X-Request-ID and a W3C traceparent."""

    Config = EchoConfig
    Facts = EchoFacts
    spec = ProbeSpec(
        id="request_id_echo",
        version=1,
        facts_version=1,
        title="Request id comes back",
        summary="The X-Request-ID that a client sends comes back in the answer.",
        motivation=(
            "One id that crosses every boundary turns many services' logs into one story. A service that "
            "returns the id takes it over; one that replaces or drops it breaks the thread at its front door."
        ),
        items=("request-id",),
        remediation=(
            "Take the request's X-Request-ID where it is well formed, make one where it is missing, log it "
            "with every line, send it on with every call, and return it in the answer."
        ),
        reads=(
            "The health URL, else the production URL: one GET with X-Request-ID and traceparent.",
            "Kept: status and the answer's id headers.",
        ),
        rules=(
            Rule(Outcome.PASS, "The same request id or trace id comes back."),
            Rule(Outcome.WARN, "Another id comes back: ours was replaced."),
            Rule(Outcome.FAIL, "No id comes back."),
            Rule(Outcome.UNKNOWN, "A sign-in or a bot challenge stands in between."),
            Rule(Outcome.UNKNOWN, "No id, and the status is 404, 429 or 5xx, or the answer is from a cache."),
        ),
        permissions="None: the URL must answer without sign-in.",
        every=timedelta(days=1),
        stale_after=timedelta(days=7),
        proposes_met=False,
    )

    def config_for(self, target: ServiceTarget) -> EchoConfig | NoTarget:
        """The health URL, which mostly needs no sign-in, else the production URL."""
        url = target.health_url or target.production_url
        if not url:
            return NoTarget("Set the service's health URL or production URL first.")
        return EchoConfig(url=url)

    def collect(self, ctx: ProbeContext, config: EchoConfig) -> Observation[EchoFacts]:
        """One GET with a fresh id; every answer of the service's own hosts is searched for it."""
        sent_id, trace_id = str(uuid.uuid4()), secrets.token_hex(16)
        headers = {
            config.header: sent_id,
            # W3C Trace Context, section 3.2: version, trace id, parent id, sampled.
            "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
            "Cache-Control": "no-cache",
        }
        exchange = ctx.http.get(config.url, headers=headers, max_body=64 * 1024)
        names = _ID_HEADERS | _TRACE_HEADERS | {config.header.lower()}
        ctx.artifact.add_exchange(exchange, also=names)
        own = [hop for hop in exchange.hops if same_site(exchange.first, hop)]
        wall = auth_wall(exchange)
        last = exchange.last
        facts = EchoFacts(
            url=last.target.shown,
            status=last.status,
            sent_id=sent_id,
            trace_id=trace_id,
            returned=tuple(found for hop in own for found in _returned(hop, names))[:20],
            wall=wall.what if wall else "",
            own_sign_in=wall is not None and wall.own,
            cached=(last.header("age") or "0").strip() != "0",
        )
        return Observation(facts, last.peer)

    def evaluate(self, facts: EchoFacts, config: EchoConfig, now: datetime) -> Verdict:
        """Same id passes, another one warns, none fails."""
        del now
        details = [f"{found.name}: {found.value}" for found in facts.returned]
        if facts.wall and not facts.own_sign_in:
            text = f"The server {facts.wall}, so the application's answer was not seen."
            return self.verdict(Outcome.UNKNOWN, text, details)
        same = next((found.name for found in facts.returned if _is_ours(found, facts)), "")
        if same:
            return self.verdict(Outcome.PASS, f"The id that was sent comes back in {same}.", details)
        unseen = _unseen(facts)
        if unseen:
            return self.verdict(Outcome.UNKNOWN, unseen, details)
        if facts.returned:
            text = f"The id sent in {config.header} was replaced by another one."
            return self.verdict(Outcome.WARN, text, details)
        return self.verdict(Outcome.FAIL, f"The id sent in {config.header} does not come back.", details)


def _returned(hop: Answer, names: frozenset[str]) -> list[Returned]:
    return [
        Returned(name=name, value=value.strip()[:_LONGEST])
        for name, value in hop.headers
        if name in names and value.strip()
    ]


def _is_ours(found: Returned, facts: EchoFacts) -> bool:
    """Whether the header holds our id. Proxies join repeated headers by commas, and some quote them."""
    if found.name in _TRACE_HEADERS:
        return facts.trace_id in found.value.lower().split("-")
    values = {part.strip().strip('"').lower() for part in found.value.split(",")}
    return bool({facts.sent_id, facts.sent_id.replace("-", "")} & values)


def _unseen(facts: EchoFacts) -> str:
    if facts.cached:
        return "The answer came from a cache, so the application did not see the id."
    if facts.wall:
        return f"The server {facts.wall}, so the application's answer was not seen."
    if facts.status in {_NOT_FOUND, _TOO_MANY} or facts.status >= _SERVER_ERROR:
        return f"The answer was {facts.status}, which the application may not have given itself."
    return ""
