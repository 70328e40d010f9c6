"""What a member typed about an item, and the card that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from django import forms
from django.http import QueryDict

from checklist.models import Item
from readiness.errors import DomainError, Invalid
from reviews.actions.answers import Said
from reviews.forms import kinds
from reviews.judging import is_computed
from reviews.queries.capacity import CAPACITY_ITEMS
from reviews.queries.on_call import FIGURE_ITEMS
from reviews.queries.sheet import ItemSheet
from reviews.rules import Problem, item_problems
from reviews.states import AnswerState

_CHOICES = {
    AnswerState.MET: ("ok", "check"),
    AnswerState.NOT_MET: ("bad", "x"),
    AnswerState.NOT_APPLICABLE: ("quiet", "dash"),
    AnswerState.DEFERRED: ("defer", "later"),
    AnswerState.WAIVED: ("warn", "clock"),
}


class AnswerForm(forms.Form):
    """The fields that every kind of item has; lengths are checked by the action, which names the limit."""

    revision = forms.IntegerField(min_value=0)
    state = forms.CharField(required=False)
    note = forms.CharField(required=False, strip=False)
    reason = forms.CharField(required=False, strip=False)
    trigger = forms.CharField(required=False, strip=False)

    def seen_revision(self) -> int:
        """Return the revision that the member saw; raises Invalid for a form that was tampered with."""
        if not self.is_valid():
            messages = {name: [str(error) for error in errors] for name, errors in self.errors.items()}
            first = next(iter(messages.values()))[0]
            raise Invalid(f"This could not be read: {first}", messages)
        revision: int = self.cleaned_data["revision"]
        return revision

    def said(self, item: Item) -> Said:
        """Return what was said about `item`, its figures or rows included."""
        texts = {name: self.cleaned_data[name] for name in ("state", "note", "reason", "trigger")}
        if item.kind == Item.Kind.INVENTORY:
            return Said(**texts, data=None)
        return Said(**texts, data=kinds.read(item, flat(cast("QueryDict", self.data))))


_OWN = frozenset({"revision", "state", "note", "reason", "trigger", "page", "csrfmiddlewaretoken"})


def flat(post: QueryDict) -> dict[str, str]:
    """One text per name: ticked boxes are joined by commas, of the form's own fields the last counts."""
    return {name: values[-1] if name in _OWN else ",".join(values) for name, values in post.lists()}


def labels_of(item: Item, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the label of each control that an answer to `item` has, by its name."""
    found = {"state": "Answer", "note": "Note", "reason": "Why", "trigger": "Look again when"}
    if item.kind == Item.Kind.INVENTORY:
        return found
    sheet = kinds.controls(item, kinds.read(item, typed), {})
    found |= {control.name: control.label for control in sheet.controls}
    for row in sheet.rows:
        about = f"{row.title}: " if row.title else ""
        found |= {each.name: about + each.label for each in row.controls}
    return found


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose from."""

    value: str
    label: str
    tone: str
    icon: str
    chosen: bool


@dataclass
class ItemCard:
    """An item as the workspace shows it: what is stored or, after an error, what was typed."""

    sheet: ItemSheet
    typed: Mapping[str, str] = field(default_factory=dict)
    error: DomainError | None = None

    @property
    def item(self) -> Item:
        """The question."""
        return self.sheet.item

    @property
    def revision(self) -> str:
        """The revision that a save refers to: the one that was typed on."""
        return self.typed.get("revision", str(self.sheet.answer.revision))

    @property
    def state(self) -> str:
        """The chosen answer."""
        return self.typed.get("state", self.sheet.answer.state)

    @property
    def note(self) -> str:
        """The note, in Markdown."""
        return self.typed.get("note", self.sheet.answer.note)

    @property
    def reason(self) -> str:
        """Why it does not apply, or why it can wait."""
        return self.typed.get("reason", self.sheet.answer.reason)

    @property
    def trigger(self) -> str:
        """What makes the team look at a deferral again."""
        return self.typed.get("trigger", self.sheet.answer.trigger)

    @property
    def is_attestation(self) -> bool:
        """Whether a person says met or not met; for the other kinds, what is recorded decides."""
        return self.item.kind == Item.Kind.ATTESTATION

    @property
    def is_computed(self) -> bool:
        """Whether the item follows another inventory and records nothing itself."""
        return is_computed(self.item)

    @property
    def is_table(self) -> bool:
        """Whether the item is too large for the section's page and has its inputs on its own."""
        return self.item.kind in (Item.Kind.DRILL, Item.Kind.INVENTORY, Item.Kind.REGISTER)

    @property
    def is_folded(self) -> bool:
        """Whether the section's page shows it folded; a register of one decision is decided right there."""
        return self.is_table and not self.is_register_of_one

    @property
    def is_register_of_one(self) -> bool:
        """Whether it asks for one decision, as those of the built-in checklist do."""
        return self.item.kind == Item.Kind.REGISTER and len(self.item.spec["decisions"]) == 1

    @property
    def inputs(self) -> kinds.Sheet:
        """The inputs of the item's kind."""
        data = kinds.read(self.item, self.typed) if self.typed else self.sheet.answer.data
        return kinds.controls(self.item, data, self.sheet.answer.judgement)

    @property
    def options(self) -> list[Option]:
        """The answers to choose from, in order."""
        states = [AnswerState.MET, AnswerState.NOT_MET, AnswerState.NOT_APPLICABLE]
        if not self.is_attestation:
            states = [AnswerState.NOT_APPLICABLE]
        if self.item.allow_deferral:
            states.append(AnswerState.DEFERRED)
        if self.sheet.answer.state == AnswerState.WAIVED:
            states.append(AnswerState.WAIVED)
        found = [_option(state, chosen=self.state == state) for state in states]
        if not self.is_attestation:
            chosen = not any(option.chosen for option in found)
            found.insert(0, Option("", "What is recorded decides", "info", "info", chosen))
        return found

    @property
    def judgement_words(self) -> str:
        """What the rules say of recorded figures or rows, in words."""
        judgement = self.sheet.answer.judgement
        told = not self.is_attestation or judgement.get("look_again")
        return " ".join(judgement.get("reasons", ())) if told else ""

    @property
    def judgement_tone(self) -> str:
        """The colour that goes with it."""
        tones = {"met": "ok", "warn": "warn", "not_met": "bad"}
        return tones.get(self.sheet.answer.judgement.get("verdict", ""), "quiet")

    @property
    def state_words(self) -> str:
        """The chosen answer in words."""
        return AnswerState(self.state).label if self.state in AnswerState.values else ""

    @property
    def waived_until(self) -> str:
        """“Waived until 31 Jan”, when it is."""
        waiver = self.sheet.waiver
        if waiver is None or self.sheet.answer.state != AnswerState.WAIVED:
            return ""
        return f"Waived until {waiver.expires_on.day} {waiver.expires_on:%b %Y}"

    @property
    def from_service(self) -> str:
        """Address name of what the service knows of this item: its rota, its capacity; "" for neither."""
        if FIGURE_ITEMS.get(self.item.slug) == self.item.kind:
            return "reviews:on_call"
        return "reviews:capacity" if CAPACITY_ITEMS.get(self.item.slug) == self.item.kind else ""

    @property
    def has_probes(self) -> bool:
        """Whether a probe can check the item."""
        return bool(self.item.probes)

    @property
    def needs_attention(self) -> bool:
        """Whether the card's foot has something to offer."""
        sheet = self.sheet
        return bool(sheet.can_be_waived or sheet.waiver or sheet.open_findings or sheet.disagreements)

    @property
    def is_problem(self) -> bool:
        """Whether something is wrong here, other than that nobody has answered yet."""
        stands = self.state in (AnswerState.NOT_MET, AnswerState.WAIVED)
        return self.sheet.answer.applicable and (
            stands or bool(self.sheet.disagreements) or bool(self.sheet.open_findings)
        )

    @property
    def problems(self) -> list[Problem]:
        """What stands in the way because of this item."""
        return item_problems(self.sheet.standing)


def _option(state: AnswerState, *, chosen: bool) -> Option:
    tone, icon = _CHOICES[state]
    return Option(state, state.label, tone, icon, chosen)
