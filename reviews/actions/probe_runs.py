"""Ask for a probe run, hand it to a worker, and take its result: three short transactions.

The run itself happens in between, outside of any transaction. A run is a row from the moment it is asked for,
so nothing is lost with a broker or a worker; who holds it past its lease is taken to be dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from checklist.probes import registry
from checklist.probes.base import Outcome, ProbeSpec
from checklist.probes.runner import RunResult, canonical_hash, missing_target, target_config
from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews import storage
from reviews.actions.base import Change, answer_of, changing
from reviews.actions.evidence import attach
from reviews.models import Answer, Evidence, ProbeRun, ReviewSection, Service, StoredFile
from reviews.queries.probe_rows import TAKEN_WITHIN, target_of
from reviews.states import EvidenceGrade, EvidenceKind, RunStatus

MAX_ATTEMPTS: Final = 3
# What a worker needs besides the probe's own time, to store the result.
LEASE_MARGIN: Final = timedelta(seconds=20)
_PROVES: Final = frozenset({Outcome.PASS, Outcome.WARN, Outcome.FAIL})
_MAX_SUMMARY: Final = 500
_PICK_UP: Final = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker needs to run a probe. `attempt` proves at the end that the run is still its own."""

    run_id: int
    attempt: int
    probe: str
    config: dict[str, Any]


def request_run(actor: Actor, review_id: int, item_slug: str, probe: str) -> ProbeRun:
    """Ask for a run of `probe` for an item; the caller then queues the task with its id.

    While a run of the same probe for the same item is unfinished, that one is returned. Raises NotFound for a
    probe that cannot check the item, WrongState where the service lacks the address that the probe needs.
    """
    section = _section_of(review_id, item_slug)
    with changing(review_id, actor, "probe.run", section=section) as change:
        answer = answer_of(change.review, item_slug)
        spec = _spec(answer, probe)
        unfinished = answer.probe_runs.filter(probe=probe).exclude(status=RunStatus.DONE).first()
        if unfinished is not None:
            return unfinished
        run = ProbeRun.objects.create(
            service=change.review.service,
            review=change.review,
            section=answer.section,
            answer=answer,
            probe=probe,
            config=_config(spec, change.review.service),
            requested_by_id=actor.id,
            requested_at=change.at,
        )
        change.record(
            "person:probe:requested",
            f"Asked for a run of {spec.title}",
            section=answer.section.slug,
            item=item_slug,
            data={"run": run.pk, "probe": probe},
        )
    return run


def claim_run(run_id: int) -> Claim | None:
    """Take a run for this worker; None when somebody else has it, or when nothing is left to do.

    A run whose worker stopped is taken up again, three times in all, and then closed with the outcome error.
    """
    with transaction.atomic():
        now = timezone.now()
        free = Q(status=RunStatus.QUEUED) | Q(status=RunStatus.RUNNING, leased_until__lt=now)
        rows = ProbeRun.objects.select_for_update(of=("self",), skip_locked=True).select_related("review")
        run = rows.filter(free, pk=run_id).first()
        if run is None:
            return None
        if not run.review.is_open:
            _close_unseen(run, now)
            return None
        given_up = run.attempts >= MAX_ATTEMPTS
        if not given_up:
            probe = registry.active().get(run.probe)
            run.status, run.attempts, run.started_at = RunStatus.RUNNING, run.attempts + 1, now
            run.leased_until = now + timedelta(seconds=probe.spec.timeout if probe else 0) + LEASE_MARGIN
            run.save(update_fields=["status", "attempts", "started_at", "leased_until"])
    if given_up:
        finish_run(Claim(run.pk, run.attempts, run.probe, run.config), _given_up(run, now))
        return None
    return Claim(run.pk, run.attempts, run.probe, run.config)


def finish_run(claim: Claim, result: RunResult) -> ProbeRun:
    """Store what a run saw, attach it as evidence and propose an answer. The answer itself is never written.

    A result that comes after the lease went to another worker is dropped; so is one for a review that was
    closed meanwhile. The section's approvals are compared only when the outcome is another than before.
    """
    stored = storage.store_own(result.artifact, result.artifact_media_type) if result.artifact else None
    run = ProbeRun.objects.select_related("answer__item").get(pk=claim.run_id)
    try:
        with changing(run.review_id, None, "probe.run") as change:
            held = ProbeRun.objects.select_for_update().get(pk=run.pk)
            if held.status != RunStatus.RUNNING or held.attempts != claim.attempt:
                return held
            before = _last_outcome(held)
            _write(held, result, stored, change.at)
            answer = answer_of(change.review, run.answer.item.slug)
            evidence = _attach(change, answer, held) if result.outcome in _PROVES else None
            _record(change, answer, held, before, evidence)
            if before != held.outcome:
                change.touch(answer.section)
    except WrongState:
        with transaction.atomic():
            held = ProbeRun.objects.select_for_update().get(pk=run.pk)
            if held.status != RunStatus.DONE:
                _close_unseen(held, timezone.now())
    return held


def runs_to_pick_up() -> list[int]:
    """Ids of runs that wait for a worker: queued and not taken for a while, or held past the lease."""
    now = timezone.now()
    waiting = Q(status=RunStatus.QUEUED, requested_at__lt=now - TAKEN_WITHIN)
    dropped = Q(status=RunStatus.RUNNING, leased_until__lt=now)
    rows = ProbeRun.objects.filter(waiting | dropped).order_by("id")
    return list(rows.values_list("pk", flat=True)[:_PICK_UP])


def _section_of(review_id: int, item_slug: str) -> ReviewSection:
    rows = Answer.objects.filter(review_id=review_id, item__slug=item_slug)
    answer = rows.select_related("section__section").first()
    if answer is None:
        raise NotFound("This item does not exist in this review's checklist.")
    return answer.section


def _spec(answer: Answer, probe_id: str) -> ProbeSpec:
    probe = registry.active().get(probe_id)
    if probe is None or probe_id not in answer.item.probes:
        raise NotFound("No such probe checks this item.")
    if not answer.applicable:
        raise WrongState("This item does not apply to this service, so there is nothing to check.")
    return probe.spec


def _config(spec: ProbeSpec, service: Service) -> dict[str, Any]:
    target = target_of(service)
    config = target_config(spec.id, target)
    if config is None:
        reason = missing_target(spec.id, target) or "The service lacks what this probe needs."
        raise Invalid(f"{spec.title} cannot run yet. {reason}")
    return config


def _last_outcome(run: ProbeRun) -> str:
    done = ProbeRun.objects.filter(answer_id=run.answer_id, probe=run.probe, status=RunStatus.DONE)
    last = done.exclude(pk=run.pk).exclude(outcome="").order_by("-id").first()
    return last.outcome if last else ""


def _write(run: ProbeRun, result: RunResult, stored: StoredFile | None, now: datetime) -> None:
    run.status, run.finished_at, run.leased_until = RunStatus.DONE, now, None
    run.started_at = result.started_at
    run.duration_ms = max(0, result.duration_ms)
    run.outcome = result.outcome.value
    # The summary is for all readers. What an error says of the network is in the details, for the team alone.
    run.summary = (result.public_summary if result.error else result.summary)[:_MAX_SUMMARY]
    run.details = [result.error, *result.details] if result.error else list(result.details)
    run.proposed = result.proposed_answer.value if result.proposed_answer else ""
    run.probe_version = str(result.probe_version)
    run.config_hash = result.config_hash
    run.facts, run.facts_version = result.facts, result.facts_schema_version
    run.facts_hash = result.facts_hash
    run.peer = result.peer[:64]
    run.artifact = stored
    run.save()


def _attach(change: Change, answer: Answer, run: ProbeRun) -> Evidence:
    previous = answer.evidence.filter(ended_at__isnull=True, probe_run__probe=run.probe)
    ids = list(previous.values_list("pk", flat=True))
    probe = registry.active().get(run.probe)
    row = Evidence(
        kind=EvidenceKind.PROBE_RUN,
        grade=EvidenceGrade.MACHINE,
        title=probe.spec.title if probe else run.probe,
        probe_run=run,
        sha256=run.facts_hash or canonical_hash({"run": run.pk, "summary": run.summary}),
        observed_on=timezone.localdate(run.finished_at),
    )
    attach(change, answer, row, run.requested_by_id)
    answer.evidence.filter(pk__in=ids).update(ended_at=change.at, superseded_by=row)
    return row


def _record(change: Change, answer: Answer, run: ProbeRun, before: str, evidence: Evidence | None) -> None:
    title = evidence.title if evidence else run.probe
    change.record(
        "probe:run:finished",
        f"{title}: {run.outcome}. {run.summary}",
        section=answer.section.slug,
        item=answer.item.slug,
        data={
            "run": run.pk,
            "probe": run.probe,
            "probe_version": run.probe_version,
            "outcome": run.outcome,
            "before": before,
            "proposed": run.proposed,
            "facts_hash": run.facts_hash,
            "config_hash": run.config_hash,
            "requested_by": run.requested_by_id,
            "evidence": evidence.pk if evidence else None,
        },
    )


def _close_unseen(run: ProbeRun, now: datetime) -> None:
    """End a run whose review was closed. Without an outcome it counts nowhere."""
    run.status, run.outcome, run.finished_at, run.leased_until = RunStatus.DONE, "", now, None
    run.summary = "The review was closed before this run finished, so nothing was kept of it."
    run.save(update_fields=["status", "outcome", "summary", "finished_at", "leased_until"])


def _given_up(run: ProbeRun, now: datetime) -> RunResult:
    return RunResult(
        probe_id=run.probe,
        outcome=Outcome.ERROR,
        summary="The worker stopped three times.",
        started_at=run.started_at or now,
        finished_at=now,
        duration_ms=0,
        details=("Ask your operator to look at the workers' log, then run it again.",),
    )
