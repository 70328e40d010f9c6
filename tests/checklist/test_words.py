"""What a checklist asks, in words."""

from __future__ import annotations

import pytest

from checklist import words
from checklist.loader import BUILT_IN, read_checklist
from checklist.rules.inventory import judge_inventory
from checklist.schema import Content, ItemContent


@pytest.fixture(scope="module")
def library() -> Content:
    return read_checklist(BUILT_IN)


NOISE = (
    "A row that fired more than 2 times without action is not met: delete or downgrade it; above 3 with no "
    "action at all, suppress it."
)


def every_item(library: Content) -> list[ItemContent]:
    return [item for section in library.sections for item in section.items]


def asked(library: Content, slug: str) -> list[str]:
    item = next(item for item in every_item(library) if item.slug == slug)
    return words.what_is_asked(item.kind, library.resolved_spec(item))


@pytest.mark.parametrize(
    ("slug", "sentences"),
    [
        ("rotation-size", ["At least 4.", "6 is the target; below it there is a warning."]),
        ("page-load", ["At most 2."]),
        ("peak-traffic", ["A number: requests per second. Say when and how it was measured."]),
        ("on-call-drill", ["At most 10 minutes.", "“Which users are affected?” is answered."]),
        (
            "rollback-drill",
            [
                "Done by: a senior engineer. Somebody else watches.",
                "In under 3 minutes; exactly that is too long.",
                "With one command.",
            ],
        ),
        ("restore-drill", ["“The checks passed” must be yes.", "At most 90 days old."]),
        ("runbook-per-page", ["“Runbook” is filled in wherever “Tier” is “Page”."]),
        (
            "noise",
            [NOISE],
        ),
        ("headroom", ["30 % or more left is fine, 15 to 30 % is a warning, less is not met."]),
        ("time-to-scale", ["Each row of “headroom” has a row here."]),
        ("limits-known", ["Every choice of “Kind” has at least one row."]),
        ("runbook-intro", ["“Sentences of introduction” is at most 3."]),
        ("rollback-command", ["The note must say: the rollback command."]),
        (
            "service-mesh",
            ["Watched for you: due when “Services in production” is at least 10."],
        ),
        ("soc2", ["SOC 2: defer until customers ask for it."]),
        ("metric-errors", []),
    ],
)
def test_thresholds_in_words(library: Content, slug: str, sentences: list[str]) -> None:
    found = asked(library, slug)
    assert set(sentences) <= set(found), found
    assert bool(found) == bool(sentences)


def test_every_item_can_be_said(library: Content) -> None:
    for item in every_item(library):
        for sentence in words.what_is_asked(item.kind, library.resolved_spec(item)):
            assert sentence[0].isupper() or sentence[0] in "“0123456789", sentence
            assert sentence.endswith("."), sentence
        applicability = words.applicability(item.applies_when)
        assert applicability.startswith("Only when ") or item.applies_when is None


def test_inventories_of_the_library_can_be_judged(library: Content) -> None:
    for item in every_item(library):
        if item.kind == "inventory":
            assert judge_inventory(library.resolved_spec(item), []).verdict == "not_met"


def test_evidence_in_words() -> None:
    assert words.evidence("none", None) == "No evidence asked for."
    assert words.evidence("optional", None) == "Evidence welcome."
    assert words.evidence("required", 90) == "Evidence required; it counts for 90 days."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ("", "nothing"),
        (True, "yes"),
        (False, "no"),
        ("a", "a"),
        (5, "5"),
        ({"a": "é"}, '{"a": "é"}'),
    ],
)
def test_values(value: object, shown: str) -> None:
    assert words.value(value) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(60, "1 minute"), (600, "10 minutes"), (90, "90 seconds")])
def test_durations(seconds: int, shown: str) -> None:
    assert words.duration(seconds) == shown


def test_roles() -> None:
    assert words.roles(["sre", "security"]) == "SRE, Security"
    assert words.roles([]) == "any role"
