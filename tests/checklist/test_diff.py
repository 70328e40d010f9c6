"""Comparing two contents."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checklist.diff import Difference, FieldChange, compare, out_of_order
from tests.checklist.sample import as_content, sample


def difference(data: dict[str, Any]) -> Difference:
    return compare(as_content(sample()), as_content(data))


def test_nothing_changed() -> None:
    assert not difference(sample())


def test_items_added_and_removed() -> None:
    data = sample()
    gone = data["sections"][0]["items"].pop(1)
    data["sections"][1]["items"].insert(0, {**gone, "slug": "new", "title": "New one"})
    found = difference(data)
    assert [(entry.slug, entry.section) for entry in found.removed] == [("size", "see")]
    assert [(entry.slug, entry.section, entry.title) for entry in found.added] == [("new", "act", "New one")]
    assert (found.changed, found.moved) == ([], []), "what only shifted did not move"


def test_changed_fields_are_named_with_both_values() -> None:
    data = sample()
    size = data["sections"][0]["items"][1]
    size["spec"]["limit"] = 5
    size["severity"] = "advisory"
    size["allow_deferral"] = True
    (change,) = difference(data).changed
    assert change.slug == "size"
    assert {(field.field, field.old, field.new) for field in change.fields} == {
        ("severity", "blocker", "advisory"),
        ("allow_deferral", False, True),
        ("spec.limit", 4, 5),
    }


def test_inserted_column_changes_no_other() -> None:
    data = sample()
    columns = data["sections"][1]["items"][0]["spec"]["columns"]
    columns.insert(0, {"key": "owner", "label": "Owner"})
    (change,) = difference(data).changed
    assert all(field.field.startswith("spec.columns[owner]") for field in change.fields)
    assert FieldChange("spec.columns[owner].label", None, "Owner") in change.fields


def test_kind_change_shows_both_specs() -> None:
    data = sample()
    data["sections"][0]["items"][0].update(kind="measure", spec={"unit": "people", "direction": "record"})
    (change,) = difference(data).changed
    assert {field.field for field in change.fields} >= {"kind", "spec.unit", "spec.note_required"}


def test_moved_within_and_between_sections() -> None:
    data = sample()
    first, second = (section["items"] for section in data["sections"])
    first.append(first.pop(0))
    (move,) = difference(data).moved
    assert (move.slug, move.old, move.new) == ("logs", "see 1", "see 3")
    second.append(first.pop(2))
    found = difference(data)
    assert [(move.slug, move.old, move.new) for move in found.moved] == [("logs", "see 1", "act 3")]
    assert not found.changed


def test_sections_changed_moved_added_removed_and_the_checklist_itself() -> None:
    data = sample()
    data["title"] = "Renamed"
    data["sections"].reverse()
    data["sections"][0]["approvals_required"] = 2
    found = difference(data)
    assert found.checklist == [FieldChange("title", "Sample", "Renamed")]
    assert [(move.slug, move.old, move.new) for move in found.sections_moved] == [("act", "2", "1")]
    assert found.sections_changed[0].fields == [FieldChange("approvals_required", 1, 2)]
    data["sections"][0].update(slug="do", title="Do")
    renamed = difference(data)
    assert [entry.slug for entry in renamed.sections_added] == ["do"]
    assert [entry.slug for entry in renamed.sections_removed] == ["act"]
    assert {move.slug for move in renamed.moved} == {"alerts", "runbooks"}


@given(st.permutations(range(8)))
def test_fewest_moves_that_restore_the_order(ranks: list[int]) -> None:
    names = [str(rank) for rank in ranks]
    moved = out_of_order(ranks, names)
    kept = [rank for rank in ranks if str(rank) not in moved]
    assert kept == sorted(kept)
    for name in moved:  # none of them could have stayed as well
        assert [rank for rank in ranks if rank in kept or str(rank) == name] != sorted([*kept, int(name)])


@given(st.permutations(range(5)), st.permutations(range(5)))
def test_a_difference_is_seen_from_both_sides(left: list[int], right: list[int]) -> None:
    assert bool(out_of_order([left.index(n) for n in right], [str(n) for n in right])) == (left != right)
