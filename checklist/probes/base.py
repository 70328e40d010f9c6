"""What a probe is: its description, its configuration and facts, and the two halves collect and evaluate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from checklist.probes.context import ProbeContext


class Outcome(StrEnum):
    """What a run saw.

    `unknown` could not observe, `error` means the probe broke: neither is a pass or a fail.
    """

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class ProposedAnswer(StrEnum):
    """The answer a verdict proposes. A person decides."""

    MET = "met"
    NOT_MET = "not_met"


class EgressKind(StrEnum):
    """The ways a probe reaches out."""

    HTTP = "http"
    TLS = "tls"


class CredentialKind(StrEnum):
    """What a probe needs to sign in with."""

    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One verdict rule, in words."""

    outcome: Outcome
    when: str


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """The description of a probe: what people read, and what the scheduler needs.

    `items` are slugs of checklist items. `proposes_met` is False where a pass is necessary for the item but
    does not show all that the item asks: such a probe can only speak against it. `timeout` is in seconds
    for a whole run. `facts_version` rises whenever the shape of the facts changes.
    """

    id: str
    version: int
    facts_version: int
    title: str
    summary: str
    motivation: str
    items: tuple[str, ...]
    remediation: str
    reads: tuple[str, ...]
    rules: tuple[Rule, ...]
    permissions: str
    every: timedelta
    stale_after: timedelta
    proposes_met: bool
    timeout: float = 10.0
    egress: tuple[EgressKind, ...] = (EgressKind.HTTP,)
    credential: CredentialKind = CredentialKind.NONE


class ProbeModel(BaseModel):
    """Base of every Config and Facts: closed and immutable, so that a hash of it means something."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ConfigT = TypeVar("ConfigT", bound=ProbeModel)
FactsT = TypeVar("FactsT", bound=ProbeModel)


@dataclass(frozen=True, slots=True)
class Observation(Generic[FactsT]):
    """What `collect` saw. `peer` is the address that answered."""

    facts: FactsT
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of facts: one sentence, the details behind it, and the answer it proposes, if any."""

    outcome: Outcome
    summary: str
    details: tuple[str, ...] = ()
    proposed_answer: ProposedAnswer | None = None


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """What is known of a service, as far as probes need it. Empty strings where nothing is set."""

    production_url: str = ""
    health_url: str = ""
    repository_url: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoTarget:
    """A probe cannot be pointed at the service yet; `reason` tells a person what to set."""

    reason: str


class Probe(ABC, Generic[ConfigT, FactsT]):
    """One automated check.

    `collect` reads through `ctx` alone and may raise `checklist.probes.net.errors.NetError`. `evaluate` is
    pure and total: the same facts, config and time always give the same verdict, so that an edited
    threshold judges old facts anew.
    """

    spec: ClassVar[ProbeSpec]
    Config: type[ConfigT]
    Facts: type[FactsT]

    @abstractmethod
    def config_for(self, target: ServiceTarget) -> ConfigT | NoTarget:
        """Derive the configuration for a service, or say what is missing."""

    @abstractmethod
    def collect(self, ctx: ProbeContext, config: ConfigT) -> Observation[FactsT]:
        """Observe. All input and output goes through `ctx`."""

    @abstractmethod
    def evaluate(self, facts: FactsT, config: ConfigT, now: datetime) -> Verdict:
        """Judge the facts as of `now` (aware)."""

    def verdict(self, outcome: Outcome, summary: str, details: list[str] | tuple[str, ...] = ()) -> Verdict:
        """Build a verdict with the answer that this outcome proposes for this probe's items."""
        proposed = None
        if outcome is Outcome.FAIL:
            proposed = ProposedAnswer.NOT_MET
        elif outcome is Outcome.PASS and self.spec.proposes_met:
            proposed = ProposedAnswer.MET
        return Verdict(outcome, summary, tuple(details), proposed)
