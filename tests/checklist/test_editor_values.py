"""The editor's controls: what is stored comes back unchanged, what is typed finds its place."""

from __future__ import annotations

from typing import Any, Literal, get_args

import pytest
from pydantic import BaseModel

from checklist.drafts import canonical_item, canonical_section, full_item, full_section, split
from checklist.editor.draw import Drawn, draw
from checklist.editor.layout import HEAD, SECTION, Field, Layout, Rows, item_layout
from checklist.editor.values import (
    Values,
    drop_blank_rows,
    from_data,
    from_post,
    operate,
    starting,
    to_data,
)
from checklist.loader import BUILT_IN, read_checklist
from checklist.rules.check_specs import Check, Noise
from checklist.rules.spec_base import Column
from checklist.rules.specs import (
    AttestationSpec,
    Decision,
    DrillSpec,
    InventorySpec,
    MeasureSpec,
    Objective,
    Question,
    RegisterSpec,
)
from checklist.schema import AttestationItem, Content, EvidenceSpec, ItemContent, SectionContent

BUILT_IN_PARTS = split(read_checklist(BUILT_IN))[1]
ITEMS = {item["slug"]: item for _, items in BUILT_IN_PARTS for item in items}


def as_post(layout: Layout, values: Values) -> dict[str, list[str]]:
    """What a browser would send."""
    post: dict[str, list[str]] = {}
    for group in draw(layout, values, {}, ["tls"]).groups:
        for part in group.parts:
            controls = [part.control] if part.control else []
            for row in part.table.rows if part.table else []:
                post[row.name] = [row.kind]
                controls += row.controls
            for control in controls:
                assert control is not None
                held = control.value if isinstance(control.value, list) else [control.value]
                if control.field.widget == "yes" and control.value != "yes":
                    continue
                post[control.name] = [text.replace("\n", "\r\n") for text in held]
    return post


@pytest.mark.parametrize("slug", ITEMS)
def test_an_item_that_is_only_opened_and_saved_stays(slug: str) -> None:
    stored = ITEMS[slug]
    layout = item_layout(stored["kind"])
    values = from_data(layout, full_item(stored))
    back = from_post(layout, as_post(layout, values))
    assert back == values
    drop_blank_rows(layout, back)
    data, errors = to_data(layout, back)
    assert errors == {}
    assert canonical_item({**data, "kind": stored["kind"]}) == stored


@pytest.mark.parametrize("stored", [section for section, _ in BUILT_IN_PARTS], ids=lambda each: each["slug"])
def test_a_section_that_is_only_opened_and_saved_stays(stored: dict[str, Any]) -> None:
    data, _ = to_data(SECTION, from_data(SECTION, full_section(stored)))
    assert canonical_section(data) == stored


SPECS = {
    "attestation": AttestationSpec,
    "measure": MeasureSpec,
    "drill": DrillSpec,
    "inventory": InventorySpec,
    "register": RegisterSpec,
}
ROWS: dict[str, type[BaseModel]] = {
    "spec.columns": Column,
    "spec.fields": Column,
    "spec.questions": Question,
    "spec.objectives": Objective,
    "spec.decisions": Decision,
}
CHECKS = {
    get_args(model.model_fields["check"].annotation)[0]: model for model in get_args(get_args(Check)[0])
}


def parts(kind: str) -> dict[str, Field | Rows]:
    return {part.name: part for group in item_layout(kind) for part in group.parts}


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_of_the_schema_has_its_control(kind: str) -> None:
    """What has no control would be lost by saving."""
    found = parts(kind)
    spec = {name for name in found if name.startswith("spec.")}
    assert spec == {f"spec.{name}" for name in SPECS[kind].model_fields}
    model = {model.model_fields["kind"].annotation: model for model in get_args(ItemContent)}[Literal[kind]]  # type: ignore[valid-type]
    others = {name.split(".")[0] for name in found if not name.startswith("spec.")}
    assert others == set(model.model_fields) - {"kind", "spec"}
    assert {name for name in found if name.startswith("evidence.")} == {
        "evidence.rule",
        "evidence.lifetime_days",
    }
    for name, part in found.items():
        if not isinstance(part, Rows):
            continue
        models = CHECKS if part.tag else {"": ROWS[name]}
        assert set(part.kinds) == set(models)
        for tag, fields in part.kinds.items():
            assert {one.name for one in fields} == set(models[tag].model_fields) - {part.tag}
        assert not part.tag or set(part.labels) == set(models)


@pytest.mark.parametrize("layout", [*(item_layout(kind) for kind in SPECS), SECTION])
def test_choices_are_those_of_the_schema(layout: Layout) -> None:
    """A choice that the schema does not know could not be saved, one that is missing would be lost."""
    for group in layout:
        for part in group.parts:
            fields = (
                [part] if isinstance(part, Field) else [one for row in part.kinds.values() for one in row]
            )
            for one in fields:
                if one.widget == "select":
                    assert {value for value, _ in one.choices} == CHOICES[one.name.removeprefix("spec.")]


def test_sections_and_heads_have_all_their_controls() -> None:
    named = {part.name for group in SECTION for part in group.parts}
    assert named == set(SectionContent.model_fields) - {"items"}
    assert {part.name for group in HEAD for part in group.parts} == set(Content.model_fields) - {
        "slug",
        "sections",
    }


CHOICES = {
    "severity": set(get_args(AttestationItem.model_fields["severity"].annotation)),
    "evidence.rule": set(get_args(EvidenceSpec.model_fields["rule"].annotation)),
    "direction": set(get_args(MeasureSpec.model_fields["direction"].annotation)),
    "runner": set(get_args(DrillSpec.model_fields["runner"].annotation)),
    "type": set(get_args(Column.model_fields["type"].annotation)),
    "from_lint": {"", *get_args(get_args(Column.model_fields["from_lint"].annotation)[0])},
    "otherwise": set(get_args(Noise.model_fields["otherwise"].annotation)),
}
INVENTORY = item_layout("inventory")


def columns(values: Values) -> list[str]:
    return [row["key"] for row in values["spec.columns"]]


def test_rows_are_added_moved_and_removed() -> None:
    values = starting(INVENTORY)
    assert operate(INVENTORY, values, "add:spec.columns:") == "spec.columns[0]"
    operate(INVENTORY, values, "add:spec.columns:")
    for row, key in zip(values["spec.columns"], ("a", "b"), strict=True):
        row["key"] = key
    assert operate(INVENTORY, values, "up:spec.columns:1") == "spec.columns[0]"
    assert columns(values) == ["b", "a"]
    operate(INVENTORY, values, "down:spec.columns:0")
    assert columns(values) == ["a", "b"]
    operate(INVENTORY, values, "remove:spec.columns:0")
    assert columns(values) == ["b"]


@pytest.mark.parametrize(
    "act",
    [
        "",
        "add",
        "add:title:",
        "add:spec.checks:nothing",
        "remove:spec.columns:9",
        "up:spec.columns:-1",
        "x:y:z",
    ],
)
def test_an_act_that_no_button_sends_does_nothing(act: str) -> None:
    values = starting(INVENTORY)
    before = str(values)
    assert operate(INVENTORY, values, act) == ""
    assert str(values) == before


def test_blank_rows_are_forgotten_and_choices_may_be_written_short() -> None:
    post = {
        "spec.columns[0]": [""],
        "spec.columns[0].required": ["yes"],
        "spec.columns[0].type": ["text"],
        "spec.columns[7]": [""],
        "spec.columns[7].key": ["tier"],
        "spec.columns[7].choices": ["page: Wakes somebody\r\nNext Day\r\n"],
    }
    values = from_post(INVENTORY, post)
    drop_blank_rows(INVENTORY, values)
    (column,) = to_data(INVENTORY, values)[0]["spec"]["columns"]
    assert column["choices"] == [
        {"value": "page", "label": "Wakes somebody"},
        {"value": "next_day", "label": "Next Day"},
    ]
    assert column["required"] is False


def found(drawn: Drawn) -> dict[str, list[str]]:
    return {
        control.name: control.errors
        for group in drawn.groups
        for part in group.parts
        for control in ([part.control] if part.control else [c for r in part.table.rows for c in r.controls])  # type: ignore[union-attr]
        if control.errors
    }


@pytest.mark.parametrize(
    ("path", "message", "control", "shown"),
    [
        ("title", "is required", "title", "is required"),
        ("evidence.lifetime_days", "is required where", "evidence.lifetime_days", "is required where"),
        (
            "spec.columns[0].choices[1].value",
            "must match",
            "spec.columns[0].choices",
            "line 2, value: must match",
        ),
        ("spec.columns[0]", "choices must be given", "spec.columns[0].choices", "choices must be given"),
        ("spec.columns[0]", "integer is for numbers", "spec.columns[0].integer", "integer is for numbers"),
        ("probes[3]", "unknown probe", "probes", "line 4: unknown probe"),
        ("applies_when", "all[1].fact: unknown", "applies_when", "all[1].fact: unknown"),
    ],
)
def test_an_error_finds_its_control(path: str, message: str, control: str, shown: str) -> None:
    values = starting(INVENTORY)
    operate(INVENTORY, values, "add:spec.columns:")
    drawn = draw(INVENTORY, values, {path: [message]}, [])
    assert found(drawn) == {control: [shown]}
    assert [entry[2] for entry in drawn.summary] == [shown]


def test_an_error_that_belongs_nowhere_is_said_on_top() -> None:
    drawn = draw(INVENTORY, starting(INVENTORY), {"somewhere": ["is odd"], "": ["all is odd"]}, [])
    assert drawn.errors == ["somewhere: is odd", "all is odd"]
