"""The forms of drills. They read what was typed; the actions check it, and name the field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from checklist.rules.spec_base import Column
from checklist.rules.specs import DrillSpec
from readiness.ui import size_words
from reviews import storage
from reviews.actions.drill_results import Result
from reviews.filetypes import ACCEPT_ATTRIBUTE, ACCEPTED_WORDS
from reviews.forms.kinds import to_local, to_utc
from reviews.queries.drills import Candidate, DrillSheet, Given

_YES_NO = (("", "Choose"), ("yes", "Yes"), ("no", "No"))
_RIGHT_WRONG = (("right", "Right"), ("wrong", "Wrong"))
_OUTCOMES = (("passed", "It passed"), ("failed", "It failed"))
_MOMENT = "%Y-%m-%dT%H:%M:%S"


class _LooseText(forms.CharField):
    """A text that must be there in the end, and may be saved without."""

    def validate(self, value: Any) -> None:
        """Take anything: what is missing is named when the drill is graded."""


class _LooseChoice(forms.ChoiceField):
    """A choice that must be made in the end, and may be saved without."""

    def validate(self, value: Any) -> None:
        """Take nothing, too; see `_LooseText`."""
        if value:
            super().validate(value)


class PeopleSelect(forms.Select):
    """People by name; somebody who may not is listed with the reason, and cannot be chosen."""

    def __init__(self, people: list[Candidate], *, with_reasons: bool) -> None:
        super().__init__()
        self.why_not = {str(each.id): each.why_not for each in people if with_reasons and each.why_not}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """One option; the reason stands behind the name."""
        reason = self.why_not.get(str(value))
        words = f"{label}: {_after_name(reason, str(label))}" if reason else label
        option = super().create_option(name, value, words, *args, **kwargs)
        if reason:
            option["attrs"]["disabled"] = True
        return option


def _after_name(reason: str, name: str) -> str:
    """The first sentence of a reason, without the name that the option says already."""
    return reason.removeprefix(f"{name} ").partition(". ")[0]


class _People(forms.Form):
    """Who runs a drill, and who watches."""

    spec: DrillSpec
    runner = forms.TypedChoiceField(label="Who runs it", coerce=int)
    witness = forms.TypedChoiceField(
        label="Who watches", coerce=int, help_text="Somebody else. The witness keeps quiet, and grades it."
    )

    def offer(self, people: list[Candidate]) -> None:
        """Let people be chosen."""
        choices = [("", "Choose"), *((str(each.id), each.name) for each in people)]
        for name in ("runner", "witness"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  # declared above
            field.widget = PeopleSelect(people, with_reasons=name == "runner")
            field.choices = choices
        self.fields["runner"].help_text = f"{self.spec.operator}."


class PeopleForm(_People):
    """Arranges a drill."""

    def __init__(self, *args: Any, spec: DrillSpec, people: list[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        self.offer(people)


class StartForm(forms.Form):
    """Somebody's word that the runner is new to on-call, where that is asked for."""

    declared_new = forms.BooleanField(required=False)

    def __init__(self, *args: Any, spec: DrillSpec, runner: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if spec.runner == "new_to_on_call":
            self.fields["declared_new"].label = f"{runner} has never been on call for this service"
        else:
            del self.fields["declared_new"]


class TextForm(forms.Form):
    """An answer, or a line of the log."""

    text = forms.CharField(strip=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, label: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = label


class DetailsForm(forms.Form):
    """What the item asks for besides the time: the command, and the fields of its record."""

    use_required_attribute = False

    def __init__(self, *args: Any, spec: DrillSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        if spec.max_commands is not None:
            words = "The command" if spec.max_commands == 1 else f"The commands, at most {spec.max_commands}"
            area = forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"})
            self.fields["commands"] = _LooseText(label=words, widget=area)
        for column in spec.fields:
            self.fields[f"field-{column.key}"] = _field(column)

    @property
    def raw_fields(self) -> dict[str, str]:
        """What was typed into the record's fields, by key; after `is_valid`."""
        return {
            column.key: _raw(column, self.cleaned_data.get(f"field-{column.key}", ""))
            for column in self.spec.fields
        }


class ResultForm(forms.Form):
    """The result of a drill: a file, a note or a link."""

    file = forms.FileField(label="A file", required=False, allow_empty_file=True)
    note = forms.CharField(
        label="or a note", required=False, widget=forms.Textarea(attrs={"rows": 3}), strip=False
    )
    url = forms.CharField(
        label="or a link to the result",
        required=False,
        help_text="Not to the runbook: that says how it is done, not what came out.",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.EVIDENCE_MAX_BYTES
        self.fields["file"].help_text = f"{ACCEPTED_WORDS}; at most {size_words(most)}."
        self.fields["file"].widget.attrs |= {"accept": ACCEPT_ATTRIBUTE, "data-max-bytes": most}

    def result(self) -> Result:
        """Return what was given, the file stored already. Raises Invalid for a file that is not taken."""
        typed = self.cleaned_data
        upload = typed.get("file")
        if not upload:
            return Result(note=typed["note"], url=typed["url"])
        stored = storage.store(upload, max_bytes=settings.EVIDENCE_MAX_BYTES, name=upload.name)
        return Result(file=stored, file_name=upload.name)


class GradeForm(forms.Form):
    """The witness grades each answer and the whole."""

    use_required_attribute = False

    outcome = forms.ChoiceField(
        label="Outcome",
        choices=_OUTCOMES,
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether the drill passed or failed."},
    )
    remark = forms.CharField(
        label="Remark",
        required=False,
        help_text="What was missing, where they stopped or asked. It goes into the record.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, given: list[Given], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [each for each in given if each.answer]
        for each in self.asked:
            self.fields[f"grade-{each.slug}"] = _grade_field(each, required=True)
        self.order_fields([*(f"grade-{each.slug}" for each in self.asked), "outcome", "remark"])

    @property
    def grades(self) -> dict[str, str]:
        """The grades by question; after `is_valid`."""
        named = {each.slug: self.cleaned_data.get(f"grade-{each.slug}", "") for each in self.asked}
        return {slug: grade for slug, grade in named.items() if grade}


class RecordForm(_People, DetailsForm, ResultForm):
    """A drill that happened elsewhere, with typed times."""

    started_at = forms.CharField(label="Started")
    stopped_at = forms.CharField(label="Finished")
    outcome = forms.ChoiceField(
        label="Outcome",
        choices=_OUTCOMES,
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether the drill passed or failed."},
    )
    log = forms.CharField(
        label="What happened", required=False, widget=forms.Textarea(attrs={"rows": 4}), strip=False
    )

    def __init__(self, *args: Any, spec: DrillSpec, people: list[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, spec=spec, **kwargs)
        self.offer(people)
        for name in ("started_at", "stopped_at"):
            self.fields[name].widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
        for question in spec.questions:
            name = f"answer-{question.slug}"
            area = forms.Textarea(attrs={"rows": 2})
            self.fields[name] = forms.CharField(label=question.text, required=False, widget=area)
            self.fields[f"grade-{question.slug}"] = _grade_field(
                Given(question.slug, "Was that right?"), required=False
            )
        if not spec.artifact:
            for name in ("file", "note", "url"):
                del self.fields[name]
        self.order_fields(["runner", "witness", "started_at", "stopped_at"])

    def clean(self) -> dict[str, Any]:
        """Read both times in the reader's zone."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("started_at", "stopped_at"):
            moment = _moment(typed.get(name, ""))
            if moment is None and name not in self.errors:
                self.add_error(name, "Enter a date and time, for example 2026-03-31 14:05.")
            typed[name] = moment
        return typed

    def by_question(self, prefix: str) -> dict[str, str]:
        """Answers or grades by the question's slug; after `is_valid`."""
        named = {
            each.slug: self.cleaned_data.get(f"{prefix}-{each.slug}", "") for each in self.spec.questions
        }
        return {slug: text for slug, text in named.items() if text}

    def given_result(self) -> Result:
        """The result, where the item asks for one."""
        return self.result() if self.spec.artifact else Result()


def details_initial(sheet: DrillSheet) -> dict[str, Any]:
    """What a drill has recorded so far, as its form shows it."""
    shown: dict[str, Any] = {"commands": sheet.drill.commands}
    for column in sheet.spec.fields:
        value = sheet.drill.fields.get(column.key)
        if column.type == "datetime":
            value = to_local(value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, list):
            value = ", ".join(value)
        shown[f"field-{column.key}"] = "" if value is None else value
    return shown


def _field(column: Column) -> forms.CharField | forms.ChoiceField:
    label = f"{column.label}, in {column.unit}" if column.unit else column.label
    common: dict[str, Any] = {"label": label, "help_text": column.help or "", "required": column.required}
    if column.type == "boolean":
        return _LooseChoice(choices=_YES_NO, **common)
    if column.type == "choice":
        named = [(choice.value, choice.label) for choice in column.choices]
        return _LooseChoice(choices=[("", "Choose"), *named], **common)
    widgets: Mapping[str, forms.Widget] = {
        "long_text": forms.Textarea(attrs={"rows": 3}),
        "datetime": forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        "date": forms.DateInput(attrs={"type": "date"}),
        "number": forms.TextInput(attrs={"inputmode": "decimal"}),
        "url": forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    }
    return _LooseText(widget=widgets.get(column.type, forms.TextInput()), **common)


def _raw(column: Column, typed: str) -> str:
    return to_utc(typed) if column.type == "datetime" and typed else typed


def _grade_field(given: Given, *, required: bool) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=given.text,
        choices=_RIGHT_WRONG,
        widget=forms.RadioSelect,
        required=required,
        error_messages={"required": "Say whether this answer was right."},
    )


def _moment(typed: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(typed.strip())
    except ValueError:
        return None
    aware = moment if moment.tzinfo else timezone.make_aware(moment)
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return None
