"""All that a probe may touch while it collects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from checklist.probes.artifact import Artifact
from checklist.probes.net.backend import Guard
from checklist.probes.net.client import HttpClient
from checklist.probes.net.deadline import Deadline
from checklist.probes.net.inspect import TlsInspector
from checklist.probes.net.policy import EgressPolicy

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of day, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ProbeContext:
    """The network by way of the egress policy, the clock, and the raw record. Nothing else."""

    http: HttpClient
    tls: TlsInspector
    clock: Clock
    artifact: Artifact = field(default_factory=Artifact)

    @classmethod
    def for_run(cls, policy: EgressPolicy, seconds: float, clock: Clock = utc_now) -> ProbeContext:
        """A context whose every connection keeps to the policy and ends within `seconds` from now."""
        guard = Guard(policy, Deadline(seconds))
        return cls(HttpClient(guard), TlsInspector(guard), clock)
