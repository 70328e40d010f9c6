"""What moving an open review to another version of its checklist does: a plan, made from data alone. Pure.

The preview shows this plan, and the action carries out this plan: neither knows what the other does not.
Answers are carried by the slug of their item (docs/adr/0086-reviews-move-by-a-plan.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

import rfc8785
from pydantic import BaseModel, ValidationError

from checklist.models import Item, Section
from checklist.rules import applies, look_again
from checklist.rules.specs import AttestationSpec, DrillSpec, InventorySpec, MeasureSpec, RegisterSpec
from readiness.errors import Invalid
from reviews.judging import Context, is_computed, judge, sources_of
from reviews.states import AnswerState, SectionStatus, section_after

Target = Sequence[tuple[Section, Sequence[Item]]]
Fate = Literal["carried", "changed", "added", "orphaned"]

# What makes an item another question. Guidance, probes and lifetimes may be reworded without asking again.
QUESTION: Final[Mapping[str, str]] = {
    "title": "title",
    "severity": "severity",
    "evidence_rule": "evidence",
    "spec": "what is recorded and its limits",
}
_BY_HAND: Final = frozenset({AnswerState.NOT_APPLICABLE, AnswerState.DEFERRED, AnswerState.WAIVED})
_SPECS: Final[Mapping[str, type[BaseModel]]] = {
    "attestation": AttestationSpec,
    "measure": MeasureSpec,
    "drill": DrillSpec,
    "inventory": InventorySpec,
    "register": RegisterSpec,
}


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """An answer as it stands, with the item that it answers."""

    item: Item
    section: str
    state: str
    applicable: bool
    to_confirm: bool
    note: str
    data: Mapping[str, Any]
    judgement: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SectionNow:
    """A section as it stands. `approvals` are the names of those whose approval stands."""

    section: Section
    status: str
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A live waiver, an open finding or an open drill: on an item, or on the whole section (`item` empty)."""

    pk: int
    kind: Literal["waiver", "finding", "drill"]
    title: str
    section: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class ReviewNow:
    """An open review as it stands."""

    pk: int
    label: str
    url: str
    version: int
    facts: Mapping[str, Any]
    sections: Sequence[SectionNow]
    answers: Mapping[str, AnswerNow]
    held: Sequence[Held] = ()


@dataclass(frozen=True, slots=True)
class ItemMove:
    """What becomes of one item's answer. `section` is where it stands afterwards, or stood if orphaned."""

    slug: str
    title: str
    section: str
    fate: Fate
    before: str
    after: str
    applicable: bool
    to_confirm: bool
    changed: tuple[str, ...] = ()
    moved_from: str = ""
    judgement: dict[str, Any] | None = None  # None: stays


@dataclass(frozen=True, slots=True)
class SectionMove:
    """What becomes of one section. `reasons` say why its approvals do not stand any more."""

    slug: str
    title: str
    fate: Literal["kept", "added", "orphaned"]
    before: str
    after: str
    reasons: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """A waiver or a drill that ends, or a finding that is kept at `section`, because the item is gone."""

    pk: int
    kind: Literal["waiver", "finding", "drill"]
    title: str
    section: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that moving one review does."""

    review: int
    label: str
    url: str
    version: int
    items: tuple[ItemMove, ...]
    sections: tuple[SectionMove, ...]
    settled: tuple[Settled, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the plan as canonical JSON: the same plan, the same digest."""
        return hashlib.sha256(rfc8785.dumps(asdict(self))).hexdigest()

    def having(self, fate: Fate, *, answered: bool = False) -> list[ItemMove]:
        """The items of one fate; with `answered` only those that somebody had answered."""
        return [
            item
            for item in self.items
            if item.fate == fate and not (answered and item.before == AnswerState.UNANSWERED)
        ]

    @property
    def stale(self) -> list[SectionMove]:
        """Sections whose approvals do not stand any more."""
        return [section for section in self.sections if section.stale]

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the plan: answers by their fate, new items, approvals made stale."""
        return {
            "carried": len(self.having("carried", answered=True)),
            "changed": len(self.having("changed", answered=True)),
            "orphaned": len(self.having("orphaned", answered=True)),
            "added": len(self.having("added")),
            "stale": sum(len(section.stale) for section in self.sections),
        }


def plan_move(review: ReviewNow, target: Target, now: datetime) -> Plan:
    """Plan the move of an open review to what `target` asks; `now` judges the age of drills."""
    planner = _Planner(review, target, now)
    items = planner.items()
    sections = planner.sections(items)
    return Plan(
        review.pk, review.label, review.url, review.version, items, sections, planner.settled(items, sections)
    )


class _Planner:
    def __init__(self, review: ReviewNow, target: Target, now: datetime) -> None:
        self.review = review
        self.target = target
        self.now = now
        asked = {item.slug: item for _, items in target for item in items}
        self.kept = {
            slug: answer
            for slug, answer in review.answers.items()
            if slug in asked and asked[slug].kind == answer.item.kind
        }

    def items(self) -> tuple[ItemMove, ...]:
        moves = [
            self._kept(self.kept[item.slug], section, item)
            if item.slug in self.kept
            else self._added(section, item)
            for section, items in self.target
            for item in items
        ]
        moves += [
            ItemMove(
                slug,
                answer.item.title,
                answer.section,
                "orphaned",
                answer.state,
                answer.state,
                answer.applicable,
                False,
            )
            for slug, answer in self.review.answers.items()
            if slug not in self.kept
        ]
        return tuple(moves)

    def _added(self, section: Section, item: Item) -> ItemMove:
        state = AnswerState.UNANSWERED.value
        applicable = applies(item.applies_when, self.review.facts)
        return ItemMove(item.slug, item.title, section.slug, "added", state, state, applicable, False)

    def _kept(self, answer: AnswerNow, section: Section, item: Item) -> ItemMove:
        changed = changed_question(answer.item, item)
        state, judgement = self._judged(answer, item, "spec" in changed)
        if state == AnswerState.DEFERRED and not item.allow_deferral:
            state = AnswerState.UNANSWERED.value
            changed = (*changed, "allow_deferral")
        answered = state != AnswerState.UNANSWERED
        return ItemMove(
            slug=item.slug,
            title=item.title,
            section=section.slug,
            fate="changed" if changed or state != answer.state else "carried",
            before=answer.state,
            after=state,
            applicable=applies(item.applies_when, self.review.facts),
            to_confirm=answered and (answer.to_confirm or bool(changed)),
            changed=tuple(QUESTION.get(name, "deferral") for name in changed),
            moved_from=answer.section if answer.section != section.slug else "",
            judgement=judgement if judgement != dict(answer.judgement) else None,
        )

    def _judged(self, answer: AnswerNow, item: Item, spec_changed: bool) -> tuple[str, dict[str, Any]]:
        """The state and the judgement under the new item: figures are judged again where something moved."""
        sources = sources_of(item) | sources_of(answer.item)
        if not spec_changed and all(self._rows_before(slug) == self._rows_after(slug) for slug in sources):
            return answer.state, dict(answer.judgement)
        rows = {slug: self._rows_after(slug) for slug in sources}
        try:
            judged = judge(item, answer.data, answer.note, Context(rows, self.review.facts, self.now))
        except Invalid:  # recorded in a shape that the item does not take any more: to be answered again
            state, judgement = AnswerState.UNANSWERED.value, {}
        else:
            state, judgement = str(judged.state), judged.as_json()
        if item.kind == Item.Kind.REGISTER:
            for decision, why in dict(answer.judgement.get("look_again", {})).items():
                judgement = look_again(item.spec, judgement, decision, why)
        follows = answer.state not in _BY_HAND and (is_computed(item) or bool(answer.data))
        return (state if follows and item.kind != Item.Kind.ATTESTATION else answer.state), judgement

    def _rows_before(self, slug: str) -> list[Any]:
        answer = self.review.answers.get(slug)
        return list(answer.data.get("rows", [])) if answer else []

    def _rows_after(self, slug: str) -> list[Any]:
        return self._rows_before(slug) if slug in self.kept else []

    def sections(self, items: tuple[ItemMove, ...]) -> tuple[SectionMove, ...]:
        before = {now.section.slug: now for now in self.review.sections}
        moves = []
        for section, _ in self.target:
            now = before.pop(section.slug, None)
            if now is None:
                status = SectionStatus.OPEN.value
                moves.append(SectionMove(section.slug, section.title, "added", "", status))
                continue
            reasons = self._reasons(now, section, items)
            stale = now.approvals if reasons else ()
            after = section_after("content.change", now.status) if stale else now.status
            moves.append(
                SectionMove(
                    section.slug, section.title, "kept", now.status, str(after), tuple(reasons), stale
                )
            )
        reason = ("The section is no longer part of the checklist",)
        moves += [
            SectionMove(slug, now.section.title, "orphaned", now.status, now.status, reason, now.approvals)
            for slug, now in before.items()
        ]
        return tuple(moves)

    def _reasons(self, now: SectionNow, section: Section, items: tuple[ItemMove, ...]) -> list[str]:
        """Why what was approved is not what is asked now; empty when nothing touches an approval."""
        reasons = []
        rule = (now.section.approvals_required, sorted(now.section.reviewer_roles))
        if rule != (section.approvals_required, sorted(section.reviewer_roles)):
            reasons.append("Who has to approve changed")
        for item in items:
            if item.moved_from == section.slug:
                reasons.append(f"“{item.title}” moved to another section")
            if item.section == section.slug:
                reasons += self._item_reasons(item)
        return reasons

    def _item_reasons(self, item: ItemMove) -> list[str]:
        if item.fate == "added":
            return [f"“{item.title}” is new"]
        if item.fate == "orphaned":
            return [f"“{item.title}” is no longer asked"]
        reasons = [f"“{item.title}” changed: {', '.join(item.changed)}"] if item.changed else []
        if item.before != item.after and not item.changed:
            reasons.append(f"“{item.title}” is judged again")
        if item.applicable != self.review.answers[item.slug].applicable:
            reasons.append(f"“{item.title}” {'applies' if item.applicable else 'does not apply'} now")
        if item.moved_from:
            reasons.append(f"“{item.title}” comes from another section")
        return reasons

    def settled(self, items: tuple[ItemMove, ...], sections: tuple[SectionMove, ...]) -> tuple[Settled, ...]:
        """Waivers and drills of what is gone end; findings stay open, on a section that is still there."""
        gone = {item.slug for item in items if item.fate == "orphaned"}
        lost = {section.slug for section in sections if section.fate == "orphaned"}
        found = []
        for held in self.review.held:
            if held.item in gone or (not held.item and held.section in lost):
                where = self._home(held.section, lost)
                found.append(Settled(held.pk, held.kind, held.title, where if held.kind == "finding" else ""))
        return tuple(found)

    def _home(self, slug: str, lost: set[str]) -> str:
        """The section itself, or the last one before it that stays, or the first of all."""
        home = self.target[0][0].slug
        for now in self.review.sections:
            if now.section.slug not in lost:
                home = now.section.slug
            if now.section.slug == slug:
                break
        return home


def changed_question(old: Item, new: Item) -> tuple[str, ...]:
    """The fields of `QUESTION` in which two items differ. Defaults of newer releases are no difference."""
    changed = [name for name in QUESTION if name != "spec" and getattr(old, name) != getattr(new, name)]
    if _full_spec(old) != _full_spec(new):
        changed.append("spec")
    return tuple(changed)


def _full_spec(item: Item) -> dict[str, Any]:
    try:
        return _SPECS[item.kind].model_validate(item.spec).model_dump(mode="json")
    except ValidationError:
        return dict(item.spec)
