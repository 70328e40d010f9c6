"""The profile facts of a service, as plain data: they decide what applies and whether the checklist fits.

A fact may be left open (None, “not stated”). An open fact never hides an item; the fit check asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from readiness.errors import Invalid

FactValue = bool | int | str | None
Facts = Mapping[str, FactValue]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `yes` and `no` complete the sentence “It applies when ...”; `choices` are (value, label)."""

    name: str
    kind: Literal["bool", "int", "choice"]
    label: str
    help: str
    yes: str = ""
    no: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    minimum: int = 1
    maximum: int = 100_000

    def label_of(self, value: FactValue) -> str:
        """The value as a reader sees it."""
        if value is None:
            return "Not stated"
        if self.kind == "bool":
            return "Yes" if value else "No"
        return dict(self.choices).get(str(value), str(value))


FACTS: Final[tuple[Fact, ...]] = (
    Fact(
        name="handles_payments",
        kind="bool",
        label="Handles payments",
        help="It takes, moves or refunds money, itself or through a payment provider.",
        yes="the service handles payments",
        no="the service handles no payments",
    ),
    Fact(
        name="handles_health_data",
        kind="bool",
        label="Handles health data",
        help="It stores or passes on information about a person's health.",
        yes="the service handles health data",
        no="the service handles no health data",
    ),
    Fact(
        name="regulated",
        kind="bool",
        label="Regulated",
        help="A regulator or a compliance regime decides whether it may launch.",
        yes="the service is regulated",
        no="the service is not regulated",
    ),
    Fact(
        name="customer_facing",
        kind="bool",
        label="Carries customer traffic",
        help="Customers depend on it, directly or through another service. No for an internal tool.",
        yes="the service carries customer traffic",
        no="the service is internal",
    ),
    Fact(
        name="self_managed_database",
        kind="bool",
        label="Runs its own database",
        help="Your team operates the database server, rather than RDS, Cloud SQL, Aurora or the like.",
        yes="you run the database yourselves",
        no="the database is managed for you",
    ),
    Fact(
        name="uses_object_storage",
        kind="bool",
        label="Uses object storage",
        help="It keeps data in S3, Cloud Storage, Azure Blob Storage or the like.",
        yes="the service keeps data in object storage",
        no="the service uses no object storage",
    ),
    Fact(
        name="multi_service",
        kind="bool",
        label="Talks to other services",
        help="It calls other services of yours, or they call it.",
        yes="the service talks to other services",
        no="the service stands alone",
    ),
    Fact(
        name="runs_containers",
        kind="bool",
        label="Runs in containers",
        help="It is deployed as container images: Kubernetes, ECS, Cloud Run, Docker and so on.",
        yes="the service runs in containers",
        no="the service does not run in containers",
    ),
    Fact(
        name="team_size",
        kind="int",
        label="Engineers in the organisation",
        help="How many engineers could take part in running your services.",
    ),
    Fact(
        name="service_count",
        kind="int",
        label="Services in production",
        help="How many services your organisation runs, this one included.",
    ),
    Fact(
        name="cloud",
        kind="choice",
        label="Where it runs",
        help="The platform that carries production.",
        choices=(
            ("aws", "AWS"),
            ("gcp", "Google Cloud"),
            ("azure", "Azure"),
            ("other_cloud", "Another cloud"),
            ("own_hardware", "Our own servers"),
            ("embedded", "On devices or beside hardware"),
        ),
    ),
    Fact(
        name="stage",
        kind="choice",
        label="Stage of the company",
        help="How far along you are, or “established” if launch reviews are already a habit.",
        choices=(
            ("pre_seed", "Before seed"),
            ("seed", "Seed"),
            ("series_a", "Series A"),
            ("series_b", "Series B"),
            ("later", "Later than Series B"),
            ("established", "Established, with launch reviews as a habit"),
        ),
    ),
)
FACTS_BY_NAME: Final[dict[str, Fact]] = {fact.name: fact for fact in FACTS}

_TRUE = {"true", "yes", "y", "on", "1"}
_FALSE = {"false", "no", "n", "off", "0"}


def clean_facts(raw: Mapping[str, Any]) -> dict[str, FactValue]:
    """Return all facts, typed, from what a form, a CSV row or a catalogue file holds.

    Missing and empty values become None (not stated). Booleans may be written true/false, yes/no, on/off
    or 1/0. Raises `Invalid`, with `fields` naming each bad or unknown fact.
    """
    errors: dict[str, list[str]] = {
        name: [f"Unknown fact. Known: {', '.join(FACTS_BY_NAME)}."]
        for name in raw
        if name not in FACTS_BY_NAME
    }
    facts: dict[str, FactValue] = {}
    for fact in FACTS:
        value = raw.get(fact.name)
        try:
            facts[fact.name] = _clean(fact, value)
        except ValueError as error:
            errors[fact.name] = [str(error)]
    if errors:
        raise Invalid(f"Check these profile facts: {', '.join(errors)}.", errors)
    return facts


def _clean(fact: Fact, value: Any) -> FactValue:
    """Type one value; raise ValueError with a sentence that says what to enter."""
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if fact.kind == "bool":
        return _clean_bool(text)
    if fact.kind == "int":
        return _clean_int(fact, text)
    allowed = [choice for choice, _ in fact.choices]
    if not isinstance(text, str) or text.lower() not in allowed:
        raise ValueError(f"Choose one of: {', '.join(allowed)}.")
    return text.lower()


def _clean_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("Enter yes or no.")


def _clean_int(fact: Fact, value: Any) -> int:
    if isinstance(value, str) and len(value) <= 10 and value.isascii() and value.isdigit():  # noqa: PLR2004
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not fact.minimum <= value <= fact.maximum:
        raise ValueError(f"Enter a whole number from {fact.minimum} to {fact.maximum:,}.")
    return value
