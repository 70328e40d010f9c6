"""Which controls the editor shows for a checklist, a section and each kind of item.

What is right is decided by `checklist.schema` and `checklist.rules.specs` alone; this says how it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Widget = Literal[
    "text", "area", "whole", "number", "yes", "select", "lines", "choices", "rule", "probes", "roles"
]
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One control. `name` is the path in the part; an empty one that is not `required` is left out."""

    name: str
    label: str
    widget: Widget = "text"
    help: str = ""
    required: bool = False
    choices: Choices = ()
    # What a new part or row begins with.
    start: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of rows. `kinds` gives the fields of each kind of row by the value of `tag`, if any."""

    name: str
    label: str
    one: str
    kinds: Mapping[str, tuple[Field, ...]]
    tag: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    help: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a title."""

    title: str
    parts: tuple[Field | Rows, ...]


Layout = tuple[Group, ...]

_MARKDOWN: Final = "Markdown."
_RULE_HELP: Final = "For example: handles_payments or service_count >= 10. Empty: always."

HEAD: Final[Layout] = (
    Group(
        "The checklist",
        (
            Field("title", "Title", required=True),
            Field("summary", "Summary", "area", _MARKDOWN, required=True),
        ),
    ),
)

SECTION: Final[Layout] = (
    Group(
        "The section",
        (
            Field("title", "Title", required=True),
            Field("short_title", "Short title", help="At most 10 characters, for a column.", required=True),
            Field(
                "slug",
                "Slug",
                help="Its name in addresses and files, such as on-call. A review finds its section by it.",
                required=True,
            ),
            Field("question", "Question", "area", "The honest question under the title.", required=True),
            Field("why", "Why it matters", "area", _MARKDOWN, required=True),
        ),
    ),
    Group(
        "Approval",
        (
            Field("approvals_required", "Approvals needed", "whole", start="1", required=True),
            Field(
                "reviewer_roles",
                "Reviewer roles",
                "roles",
                "Each needs one approver who holds it. None ticked: any reviewer.",
            ),
        ),
    ),
)

_SEVERITY: Final[Choices] = (
    ("blocker", "Blocker: the section waits until it is met or waived"),
    ("advisory", "Advisory: shown, but stops nothing"),
)
_EVIDENCE: Final[Choices] = (
    ("none", "No evidence asked for"),
    ("optional", "Evidence welcome"),
    ("required", "Evidence required for “met”"),
)
_SHARED: Final[Layout] = (
    Group(
        "The item",
        (
            Field("title", "Title", help="What must be so, as a statement.", required=True),
            Field(
                "slug",
                "Slug",
                help="Its name in addresses and files. Answers are carried to the next version by it: "
                "another slug is another item.",
                required=True,
            ),
            Field("severity", "Severity", "select", required=True, choices=_SEVERITY, start="blocker"),
            Field("why", "Why it matters", "area", _MARKDOWN, required=True),
            Field("how", "How to meet it", "area", _MARKDOWN, required=True),
        ),
    ),
    Group(
        "When it is asked",
        (
            Field("applies_when", "Applies when", "rule", _RULE_HELP),
            Field("recurring_days", "Again after", "whole", "Days. Overdue after that; empty: once."),
            Field(
                "allow_deferral",
                "May be deferred",
                "yes",
                "Advisory items only, with a reason and a trigger.",
            ),
        ),
    ),
    Group(
        "Evidence",
        (
            Field("evidence.rule", "Evidence", "select", required=True, choices=_EVIDENCE, start="required"),
            Field("evidence.lifetime_days", "Counts for", "whole", "Days until it is too old.", start="180"),
            Field("probes", "Probes that can check it", "probes"),
        ),
    ),
)

_COLUMN_TYPES: Final[Choices] = (
    ("text", "Text"),
    ("long_text", "Long text"),
    ("url", "Link"),
    ("number", "Number"),
    ("boolean", "Yes or no"),
    ("choice", "One choice"),
    ("choices", "Several choices"),
    ("date", "Date"),
    ("datetime", "Date and time"),
    ("runbook", "Text of a runbook"),
)
_FROM_LINT: Final[Choices] = (
    ("", "People"),
    ("parts", "The parts that the linter finds"),
    ("intro_sentences", "The sentences that it counts"),
    ("vague_steps", "The vague steps that it counts"),
)
_COLUMN: Final = (
    Field("key", "Key", help="Such as peak_load.", required=True),
    Field("label", "Label", required=True),
    Field("type", "Type", "select", required=True, choices=_COLUMN_TYPES, start="text"),
    Field("required", "Must be filled in", "yes", start="yes"),
    Field("integer", "Whole numbers only", "yes"),
    Field("unit", "Unit"),
    Field("help", "Help"),
    Field("choices", "Choices", "choices", "One to a line, as value: Label."),
    Field("from_lint", "Filled in by", "select", "The linter reads runbooks.", choices=_FROM_LINT),
)
_COLUMN_KEY: Final = Field("column", "Column", help="The key of a column.", required=True)
_CHECKS: Final[Mapping[str, tuple[Field, ...]]] = {
    "require_when": (
        _COLUMN_KEY,
        Field("when", "Where column", required=True),
        Field("equals", "Is", required=True),
    ),
    "noise": (
        Field("over", "More often than", "whole", "Times without action.", required=True),
        Field("suppress_over", "Suppress above", "whole", required=True),
        Field(
            "otherwise",
            "Such a row",
            "select",
            choices=(("not_met", "is not met"), ("warn", "gets a warning")),
            required=True,
            start="not_met",
        ),
    ),
    "alert_advice": (
        Field("over", "Downgrade or delete above", "whole", "Times without action.", required=True),
        Field("suppress_over", "Suppress above", "whole", required=True),
    ),
    "suppressed": (Field("over", "More often than", "whole", "Times without action.", required=True),),
    "headroom": (
        Field("target_percent", "Fine from, in %", "number", required=True),
        Field("limit_percent", "Not met below, in %", "number", required=True),
    ),
    "has_all": (_COLUMN_KEY,),
    "at_most": (_COLUMN_KEY, Field("limit", "At most", "whole", required=True)),
    "not_above": (_COLUMN_KEY, Field("other", "Not above column", required=True)),
    "unique": (_COLUMN_KEY,),
    "covers_choices": (_COLUMN_KEY,),
    "covers": (
        Field("source", "Inventory", help="The slug of another inventory.", required=True),
        Field("source_column", "Its column", required=True),
        Field("column", "Column here", required=True),
        Field("when", "Only where its column"),
        Field("equals", "Is"),
    ),
}
_CHECK_LABELS: Final = {
    "require_when": "A column must be filled in where another holds a value",
    "noise": "Alerts that fire without action",
    "alert_advice": "Advice for each alert, without a verdict",
    "suppressed": "What fires without action is suppressed",
    "headroom": "Headroom between peak and limit",
    "has_all": "Every choice is ticked",
    "at_most": "A number is at most a limit",
    "not_above": "A number is not above another column",
    "unique": "No two rows have the same text",
    "covers_choices": "Every choice has a row",
    "covers": "Every row of another inventory has a row here",
}
_RUNNERS: Final[Choices] = (
    ("anyone", "Anyone"),
    ("new_to_on_call", "Someone new to on-call who answered nothing in the section"),
    ("stranger", "Someone outside the team who never answered for the service"),
)
_SPEC: Final[Mapping[str, tuple[Field | Rows, ...]]] = {
    "attestation": (
        Field("spec.note_label", "What the note says", help="Such as: which stack serves logs and metrics."),
        Field("spec.note_required", "The note is required", "yes"),
        Field("spec.suggestions", "Suggestions", "lines", "One to a line."),
    ),
    "measure": (
        Field("spec.unit", "Unit", required=True),
        Field(
            "spec.direction",
            "Judged",
            "select",
            required=True,
            start="at_least",
            choices=(
                ("at_least", "At least the limit"),
                ("at_most", "At most the limit"),
                ("record", "Only recorded"),
            ),
        ),
        Field("spec.limit", "Limit", "number", "Past it the item is not met."),
        Field("spec.target", "Target", "number", "Between limit and target there is a warning."),
        Field("spec.integer", "Whole numbers only", "yes"),
    ),
    "drill": (
        Field("spec.operator", "Who does it", help="Such as: an engineer new to on-call.", required=True),
        Field("spec.runner", "Who may run it", "select", required=True, choices=_RUNNERS, start="anyone"),
        Field("spec.max_seconds", "At most", "whole", "Seconds."),
        Field("spec.under_seconds", "In under", "whole", "Seconds; exactly that is too long."),
        Field("spec.max_commands", "Commands at most", "whole"),
        Field("spec.max_age_days", "Counts for", "whole", "Days."),
        Field("spec.artifact", "Result that must come with it", help="Such as: the log of the restore."),
        Field(
            "spec.corroborated",
            "Self-reported until a deployment event bears it out",
            "yes",
        ),
        Rows(
            "spec.questions",
            "Questions",
            "question",
            {"": (Field("slug", "Slug", required=True), Field("text", "Question", required=True))},
        ),
        Rows("spec.fields", "Fields of the record", "field", {"": _COLUMN}),
        Field("spec.must_be_true", "Must be yes", "lines", "Keys of yes-or-no fields, one to a line."),
        Rows(
            "spec.objectives",
            "Objectives",
            "objective",
            {
                "": (
                    Field("label", "Label", required=True),
                    Field("measured", "Measured in", help="A number field, or duration.", required=True),
                    Field("declared", "At most the field", required=True),
                )
            },
            help="What was measured must not exceed what was declared; both in minutes.",
        ),
    ),
    "inventory": (
        Field("spec.row_name", "One row is one", help="Such as alert.", start="row", required=True),
        Field("spec.min_rows", "Rows at least", "whole", start="1", required=True),
        Field(
            "spec.source",
            "Judges the rows of",
            help="The slug of another inventory, which then has the columns. Empty: rows of its own.",
        ),
        Rows("spec.columns", "Columns", "column", {"": _COLUMN}),
        Rows("spec.checks", "Checks", "check", _CHECKS, "check", _CHECK_LABELS),
    ),
    "register": (
        Rows(
            "spec.decisions",
            "Decisions",
            "decision",
            {
                "": (
                    Field("slug", "Slug", required=True),
                    Field("title", "What to decide", required=True),
                    Field("defer_until", "Defer until", required=True),
                    Field("reached_when", "Reached when", "rule", "Where it can be computed from facts."),
                )
            },
        ),
    ),
}
KIND_TITLES: Final = {
    "attestation": "What the note holds",
    "measure": "What is measured",
    "drill": "The drill",
    "inventory": "The table",
    "register": "The register",
}
KIND_HELP: Final = {
    "attestation": "A person says met or not met, with a note and evidence.",
    "measure": "A number with its unit, judged by a limit.",
    "drill": "A timed exercise with a witness.",
    "inventory": "Rows in a table, judged row by row.",
    "register": "Decisions with a reason, an owner and a trigger.",
}


def item_layout(kind: str) -> Layout:
    """The controls of an item of one kind (a key of `KIND_TITLES`)."""
    return (_SHARED[0], Group(KIND_TITLES[kind], _SPEC[kind]), *_SHARED[1:])
