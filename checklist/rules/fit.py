"""The fit check: is this checklist meant for this service? A decision table over profile facts.

It advises and never blocks. Who the checklist is for: software as a service, seed to Series B, 5 to 50
engineers, real customer traffic for the first time, on a public cloud with managed databases, and no
regulated data at scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from checklist.facts import FACTS_BY_NAME, Facts
from checklist.rules.applicability import holds

OPEN_WORDS: Final = "Not stated yet:"
FitWord = Literal["fits", "fits_with_cautions", "does_not_fit"]

FIT_LABELS: Final[dict[FitWord, str]] = {
    "fits": "Fits",
    "fits_with_cautions": "Fits, with cautions",
    "does_not_fit": "Does not fit",
}


@dataclass(frozen=True, slots=True)
class FitVerdict:
    """The verdict and why, the weightiest reason first.

    `reasons` end in one line on the facts that are `open` (their labels); `against` are the reasons without
    it, and `speaks_for` what speaks for the checklist, whatever the verdict.
    """

    verdict: FitWord
    reasons: list[str]
    against: list[str]
    speaks_for: list[str]
    open: list[str]

    @property
    def label(self) -> str:
        """The verdict for a reader."""
        return FIT_LABELS[self.verdict]


def _is(fact: str, value: object) -> dict[str, Any]:
    return {"fact": fact, "is": value}


# Every row whose rule is true gives its reason. The worst verdict among them is the verdict.
FIT_TABLE: Final[tuple[tuple[FitWord, dict[str, Any], str], ...]] = (
    (
        "does_not_fit",
        _is("regulated", True),
        "It is regulated: compliance is the gate for your launch, and this cannot stand in for it.",
    ),
    (
        "does_not_fit",
        _is("cloud", "embedded"),
        "It runs on devices or beside hardware, where rollback, paging and restore work differently.",
    ),
    (
        "does_not_fit",
        _is("customer_facing", False),
        "It is an internal tool. With a handful of users, the review costs more than it returns.",
    ),
    (
        "does_not_fit",
        _is("stage", "established"),
        "Launch reviews are already a habit with you. This one is for teams doing it the first time.",
    ),
    (
        "fits_with_cautions",
        _is("handles_health_data", True),
        "It handles health data. Find out which rules bind you: this checklist does not cover them.",
    ),
    (
        "fits_with_cautions",
        {"fact": "team_size", "at_most": 4},
        "You have fewer than 5 engineers. A rotation of 4 and a witness for each drill will be hard to find.",
    ),
    (
        "fits_with_cautions",
        {"fact": "team_size", "at_least": 51},
        "You have more than 50 engineers. Expect to need more than one checklist, and more reviewers.",
    ),
    (
        "fits_with_cautions",
        _is("self_managed_database", True),
        "You run the database yourselves, not a managed one: there is one more recovery exercise to do.",
    ),
    (
        "fits_with_cautions",
        _is("cloud", "own_hardware"),
        "It runs on your own servers. Guidance here names AWS, Google Cloud and Azure: translate it.",
    ),
    (
        "fits_with_cautions",
        _is("cloud", "other_cloud"),
        "It runs on another cloud. Examples here name AWS, Google Cloud and Azure: find the counterpart.",
    ),
    (
        "fits_with_cautions",
        _is("stage", "pre_seed"),
        "You are before seed. Until customers depend on the service, much of this can wait.",
    ),
    (
        "fits_with_cautions",
        _is("stage", "later"),
        "You are past Series B. Some things this checklist defers on purpose may be due for you.",
    ),
    ("fits", _is("customer_facing", True), "Customers depend on it."),
    (
        "fits",
        {"all": [{"fact": "team_size", "at_least": 5}, {"fact": "team_size", "at_most": 50}]},
        "Your engineering team is between 5 and 50 people.",
    ),
    (
        "fits",
        {"any": [_is("cloud", "aws"), _is("cloud", "gcp"), _is("cloud", "azure")]},
        "It runs on a public cloud.",
    ),
    ("fits", _is("self_managed_database", False), "Its database is managed for you."),
    (
        "fits",
        {"any": [_is("stage", "seed"), _is("stage", "series_a"), _is("stage", "series_b")]},
        "You are between seed and Series B.",
    ),
    (
        "fits",
        {"all": [_is("regulated", False), _is("handles_health_data", False)]},
        "No regulated data at scale.",
    ),
)
FIT_FACTS: Final = (
    "customer_facing",
    "regulated",
    "handles_health_data",
    "team_size",
    "cloud",
    "self_managed_database",
    "stage",
)


def fit_check(facts: Facts) -> FitVerdict:
    """Judge whether the checklist fits a service with these facts. Open facts together are a caution."""
    found: dict[FitWord, list[str]] = {"does_not_fit": [], "fits_with_cautions": [], "fits": []}
    for verdict, rule, reason in FIT_TABLE:
        if holds(rule, facts) is True:
            found[verdict].append(reason)
    against = found["does_not_fit"] + found["fits_with_cautions"]
    missing = [FACTS_BY_NAME[name].label for name in FIT_FACTS if facts.get(name) is None]
    reasons = against + ([f"{OPEN_WORDS} {', '.join(missing).lower()}."] if missing else [])
    word: FitWord = "does_not_fit" if found["does_not_fit"] else "fits_with_cautions" if reasons else "fits"
    return FitVerdict(word, reasons or found["fits"], against, found["fits"], missing)


def fit_contradictions(declared: Facts, current: Facts, *, people_on_call: int | None = None) -> list[str]:
    """What is known now that speaks against the fit check made with the `declared` facts.

    `people_on_call` is the size of the rotation, where it is known. An empty list: nothing does. A verdict
    that got better is told too, so that “does not fit” is looked at again when its reason is gone.
    """
    warnings = []
    team = declared.get("team_size")
    if people_on_call is not None and team is not None and people_on_call > int(team):
        warnings.append(f"{people_on_call} people are on call, but the fit check says {team} engineers.")
    before, after = fit_check(declared), fit_check(current)
    warnings += [reason for reason in after.against if reason not in before.against]
    if before.verdict == "does_not_fit" and after.verdict != "does_not_fit":
        warnings.append(f"The facts of today say “{after.label.lower()}”: what spoke against it is gone.")
    return warnings
