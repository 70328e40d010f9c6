"""What is exported is read back as the same content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checklist.actions import load_checklist
from checklist.export import to_yaml
from checklist.loader import BUILT_IN, ChecklistInvalid, parse_checklist, read_checklist
from checklist.queries import content_of
from checklist.schema import content_hash
from tests.checklist.sample import as_content, sample


@pytest.mark.django_db
def test_the_built_in_checklist_comes_back_with_its_hash(tmp_path: Path) -> None:
    version = load_checklist().version
    version.refresh_from_db()
    text = to_yaml(content_of(version))
    assert content_hash(parse_checklist(text.encode()).canonical()) == version.content_hash
    file = tmp_path / "checklist.yaml"
    file.write_text(text)
    assert load_checklist(file).created is False, "the file is what is published already"


def test_an_export_reads_well() -> None:
    text = to_yaml(read_checklist(BUILT_IN))
    assert text.startswith("slug: mvp-to-production\ntitle: MVP to production\nsummary: |")
    assert "\n  - slug: observability\n" in text


def test_a_mistake_in_an_export_is_named_with_its_line() -> None:
    text = to_yaml(as_content(sample())).replace("severity: blocker", "severity: huge", 1)
    line = text[: text.index("severity: huge")].count("\n") + 1
    with pytest.raises(ChecklistInvalid) as caught:
        parse_checklist(text.encode(), "mine.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("mine.yaml", line, "sections[0].items[0].severity")


TEXTS = st.one_of(
    st.sampled_from(
        ["no", "1e3", "0x1f", "1:30", "~", "null", "- a", "a: b", "#x", "2024-01-01", ".5", "''", "|"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=80),
).filter(lambda text: bool(text.strip()))


@settings(max_examples=150)
@example(title="no", why="no", limit=0.00010000000000000002, label="no")
@given(title=TEXTS, why=TEXTS, limit=st.floats(0.0001, 10**14), label=TEXTS)
def test_any_content_comes_back(title: str, why: str, limit: float, label: str) -> None:
    data: dict[str, Any] = sample()
    item = data["sections"][0]["items"][0]
    item.update(title=title, why=why, how=f"{why}\n\n  {title}", spec={"note_label": label})
    data["sections"][0]["items"][1]["spec"].update(limit=limit, target=limit)
    content = as_content(data)
    again = parse_checklist(to_yaml(content).encode())
    assert content_hash(again.canonical()) == content_hash(content.canonical())
