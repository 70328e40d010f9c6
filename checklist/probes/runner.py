"""Run a probe, or judge old facts anew. Plain data in, plain data out; nothing that a target does raises."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785
from pydantic import ValidationError

from checklist.probes import artifact as artifacts
from checklist.probes import registry
from checklist.probes.base import NoTarget, Outcome, ProposedAnswer, ServiceTarget, Verdict
from checklist.probes.context import Clock, ProbeContext, utc_now
from checklist.probes.net.errors import ErrorKind, NetError
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.registry import AnyProbe

logger = logging.getLogger(__name__)
# Blocked, refused and timed out look alike to whoever may not edit the service: they would map a network.
PUBLIC_ERROR = "The target could not be checked."


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run, ready to be stored.

    `error` and `error_kind` are empty unless the outcome is `error`. To readers who may not edit the
    service show `public_summary` and neither `error`, `details`, `duration_ms` nor `peer` when the outcome
    is `error`.
    """

    probe_id: str
    outcome: Outcome
    summary: str
    started_at: datetime
    finished_at: datetime
    duration_ms: int
    details: tuple[str, ...] = ()
    proposed_answer: ProposedAnswer | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    facts_schema_version: int = 0
    facts_hash: str = ""
    probe_version: int = 0
    config_hash: str = ""
    peer: str = ""
    artifact: bytes | None = None
    artifact_media_type: str = ""
    error: str = ""
    error_kind: ErrorKind | None = None

    @property
    def public_summary(self) -> str:
        """The summary for readers who may not edit the service."""
        return PUBLIC_ERROR if self.outcome is Outcome.ERROR else self.summary


def canonical_hash(value: Any) -> str:
    """SHA-256 in hex of the canonical JSON (RFC 8785) of JSON-able data; "" for data that has none."""
    try:
        return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
    except rfc8785.CanonicalizationError:
        return ""


def target_config(probe_id: str, target: ServiceTarget) -> dict[str, Any] | None:
    """The configuration of a probe for a service, or None where `missing_target` says what to set."""
    found = _config_for(probe_id, target)
    return None if isinstance(found, NoTarget) else found


def missing_target(probe_id: str, target: ServiceTarget) -> str | None:
    """Why a probe cannot be pointed at a service, in words that say what to do, or None when it can."""
    found = _config_for(probe_id, target)
    return found.reason if isinstance(found, NoTarget) else None


def run_probe(
    probe_id: str, config: dict[str, Any], policy: EgressPolicy, clock: Clock = utc_now
) -> RunResult:
    """Collect and evaluate, once.

    Arguments: `config` as `target_config` gives it or as a person entered it; `policy`, the operator's.
    Takes at most the probe's `timeout` and a moment. Raises nothing: what goes wrong is the outcome `error`.
    """
    run = _Run(probe_id, clock)
    probe = registry.active().get(probe_id)
    if probe is None:
        return run.failed(
            "This probe is not installed here.", ErrorKind.CONFIG, config_hash=canonical_hash(config)
        )
    try:
        parsed = probe.Config.model_validate(config)
    except ValidationError as error:
        return run.failed(
            _invalid(error),
            ErrorKind.CONFIG,
            config_hash=canonical_hash(config),
            probe_version=probe.spec.version,
        )
    known = {
        "config_hash": canonical_hash(parsed.model_dump(mode="json")),
        "probe_version": probe.spec.version,
        "facts_schema_version": probe.spec.facts_version,
    }
    ctx = ProbeContext.for_run(policy, probe.spec.timeout, clock)
    try:
        observation = probe.collect(ctx, parsed)
        # Judged as they will be stored, so that a later judgement of the stored facts cannot differ.
        facts = _storable(observation.facts.model_dump(mode="json"))
        verdict = probe.evaluate(probe.Facts.model_validate(facts), parsed, clock())
    except NetError as error:
        return run.failed(error.message, error.kind, ctx, **known)
    except Exception as error:
        logger.exception("Probe %s broke", probe_id)
        return run.failed(f"The probe itself broke ({type(error).__name__}).", ErrorKind.BROKEN, ctx, **known)
    return run.result(
        verdict, ctx, facts=facts, facts_hash=canonical_hash(facts), peer=observation.peer, **known
    )


def re_evaluate(probe_id: str, facts: dict[str, Any], config: dict[str, Any], now: datetime) -> Verdict:
    """Judge stored facts as of `now`, with a configuration that may have changed since.

    Touches no network.
    """
    probe = registry.active().get(probe_id)
    if probe is None:
        return Verdict(Outcome.ERROR, "This probe is not installed here.")
    try:
        parsed = probe.Config.model_validate(config)
    except ValidationError as error:
        return Verdict(Outcome.ERROR, _invalid(error))
    try:
        stored = probe.Facts.model_validate(facts)
    except ValidationError:
        return Verdict(
            Outcome.UNKNOWN, "These facts were recorded by another version of the probe. Run it again."
        )
    return probe.evaluate(stored, parsed, now)


class _Run:
    """Times one run and builds its result."""

    def __init__(self, probe_id: str, clock: Clock) -> None:
        self._probe_id = probe_id
        self._clock = clock
        self._started_at = clock()
        self._started = time.monotonic()

    def result(self, verdict: Verdict, ctx: ProbeContext | None = None, **known: Any) -> RunResult:
        content = ctx.artifact.content() if ctx else None
        return RunResult(
            probe_id=self._probe_id,
            outcome=verdict.outcome,
            summary=verdict.summary,
            details=verdict.details,
            proposed_answer=verdict.proposed_answer,
            started_at=self._started_at,
            finished_at=self._clock(),
            duration_ms=round((time.monotonic() - self._started) * 1000),
            artifact=content,
            artifact_media_type=artifacts.MEDIA_TYPE if content else "",
            **known,
        )

    def failed(
        self, message: str, kind: ErrorKind, ctx: ProbeContext | None = None, **known: Any
    ) -> RunResult:
        return self.result(
            Verdict(Outcome.ERROR, message),
            ctx,
            error=message,
            error_kind=kind,
            facts_hash=canonical_hash({}),
            **known,
        )


def _storable(value: Any) -> Any:
    """Data without NUL, other control characters and surrogates, on which storage and pages trip."""
    if isinstance(value, str):
        return artifacts.printable(value.encode(errors="replace").decode())
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, dict):
        return {key: _storable(part) for key, part in value.items()}
    return value


def _config_for(probe_id: str, target: ServiceTarget) -> dict[str, Any] | NoTarget:
    probe: AnyProbe | None = registry.active().get(probe_id)
    if probe is None:
        return NoTarget("This probe is not installed here.")
    try:
        found = probe.config_for(target)
    except ValidationError as error:
        return NoTarget(_invalid(error))
    if isinstance(found, NoTarget):
        return found
    config: dict[str, Any] = found.model_dump(mode="json")
    return config


def _invalid(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "configuration"
    return f"The probe's configuration is not valid: {place}: {first['msg']}."
