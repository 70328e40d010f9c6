"""Badges, cells and next steps in words."""

from __future__ import annotations

from datetime import date

import pytest

from reviews.standing import (
    SectionFigures,
    SignedOff,
    Standing,
    WaiverInForce,
    badge,
    cell,
    next_step,
    section_badge,
)


def section(
    title: str, status: str = "open", answered: int = 4, passing: int = 4, failing: int = 0
) -> SectionFigures:
    """A section of four items."""
    return SectionFigures(title.lower(), title, status, 4, answered, passing, failing)


DONE = section("Observability", "approved")
WAIVERS = (WaiverInForce(date(2026, 3, 31), "backups"), WaiverInForce(date(2026, 1, 5), "egress"))


@pytest.mark.parametrize(
    ("standing", "kind", "label", "words"),
    [
        (Standing(), "not_reviewed", "", "Start a review"),
        (Standing(misfit="signed"), "does_not_fit", "", ""),
        (
            Standing(misfit="recorded"),
            "not_reviewed",
            "",
            "Recorded that it does not fit: waits for a signature",
        ),
        (Standing("draft", None, [section("Alerting", answered=1)]), "draft", "", "3 to answer in Alerting"),
        (
            Standing("in_review", None, [DONE, section("Alerting", passing=2, failing=2)]),
            "in_review",
            "",
            "2 blockers in Alerting",
        ),
        (
            Standing("in_review", None, [DONE, section("On-call", "submitted"), section("Security")]),
            "in_review",
            "",
            "Waits for approval of On-call",
        ),
        (
            Standing("in_review", None, [section("On-call", "stale")]),
            "in_review",
            "",
            "On-call changed after its approval",
        ),
        (
            Standing("changes_requested", None, [section("A", "stale"), section("B", "changes_requested")]),
            "changes_requested",
            "",
            "Changes requested in B",
        ),
        (Standing("draft", None, [section("Alerting")]), "draft", "", "Alerting can be submitted"),
        (Standing("in_review", None, [DONE]), "in_review", "", "Ready to sign off"),
        (Standing("", SignedOff(1, "ready"), [DONE]), "ready", "", ""),
        (
            Standing("", SignedOff(1, "ready_with_waivers", None, WAIVERS)),
            "ready_with_waivers",
            "Ready, 2 waivers",
            "Waiver ends 5 Jan: egress",
        ),
        (
            Standing("", SignedOff(1, "not_ready")),
            "not_ready",
            "",
            "Signed off as not ready: start a new review",
        ),
        (Standing("", SignedOff(1, "ready", "A waiver ended.")), "stale", "", "A waiver ended."),
        # What was signed still stands while a new review runs.
        (
            Standing("draft", SignedOff(1, "ready"), [section("A", answered=0)]),
            "ready",
            "",
            "4 to answer in A",
        ),
    ],
)
def test_badge_and_next_step(standing: Standing, kind: str, label: str, words: str) -> None:
    assert badge(standing) == (kind, label)
    assert next_step(standing) == words


@pytest.mark.parametrize(
    ("figures", "css", "text", "words"),
    [
        (DONE, "tone-ok", "4/4", "approved"),
        (section("A", "stale"), "tone-warn stale", "stale", "changed after its approval"),
        (section("A", "submitted", passing=3), "tone-info", "3/4", "waits for approval"),
        (section("A", "changes_requested"), "tone-warn", "4/4", "changes requested"),
        (section("A", passing=3, failing=1), "tone-bad", "3/4", "1 blocker"),
        (section("A", answered=2, passing=2), "tone-quiet", "2/4", "2 of 4 answered"),
    ],
)
def test_cells(figures: SectionFigures, css: str, text: str, words: str) -> None:
    shown = cell(figures)
    assert (shown.css, shown.text) == (css, text)
    assert words in shown.title


def test_an_open_section_says_its_blockers() -> None:
    assert section_badge(section("A", failing=2)) == ("not_met", "2 blockers")
    assert section_badge(section("A", "submitted", failing=2)) == ("submitted", "")
