"""What an item's page shows besides its sheet: history, neighbours, the answer of the last review."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from checklist.models import Item
from checklist.rules.on_call_figures import Figure
from readiness.accounts.models import User
from readiness.accounts.rights import Actor
from reviews.models import Answer, AnswerRevision, Finding, Ruling, Waiver
from reviews.permissions import Subject
from reviews.queries.authors import answer_authors
from reviews.queries.capacity import CAPACITY_ITEMS, Capacity, load_capacity
from reviews.queries.on_call import FIGURE_ITEMS, OnCall, load_on_call
from reviews.queries.sheet import ItemSheet
from reviews.queries.workspace import Workspace, load_sections, load_workspace
from reviews.states import WaiverStatus
from reviews.verbs import Verbs

HISTORY = 20


@dataclass
class ItemPage:
    """One item for one reader, within its section's workspace."""

    work: Workspace
    sheet: ItemSheet
    history: list[AnswerRevision]
    more_history: bool
    previous_answer: Answer | None
    past_rulings: list[Ruling]

    @property
    def neighbours(self) -> tuple[ItemSheet | None, ItemSheet | None]:
        """The items before and after this one in the section."""
        items = self.work.sheet.items
        at = items.index(self.sheet)
        return (items[at - 1] if at else None, items[at + 1] if at + 1 < len(items) else None)

    @cached_property
    def verbs(self) -> Verbs:
        """What the reader may do with this item; own work is what they wrote in this answer."""
        section = self.work.section
        return Verbs(
            self.work.actor,
            Subject(self.work.review.service.team_id, frozenset(section.section.reviewer_roles)),
            self.work.review.status,
            authors=lambda: answer_authors(self.sheet.answer.pk),
        )

    @property
    def waiver_to_decide(self) -> Waiver | None:
        """The waiver that the reader may grant or refuse."""
        waiver = self.sheet.waiver
        if waiver is None or waiver.status != WaiverStatus.REQUESTED:
            return None
        return waiver if self.verbs.get("waiver.decide", waiver.requested_by_id) else None

    @cached_property
    def team_members(self) -> list[tuple[int, str]]:
        """Id and name of those who can own a finding. One query."""
        return team_members(self.work.review.service.team_id)

    @cached_property
    def on_call(self) -> OnCall | None:
        """The rota, for an item whose answer may take a figure of it over. Three queries, for such items."""
        item = self.sheet.item
        if FIGURE_ITEMS.get(item.slug) != item.kind or not self.sheet.answer.applicable:
            return None
        return load_on_call(self.work.review.service, review=self.work.review)

    @cached_property
    def figure(self) -> Figure | None:
        """What the rota says of this item."""
        return self.on_call.figure(self.sheet.item.slug, self.sheet.item.spec) if self.on_call else None

    @cached_property
    def capacity(self) -> Capacity | None:
        """What is known of capacity, for the items that are about it. Two queries, for such items."""
        item = self.sheet.item
        if CAPACITY_ITEMS.get(item.slug) != item.kind or not self.sheet.answer.applicable:
            return None
        return load_capacity(self.work.review.service, review=self.work.review)

    @property
    def findings(self) -> list[Finding]:
        """Findings raised on this item."""
        return self.sheet.findings


def team_members(team_id: int) -> list[tuple[int, str]]:
    """Id and name of a team's active members. One query."""
    people = User.objects.filter(is_active=True, memberships__team_id=team_id)
    return list(people.values_list("pk", "name"))


def load_item_page(actor: Actor, answer: Answer) -> ItemPage:
    """Load one item for one reader: the workspace's queries and three more."""
    sections = load_sections(answer.review)
    here = next(each for each in sections if each.pk == answer.section_id)
    work = load_workspace(actor, answer.review, sections, here)
    sheet = next(each for each in work.sheet.items if each.answer.pk == answer.pk)
    history = list(
        AnswerRevision.objects.filter(answer=answer)
        .select_related("author")
        .order_by("-revision")[: HISTORY + 1]
    )
    return ItemPage(
        work,
        sheet,
        history[:HISTORY],
        len(history) > HISTORY,
        _previous(answer),
        list(Ruling.objects.filter(answer=answer).select_related("by")),
    )


def source_of(answer: Answer) -> Answer | None:
    """The answer whose rows a computed inventory judges. One query, none for other items."""
    slug = answer.item.spec.get("source") if answer.item.kind == Item.Kind.INVENTORY else None
    if not slug:
        return None
    rows = Answer.objects.select_related("item", "section").filter(review_id=answer.review_id)
    return rows.filter(item__slug=slug).first()


def _previous(answer: Answer) -> Answer | None:
    if answer.review.previous_id is None:
        return None
    rows = Answer.objects.select_related("review__service", "answered_by", "item")
    return rows.filter(review_id=answer.review.previous_id, item__slug=answer.item.slug).first()
