"""Who is on call for a service, and the figures that follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from django.utils import timezone

from checklist.models import Item
from checklist.rules.fit import fit_contradictions
from checklist.rules.judgement import Verdict
from checklist.rules.on_call import (
    LEAST_PEOPLE,
    MOST_PAGES,
    PAGE_WEEKS,
    TARGET_PEOPLE,
    Rotation,
    look_at,
    shape_problems,
    size_verdict,
)
from checklist.rules.on_call_figures import Figure, load_figure, shape_figure, size_figure
from checklist.rules.rota import Role, Shift, same_person
from reviews.models import Answer, Review, Roster, Service
from reviews.rota_picture import Week, weeks_of
from reviews.states import OPEN_REVIEW, ReviewStatus

SIZE: Final = "rotation-size"
SHAPE: Final = "rotation-shape"
LOAD: Final = "page-load"
ALERTS: Final = "alert-inventory"
# By these words a paragraph that came from a figure is known again.
SOURCE_START: Final = "From the rota of "
# The kind that an item must have for its answer to take a figure over.
FIGURE_ITEMS: Final[dict[str, str]] = {
    SIZE: Item.Kind.MEASURE,
    SHAPE: Item.Kind.ATTESTATION,
    LOAD: Item.Kind.MEASURE,
}


def shifts_of(roster: Roster) -> list[Shift]:
    """The turns of a roster as the rules take them. One query."""
    rows = roster.turns.values_list("starts_at", "ends_at", "person", "role")
    return [Shift(starts, ends, person, cast("Role", role)) for starts, ends, person, role in rows]


@dataclass
class OnCall:
    """The rota of one service as of `now`. `roster` is None until somebody planned or imported it."""

    service: Service
    roster: Roster | None
    shifts: list[Shift]
    counts: dict[tuple[date, str], int]
    now: datetime
    # Review from which the alert inventory is read: the open one, else the signed-off one.
    review: Review | None = None
    # The zone of a rota that is about to be imported; else the stored one's counts.
    zone_name: str = ""

    @property
    def revision(self) -> int:
        """What a form has to send back."""
        return self.roster.revision if self.roster else 0

    @property
    def zone(self) -> ZoneInfo:
        """The zone on whose clocks handovers are shown."""
        return ZoneInfo(self.zone_name or (self.roster.zone if self.roster else "UTC"))

    @cached_property
    def rotation(self) -> Rotation:
        """What the rules read in the turns."""
        return look_at(self.shifts, self.now)

    @cached_property
    def weeks(self) -> list[Week]:
        """The picture."""
        return weeks_of(self.shifts, self.rotation, self.now, self.zone)

    @cached_property
    def problems(self) -> list[str]:
        """What speaks against the shape of the rota."""
        return shape_problems(self.rotation, self.now) if self.rotation.people else []

    @property
    def size_verdict(self) -> Verdict:
        """Four people are the least, six the target."""
        return size_verdict(self.rotation.size)

    @property
    def shown_turns(self) -> list[Shift]:
        """The turns as a list beside the picture, as they begin."""
        turns = [turn for turn in self.rotation.turns if turn.ends_at > self.now - timedelta(days=7)]
        return sorted(turns, key=lambda turn: (turn.starts_at, turn.role))

    @property
    def contradictions(self) -> list[str]:
        """Where the size of the rota speaks against the fit check of the live review."""
        if self.review is None:
            return []
        declared = self.review.fit.get("declared", self.review.facts)
        return fit_contradictions(declared, declared, people_on_call=self.rotation.size)

    @cached_property
    def source(self) -> str:
        """Where the figures come from, in a sentence."""
        if self.roster is None:
            return ""
        span, zone = self.rotation.span, self.zone
        days = f"{span.starts_at.astimezone(zone):%-d %b %Y} to {span.ends_at.astimezone(zone):%-d %b %Y}"
        name = f" “{self.roster.source_name}”" if self.roster.source_name else ""
        updated = self.roster.updated_at.astimezone(zone)
        return (
            f"From the rota of {days}, {self.roster.get_source_display()}{name}, as of {updated:%-d %b %Y}."
        )

    @property
    def people_to_count(self) -> list[str]:
        """Everybody whose pages can be counted: who takes turns, and who left but was counted of late."""
        names = [person.name for person in self.rotation.people]
        known = {same_person(name) for name in names}
        counted = sorted({person for _, person in self.recent_counts})
        return names + [name for name in counted if same_person(name) not in known]

    @cached_property
    def alerts(self) -> list[dict[str, Any]]:
        """Rows of the alert inventory. One query, where there is a review."""
        if self.review is None:
            return []
        found = Answer.objects.filter(review=self.review, item__slug=ALERTS, applicable=True)
        data = found.values_list("data", flat=True).first() or {}
        return list(data.get("rows", []))

    def figure(self, item: str, spec: dict[str, Any] | None = None) -> Figure | None:
        """The figure for an item, against the limits of its spec; None where nothing can be worked out."""
        limits = spec or {}
        today = timezone.localtime(self.now, self.zone).date()
        if item == SIZE:
            least, target = limits.get("limit", LEAST_PEOPLE), limits.get("target", TARGET_PEOPLE)
            return size_figure(self.rotation, self.source, today, least=least, target=target)
        if item == SHAPE:
            return shape_figure(self.rotation, self.source, self.now)
        most = limits.get("limit", MOST_PAGES)
        return load_figure(self.rotation, self.recent_counts, self.alerts, today, most=most)

    @property
    def recent_counts(self) -> dict[tuple[date, str], int]:
        """Pages counted in the last four full weeks."""
        since = timezone.localtime(self.now).date() - timedelta(days=7 * PAGE_WEEKS + 6)
        return {key: pages for key, pages in self.counts.items() if key[0] >= since}


def load_on_call(service: Service, *, review: Review | None = None, now: datetime | None = None) -> OnCall:
    """Load the rota of a service. Three queries, four without a `review`."""
    at = now or timezone.now()
    roster = Roster.objects.select_related("updated_by").filter(service=service).first()
    if review is None:
        review = live_review(service)
    if roster is None:
        return OnCall(service, None, [], {}, at, review)
    counts = {(row.week, row.person): row.pages for row in roster.page_counts.all()}
    return OnCall(service, roster, shifts_of(roster), counts, at, review)


def live_review(service: Service) -> Review | None:
    """The open review of a service, else the one that is signed off. One query."""
    rows = service.reviews.filter(status__in=[*OPEN_REVIEW, ReviewStatus.SIGNED_OFF]).order_by("-number")
    found = list(rows.select_related("version", "checklist")[:5])
    return next((row for row in found if row.is_open), found[0] if found else None)


def people_on_call(service_id: int) -> int | None:
    """How many people take turns for a service, for the fit check; None when no rota is known. One query."""
    now = timezone.now()
    roster = Roster.objects.filter(service_id=service_id).first()
    if roster is None:
        return None
    return look_at(shifts_of(roster), now).size or None


def on_call_now(on_call: OnCall) -> list[Shift]:
    """Who is on call at this moment."""
    return [shift for shift in on_call.shifts if shift.starts_at <= on_call.now < shift.ends_at]
