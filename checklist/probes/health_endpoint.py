"""Does the health endpoint answer, well and fast?"""

from __future__ import annotations

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
from checklist.probes.net.errors import TimedOut
from checklist.probes.walls import auth_wall

_SNIPPET = 1000
_TOO_MANY = 429


class HealthConfig(ProbeModel):
    """Where the endpoint is, and how many milliseconds it may take."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    max_ms: Annotated[int, Field(ge=1, le=10_000)] = 1000


class HealthFacts(ProbeModel):
    """`answer_ms` runs from connecting to the end of the answer; the name look-up is not the service's."""

    url: str
    status: int | None
    answer_ms: float
    timed_out: bool = False
    redirects: int = 0
    stopped: str = ""
    wall: str = ""
    media_type: str = ""
    body_error: str = ""


class HealthEndpoint(Probe[HealthConfig, HealthFacts]):
    """GET the health URL once."""

    Config = HealthConfig
    Facts = HealthFacts
    spec = ProbeSpec(
        id="health_endpoint",
        version=1,
        facts_version=1,
        title="Health endpoint",
        summary="The health endpoint answers with a 2xx status within one second.",
        motivation=(
            "Rolling deploys, load balancers and rollbacks decide by the health endpoint. If it is slow or "
            "says the wrong thing, they take good instances out or keep bad ones in."
        ),
        items=("rolling",),
        remediation=(
            "Serve an endpoint that answers 200 only when the service can do its work, without sign-in and "
            "without slow checks: give each dependency a short timeout, or check it in the background."
        ),
        reads=(
            "The service's health URL, with one GET and up to 3 redirects.",
            "Kept: status, time, content type and the first 1,000 characters of the body.",
        ),
        rules=(
            Rule(Outcome.PASS, "The final status is 2xx and the answer took at most 1 second."),
            Rule(Outcome.FAIL, "The status is not 2xx, or the answer took more than 1 second."),
            Rule(Outcome.FAIL, "The server took the connection and did not answer within 10 seconds."),
            Rule(Outcome.UNKNOWN, "A sign-in, a bot challenge or a rate limit (429) stands in between."),
            Rule(Outcome.ERROR, "No connection: blocked, refused, unreachable, or no valid HTTP."),
        ),
        permissions="None: the endpoint must answer without sign-in.",
        every=timedelta(minutes=15),
        stale_after=timedelta(hours=2),
        proposes_met=False,
    )

    def config_for(self, target: ServiceTarget) -> HealthConfig | NoTarget:
        """The health URL, with the default limit."""
        if not target.health_url:
            return NoTarget("Set the service's health URL first.")
        return HealthConfig(url=target.health_url)

    def collect(self, ctx: ProbeContext, config: HealthConfig) -> Observation[HealthFacts]:
        """One GET, never retried: a 503 is what this probe is looking for."""
        try:
            exchange = ctx.http.get(config.url, retries=0, max_body=64 * 1024)
        except TimedOut as error:
            if not error.connected:
                raise
            return Observation(
                HealthFacts(
                    url=config.url.partition("?")[0],
                    status=None,
                    answer_ms=self.spec.timeout * 1000,
                    timed_out=True,
                )
            )
        ctx.artifact.add_exchange(exchange, snippet=_SNIPPET)
        last = exchange.last
        wall = auth_wall(exchange)
        facts = HealthFacts(
            url=last.target.shown,
            status=last.status,
            answer_ms=round(exchange.answer_ms, 1),
            redirects=len(exchange.hops) - 1,
            stopped=exchange.stopped,
            wall=wall.what if wall else "",
            media_type=last.media_type,
            body_error=last.body_error,
        )
        return Observation(facts, last.peer)

    def evaluate(self, facts: HealthFacts, config: HealthConfig, now: datetime) -> Verdict:
        """Not 2xx or over the limit fails."""
        del now
        if facts.timed_out or facts.status is None:
            return self.verdict(Outcome.FAIL, "The health endpoint did not answer in time.")
        if facts.wall:
            return self.verdict(Outcome.UNKNOWN, f"The server {facts.wall}, so its health was not seen.")
        if facts.status == _TOO_MANY:
            return self.verdict(
                Outcome.UNKNOWN, "The server limits our requests (429); its health was not seen."
            )
        details = self._details(facts)
        if not 200 <= facts.status < 300:  # noqa: PLR2004
            text = f"The health endpoint answered {facts.status}, not 2xx."
            return self.verdict(Outcome.FAIL, text, details)
        took = f"{facts.answer_ms:.0f} ms"
        if facts.answer_ms > config.max_ms:
            text = f"The health endpoint took {took}; the limit is {config.max_ms} ms."
            return self.verdict(Outcome.FAIL, text, details)
        return self.verdict(Outcome.PASS, f"The health endpoint answered {facts.status} in {took}.", details)

    @staticmethod
    def _details(facts: HealthFacts) -> list[str]:
        details = [f"Asked: {facts.url}"]
        if facts.redirects:
            details.append(f"Redirects followed: {facts.redirects}. It should answer directly.")
        if facts.stopped:
            details.append(f"The last redirect was not followed: {facts.stopped}.")
        if facts.media_type == "text/html":
            details.append("The answer is an HTML page. Make sure that it is the health endpoint's.")
        if facts.body_error:
            details.append(facts.body_error)
        return details
