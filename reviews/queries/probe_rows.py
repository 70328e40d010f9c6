"""The probes of one item as its panel shows them. No queries: the item's sheet has all that is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django.utils import timezone

from checklist.models import Item
from checklist.probes import registry
from checklist.probes.base import Outcome, ProbeSpec, ServiceTarget
from checklist.probes.runner import missing_target
from reviews.models import Answer, ProbeRun, Service
from reviews.queries.sheet import ItemSheet
from reviews.rules import disagrees
from reviews.states import AnswerState, RunStatus

# A queued run that no worker took within this time is queued again.
TAKEN_WITHIN: Final = timedelta(seconds=20)
_OBSERVED: Final = frozenset({Outcome.PASS.value, Outcome.WARN.value, Outcome.FAIL.value})
# A worker takes a run within a moment. After this the page says that it has not.
_UNTAKEN: Final = timedelta(seconds=4)


def target_of(service: Service) -> ServiceTarget:
    """What probes may know of a service."""
    return ServiceTarget(
        production_url=service.production_url,
        health_url=service.health_url,
        repository_url=service.repository_url,
        facts=service.facts,
    )


@dataclass
class ProbeRow:
    """One probe of an item: its latest finished run, and the one that is under way."""

    spec: ProbeSpec
    answer: Answer
    service: Service
    run: ProbeRun | None
    pending: ProbeRun | None
    now: datetime
    # What a reviewer decided where the run and the answer disagree; empty until then.
    ruled_for: str = ""

    @cached_property
    def missing(self) -> str:
        """What the service lacks before this probe can run; nothing when it can."""
        return missing_target(self.spec.id, target_of(self.service)) or ""

    @property
    def is_old(self) -> bool:
        """Whether what the run saw is too long ago to say anything of now."""
        if self.run is None or self.run.finished_at is None or self.run.outcome not in _OBSERVED:
            return False
        return self.run.finished_at + self.spec.stale_after < self.now

    @property
    def kind(self) -> str:
        """The status to show."""
        if self.pending is not None:
            return str(self.pending.status)
        if self.run is None:
            return "not_run"
        return "unknown" if self.is_old else self.run.outcome

    @property
    def word(self) -> str:
        """Its word, where the status's own does not do."""
        return f"Unknown (was {self.run.outcome})" if self.run is not None and self.is_old else ""

    @property
    def is_untaken(self) -> bool:
        """Whether the run waits longer than a worker takes to start one."""
        waits = self.pending is not None and self.pending.status == RunStatus.QUEUED
        return waits and self.pending is not None and self.pending.requested_at + _UNTAKEN < self.now

    @property
    def poll_seconds(self) -> int:
        """How often the page asks: each second, and more slowly when nothing takes the run."""
        waits = self.pending is not None and self.pending.requested_at + TAKEN_WITHIN < self.now
        return 5 if waits else 1

    @property
    def disagrees(self) -> bool:
        """Whether the probe and the answer contradict each other."""
        return self.run is not None and disagrees(self.answer.state, self.run.outcome)

    @property
    def proposal(self) -> str:
        """The answer that the probe proposes, where it is not given and a person may choose it."""
        if self.run is None or not self.run.proposed or self.is_old or self.pending is not None:
            return ""
        fixed = self.answer.state in {AnswerState.NOT_APPLICABLE, AnswerState.WAIVED, AnswerState.DEFERRED}
        by_hand = self.answer.item.kind == Item.Kind.ATTESTATION
        return self.run.proposed if by_hand and not fixed and self.run.proposed != self.answer.state else ""

    @property
    def proposal_words(self) -> str:
        """The proposed answer in words."""
        return AnswerState(self.proposal).label.lower() if self.proposal else ""


def probe_rows(sheet: ItemSheet, service: Service) -> list[ProbeRow]:
    """Return the item's probes that are installed here, in the checklist's order."""
    now, rows = timezone.now(), []
    for probe_id in sheet.item.probes:
        probe = registry.active().get(probe_id)
        if probe is None:
            continue
        runs = [run for run in sheet.runs if run.probe == probe_id]
        done = next((run for run in runs if run.status == RunStatus.DONE), None)
        pending = next((run for run in runs if run.status != RunStatus.DONE), None)
        ruled = next((each.ruled_for for each in sheet.disagreements if each.probe == probe_id), "")
        rows.append(ProbeRow(probe.spec, sheet.answer, service, done, pending, now, ruled))
    return rows
