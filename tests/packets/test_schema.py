"""The snapshot's bytes: canonical, complete, and refused with a reason when they are not ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reviews.packets import schema
from tests.packets import factory


def test_canonical_bytes_survive_a_round_trip() -> None:
    content = factory.content(items=20)
    assert schema.canonical(schema.parse(content)) == content
    assert len(schema.content_hash(content)) == 64


def test_key_order_and_spacing_do_not_change_the_bytes() -> None:
    content = factory.content()
    shuffled = json.dumps(dict(reversed(json.loads(content).items())), indent=3).encode()
    assert shuffled != content
    assert schema.canonical(schema.parse(shuffled)) == content


def test_every_field_is_written_even_when_empty() -> None:
    raw = json.loads(factory.content(valid_until=None))
    assert raw["valid_until"] is None
    assert raw["sections"][0]["items"][0]["waiver"] is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "no schema version"),
        (b"{}", "no schema version"),
        (b'{"schema_version": true}', "no schema version"),
        (b'{"schema_version": 2}', "schema version 2; this program reads version 1"),
        (b'{"schema_version": 1}', "damaged: generator"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_other_bytes_are_refused_with_a_reason(content: bytes, words: str) -> None:
    with pytest.raises(schema.UnreadableSnapshotError, match=words):
        schema.parse(content)


def test_an_unknown_field_names_its_place() -> None:
    raw = json.loads(factory.content())
    raw["sections"][1]["items"][0]["mood"] = "good"
    with pytest.raises(schema.UnreadableSnapshotError, match=r"sections\.1\.items\.0\.mood"):
        schema.parse(json.dumps(raw).encode())


def test_a_snapshot_cannot_be_changed_after_it_is_made() -> None:
    made = factory.snapshot()
    with pytest.raises(ValidationError):
        made.review.number = 4  # type: ignore[misc]


def test_times_are_utc_with_z() -> None:
    stockholm = timezone(timedelta(hours=1))
    assert schema.timestamp(datetime(2026, 11, 23, 15, 2, tzinfo=stockholm)) == "2026-11-23T14:02:00Z"
    assert schema.timestamp(datetime(2026, 1, 1, 0, 0, 0, 120, tzinfo=UTC)) == "2026-01-01T00:00:00.000120Z"
    with pytest.raises(ValueError, match="no time zone"):
        schema.timestamp(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("bad", ["2026-11-23T14:02:00", "2026-11-23T14:02:00+01:00", "yesterday"])
def test_a_time_without_utc_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        factory.evidence(1, added_at=bad)


def test_numbers_that_json_cannot_carry_are_refused() -> None:
    fact = schema.FactRecord(name="team_size", label="Engineers", value=2**60, words="many")
    with pytest.raises(ValueError, match=r"Integer|exceed|domain"):
        schema.canonical(factory.snapshot(facts=(fact,)))


texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(note=texts, data=st.dictionaries(st.text("abc", min_size=1), json_values))
def test_any_text_and_data_survive(note: str, data: dict[str, object]) -> None:
    made = factory.snapshot(sections=(factory.section(1, (factory.item(1, note=note, data=data),)),))
    assert schema.parse(schema.canonical(made)) == made
