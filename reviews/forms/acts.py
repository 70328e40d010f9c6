"""The small forms of the workspace: approve, send back, ask for a waiver, raise a finding, rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from reviews.actions.waivers import MAX_DAYS
from reviews.models import Finding
from reviews.queries.items import ItemPage
from reviews.queries.workspace import Workspace
from reviews.states import FindingStatus, RulingDecision

_ROWS = {"rows": 3}


def _text(label: str, *, help_text: str = "", required: bool = True) -> forms.CharField:
    """A text whose length the action checks, so that its message can name the limit."""
    return forms.CharField(
        label=label, help_text=help_text, required=required, widget=forms.Textarea(attrs=_ROWS)
    )


class ApproveForm(forms.Form):
    """The digest that the reviewer saw, and a note if there is something to say."""

    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    note = _text("Note", required=False)


class ReasonForm(forms.Form):
    """A reason that must be given."""

    reason = _text("Reason")


class ChangesForm(ReasonForm):
    """What has to change, on one item or the whole section."""

    reason = _text("What has to change", help_text="The team sees this at once.")


class WaiverForm(forms.Form):
    """Why an item may stay not met, what is done instead, and until when."""

    reason = _text("Reason", help_text="Why it cannot be met before the launch.")
    compensating_control = _text(
        "Compensating control", help_text="What lowers the risk until then, and who watches it."
    )
    expires_on = forms.DateField(
        label="Until",
        help_text=f"At most {MAX_DAYS} days away. The item is not met again on the day after.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date as year-month-day, for example 2026-03-31."},
    )


class DecideWaiverForm(forms.Form):
    """Grant or refuse."""

    decision = forms.ChoiceField(choices=[("grant", "Grant"), ("refuse", "Refuse")])
    note = _text("Note", help_text="A refusal needs one.", required=False)


class FindingForm(forms.Form):
    """A gap that somebody has to close."""

    title = forms.CharField(label="What is missing", max_length=200)
    detail = _text("Details", required=False)
    blocking = forms.BooleanField(label="It stops the approval of this section", required=False, initial=True)
    owner = forms.TypedChoiceField(label="Owner", coerce=int, empty_value=None, required=False)
    due_on = forms.DateField(
        label="Due",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date as year-month-day, for example 2026-03-31."},
    )

    def __init__(self, *args: Any, owners: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Nobody yet"), *owners]  # type: ignore[attr-defined]


class FixForm(forms.Form):
    """How a finding was fixed."""

    note = _text("How it was fixed")


class RulingForm(forms.Form):
    """Who is right, and why."""

    decision = forms.ChoiceField(
        label="Who is right", choices=RulingDecision.choices, widget=forms.RadioSelect
    )
    reason = _text("Reason")


class SignOffForm(forms.Form):
    """The accountable person's decision."""

    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        label="Verdict",
        choices=[("ready", "Ready"), ("not_ready", "Not ready")],
        widget=forms.RadioSelect,
    )
    note = _text("Note", help_text="Printed on the packet. “Not ready” needs one.", required=False)


def section_forms(work: Workspace, refused: Mapping[str, forms.Form]) -> dict[str, Any]:
    """The forms that the reader may use on a section's page; a refused one stays as it was typed."""
    found: dict[str, Any] = {}
    if work.verbs["section.approve"]:
        form = refused.get("approve")
        note = form["note"].value() if form else ""
        # Never the digest that was posted: approving again stands for what this page shows.
        found["approve_form"] = ApproveForm(initial={"digest": work.digest, "note": note}, prefix="approve")
    if work.verbs["section.request_changes"]:
        found["changes_form"] = refused.get("changes") or ChangesForm(prefix="changes")
    waiver = work.sheet.order_waiver
    if waiver is None and work.first_open and work.verbs["waiver.request"]:
        found["waiver_form"] = refused.get("waiver") or _waiver_form()
    if waiver and waiver.is_undecided and work.verbs.get("waiver.decide", waiver.requested_by_id):
        found["decide_form"] = refused.get("decide") or DecideWaiverForm(prefix="decide")
    return found


def item_forms(page: ItemPage, refused: Mapping[str, forms.Form]) -> dict[str, Any]:
    """The forms that the reader may use on an item's page; a refused one stays as it was typed."""
    verbs = page.work.verbs
    found: dict[str, Any] = {}
    if verbs["waiver.request"] and page.sheet.can_be_waived:
        found["waiver_form"] = refused.get("waiver") or _waiver_form()
    if page.waiver_to_decide:
        found["decide_form"] = refused.get("decide") or DecideWaiverForm(prefix="decide")
    if verbs["section.request_changes"]:
        found["changes_form"] = refused.get("changes") or ChangesForm(prefix="changes")
    if verbs["finding.raise"]:
        found["finding_form"] = refused.get("finding") or FindingForm(
            prefix="finding", owners=page.team_members
        )
    found["finding_rows"] = [
        (finding, _fix_form(finding, refused) if verbs["finding.fix"] else None) for finding in page.findings
    ]
    found["may_verify"] = bool(verbs["finding.verify"])
    if page.verbs["ruling.make"]:
        found["ruling_forms"] = [
            (each, refused.get(f"ruling-{each.probe}") or _ruling_form(each.probe))
            for each in page.sheet.disagreements
            if not each.ruled_for
        ]
    return found


def _fix_form(finding: Finding, refused: Mapping[str, forms.Form]) -> forms.Form | None:
    if finding.status != FindingStatus.OPEN:
        return None
    name = f"fix-{finding.pk}"
    return refused.get(name) or FixForm(prefix=name)


def _waiver_form() -> WaiverForm:
    until = timezone.localdate() + timedelta(days=30)
    return WaiverForm(initial={"expires_on": until}, prefix="waiver")


def _ruling_form(probe: str) -> RulingForm:
    return RulingForm(prefix=f"ruling-{probe}")
