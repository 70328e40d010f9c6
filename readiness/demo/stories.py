"""What happened to each service of the demo: one function per story, told by the actions of the product."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from checklist.models import Item
from readiness.accounts.rights import Actor
from readiness.demo.answers import SAMPLES, filled
from readiness.demo.drills import days_before, report_rollback, run_drill
from reviews.actions.answers import Said, save_answer
from reviews.actions.deferrals import Decision, add_deferral
from reviews.actions.evidence import About, add_link
from reviews.actions.findings import raise_finding
from reviews.actions.fit_checks import record_misfit
from reviews.actions.reviews import start_review
from reviews.actions.sections import approve_section, request_changes, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.actions.waivers import decide_waiver, request_waiver
from reviews.actions.watching import look_again
from reviews.models import Answer, Deferral, Review, ReviewSection, Service, Waiver
from reviews.queries.content import digest_of, section_content
from reviews.queries.sheet import load_review_sheets, load_sheet


@dataclass
class Story:
    """The service, the people by first name, and what they do. Each method is one kind of step."""

    service: Service
    people: dict[str, Actor]
    checklist: str
    _review: Review | None = field(default=None, init=False)

    @property
    def review(self) -> Review:
        """The review that the story is about."""
        assert self._review is not None  # noqa: S101  # every story starts one first
        return self._review

    def start(self, who: str) -> None:
        """Start a review."""
        self._review = start_review(self.people[who], self.service.pk, self.checklist, self.service.facts)

    def section(self, slug: str) -> ReviewSection:
        """A section as it is now."""
        rows = self.review.sections.select_related("section", "review__service__team")
        return rows.get(slug=slug)

    def answer(self, who: str, section: str, *, leave: Collection[str] = ()) -> None:
        """Answer a section as the samples have it, with evidence, except the items in `leave`."""
        rows = Answer.objects.filter(review=self.review, section__slug=section, applicable=True)
        for row in rows.select_related("item"):
            if row.item.slug not in leave:
                self.say(who, row)

    def say(self, who: str, row: Answer) -> None:
        """Save the sample answer for one item and attach its link."""
        sample = filled(SAMPLES[row.item.slug], self.service.name, self.service.slug, timezone.now())
        actor, slug = self.people[who], row.item.slug
        if sample.link:
            seen_on = timezone.localdate() - timedelta(days=5)
            about = About(title=sample.title, observed_on=seen_on)
            add_link(actor, self.review.pk, slug, sample.link, about)
        if row.item.kind == Item.Kind.DRILL:
            run_drill(self, who, row, sample.data)
        elif sample.note or sample.data:
            said = Said("met", note=sample.note, data=sample.data)
            save_answer(actor, self.review.pk, slug, said, row.revision)

    def drill_before(self, who: str, item: str, **changes: Any) -> None:
        """Run the drill of an item as its sample has it, but with `changes`."""
        row = Answer.objects.select_related("item").get(review=self.review, item__slug=item)
        sample = filled(SAMPLES[item], self.service.name, self.service.slug, timezone.now())
        run_drill(self, who, row, {**sample.data, **changes})

    def not_met(self, who: str, item: str, note: str) -> None:
        """Answer one item with not met."""
        row = Answer.objects.get(review=self.review, item__slug=item)
        save_answer(self.people[who], self.review.pk, item, Said("not_met", note=note), row.revision)

    def submit(self, who: str, section: str) -> None:
        """Hand a section to its reviewers."""
        submit_section(self.people[who], self.section(section))

    def approve(self, who: str, section: str, note: str = "") -> None:
        """Approve a section at what it holds now."""
        row = self.section(section)
        approve_section(self.people[who], row, digest_of(section_content(load_sheet(row))), note)

    def finish_section(self, who: str, section: str) -> None:
        """Answer, submit and have approved by whoever the section asks for."""
        self.answer(who, section)
        self.submit(who, section)
        self.approve("toni" if section == "security" else "sam", section)

    def waiver(self, who: str, section: str, item: str, reason: str, control: str, days: int) -> Waiver:
        """Ask for a waiver."""
        return request_waiver(
            self.people[who],
            self.section(section),
            reason=reason,
            compensating_control=control,
            expires_on=timezone.localdate() + timedelta(days=days),
            item_slug=item,
        )

    def defer(self, who: str, decision: Decision) -> Deferral:
        """Put a decision of the team's own on the register."""
        return add_deferral(self.people[who], self.service.pk, decision)

    def sign(self, note: str) -> None:
        """Sign the review off as ready."""
        digest = review_digest(load_review_sheets(self.review))
        sign_off(self.people["alex"], self.review.pk, ready=True, note=note, seen_digest=digest)

    @property
    def sections(self) -> list[str]:
        """Slugs of the sections in order."""
        return list(self.review.sections.order_by("position").values_list("slug", flat=True))


def _checkout(story: Story) -> None:
    """Everything done and signed off: there is a packet to look at, and a drill that took a second try."""
    story.start("priya")
    first = {"when": days_before(40), "seconds": 754, "wrong": "who"}
    story.drill_before("priya", "on-call-drill", **first)
    report_rollback(story, "priya", SAMPLES["rollback-drill"].data)
    for place, section in enumerate(story.sections):
        story.finish_section("max" if place % 2 else "priya", section)
    story.sign("Drills are recent and the team knows its runbooks. Go.")


def _identity(story: Story) -> None:
    """Signed off with a waiver that ends soon."""
    story.start("max")
    for section in story.sections:
        if section != "security":
            story.finish_section("max", section)
            continue
        story.answer("max", section, leave=["egress"])
        story.not_met(
            "max", "egress", "The policy is written, but only observes. Blocking starts next month."
        )
        waiver = story.waiver(
            "max",
            section,
            "egress",
            "Blocking before the new mail provider is live would cut off password resets.",
            "All outgoing connections are logged, and an unknown host pages us.",
            24,
        )
        decide_waiver(story.people["alex"], waiver.pk, grant=True, note="Until the provider is switched.")
        story.submit("max", section)
        story.approve("toni", section, "With the waiver for egress. I will look again when it ends.")
    story.sign("Ready, with egress to be closed within the month.")


def _gateway(story: Story) -> None:
    """Approved part-way: four sections approved, the fifth submitted, with a finding that blocks it."""
    story.start("max")
    for section in story.sections[:4]:
        story.finish_section("max", section)
    story.answer("max", "capacity")
    story.submit("max", "capacity")
    raise_finding(
        story.people["sam"],
        story.section("capacity"),
        title="The limit of the database was read from staging",
        detail="Staging has half the connections. Read it from production and correct the row.",
        item_slug="headroom",
        owner_id=story.people["max"].id,
        due_on=timezone.localdate() + timedelta(days=10),
    )


def _search(story: Story) -> None:
    """Sent back by a reviewer."""
    story.start("lin")
    story.finish_section("lin", "observability")
    story.answer("lin", "alerting")
    story.submit("lin", "alerting")
    request_changes(
        story.people["sam"],
        story.section("alerting"),
        "The page on latency looks at the average. Alert on p99, then send it to me again.",
        "page-latency",
    )
    story.answer("lin", "on-call", leave=["recognised"])


def _catalog(story: Story) -> None:
    """The first section waits for its reviewer, and a waiver waits for a decision."""
    story.start("lin")
    story.answer("lin", "observability")
    story.submit("lin", "observability")
    story.answer("lin", "on-call", leave=["rotation-size"])
    row = Answer.objects.get(review=story.review, item__slug="rotation-size")
    said = Said("met", data={"number": 3, "how": "Counted in the schedule."})
    save_answer(story.people["lin"], story.review.pk, "rotation-size", said, row.revision)
    story.waiver(
        "lin",
        "on-call",
        "rotation-size",
        "The fourth engineer starts in six weeks.",
        "Platform takes every second weekend until then.",
        60,
    )
    postponed = Decision(
        "A search index of our own",
        "defer",
        "The database answers fast enough.",
        "Lin Chen",
        "manual: the catalog takes over a second to answer",
    )
    found = story.defer("lin", postponed)
    look_again(story.people["sam"], found.pk, "The slowest tenth of catalog queries took 1.3 s last week.")


def _mailer(story: Story) -> None:
    """Changed after its approval: the approval is stale, and the page shows what changed."""
    story.start("lin")
    story.finish_section("lin", "observability")
    row = Answer.objects.get(review=story.review, item__slug="stack-named")
    note = "Grafana Cloud for logs and metrics. Traces moved to our own Tempo."
    save_answer(story.people["lin"], story.review.pk, "stack-named", Said("met", note=note), row.revision)


def _invoicing(story: Story) -> None:
    """A draft with blockers."""
    story.start("priya")
    story.answer(
        "priya", "observability", leave=["traces-critical-paths", "on-call-drill", "metric-saturation"]
    )
    story.not_met("max", "metric-saturation", "The queue has no metric yet. Planned for this sprint.")
    story.answer("priya", "on-call", leave=["rotation-shape", "recognised"])
    story.answer("max", "deployment", leave=["rollback-drill"])


def _readiness(story: Story) -> None:
    """This application: begun, with the items that probes can check left to them."""
    story.start("max")
    story.answer("max", "observability", leave=["request-id", "traces-critical-paths", "on-call-drill"])
    story.answer("max", "deployment", leave=["rolling", "rollback-drill"])
    story.answer("max", "deferred")
    story.defer(
        "max",
        Decision(
            "A read replica of the database",
            "defer",
            "One database carries all of it with room to spare.",
            "Max Brandt",
            "service_count / team_size > 1 or self_managed_database",
        ),
    )


def _signup(story: Story) -> None:
    """Just started."""
    story.start("priya")
    story.answer("priya", "observability", leave=["request-id", "metric-errors", "on-call-drill"])


def _experiments(story: Story) -> None:
    """An internal tool: the checklist does not fit, which waits for a signature."""
    record_misfit(
        story.people["lin"],
        story.service.pk,
        story.checklist,
        story.service.facts,
        "Only we see it. It follows our rules for internal tools: a backup, and an owner who answers.",
    )


STORIES: Final[dict[str, Callable[[Story], None]]] = {
    "checkout": _checkout,
    "identity": _identity,
    "gateway": _gateway,
    "search": _search,
    "catalog": _catalog,
    "mailer": _mailer,
    "invoicing": _invoicing,
    "readiness": _readiness,
    "signup": _signup,
    "experiments": _experiments,
}
