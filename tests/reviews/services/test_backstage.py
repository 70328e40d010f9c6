"""catalog-info.yaml as it is found in repositories, and as somebody hostile would write it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reviews.imports.backstage import MAX_ALIASES, MAX_DEPTH, parse

CHECKOUT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout-api
  title: Checkout
  description: Takes the order.
  annotations:
    github.com/project-slug: example/checkout
    readiness/tier: "1"
    readiness/handles-payments: "yes"
  links:
    - url: https://shop.example.com
      title: Production
    - url: https://docs.example.com/checkout
      title: Docs
      icon: docs
spec:
  type: service
  lifecycle: production
  owner: group:default/payments
"""
HEAD = "kind: Component\nmetadata: {name: a}\n"
OTHERS = """\
---
kind: API
metadata: {name: orders}
spec: {type: openapi, owner: payments}
---
kind: Component
metadata: {name: money-lib}
spec: {type: library, owner: payments}
---
"""


def test_a_component_becomes_a_row() -> None:
    parsed = parse(CHECKOUT)
    assert parsed.problems == ()
    (row,) = parsed.rows
    assert row.cells == {
        "slug": "checkout-api",
        "name": "Checkout",
        "description": "Takes the order.",
        "team": "payments",
        "repository_url": "https://github.com/example/checkout",
        "tier": "1",
        "handles_payments": "yes",
        "production_url": "https://shop.example.com",
        "documentation_url": "https://docs.example.com/checkout",
    }
    assert row.notes == ("type service", "lifecycle production")
    assert row.place("team") == (20, "spec.owner")
    assert row.only_new == frozenset()


def test_other_kinds_are_skipped_and_said() -> None:
    parsed = parse(CHECKOUT + OTHERS)
    assert len(parsed.rows) == 1
    assert [(each.line, each.what) for each in parsed.skipped] == [
        (22, "API orders"),
        (26, "Component money-lib"),
    ]
    assert all(each.why for each in parsed.skipped)


def test_without_a_title_the_name_counts_for_a_new_service_only() -> None:
    (row,) = parse("kind: Component\nmetadata: {name: Check_Out.API}\nspec: {owner: payments}\n").rows
    assert row.cells["name"] == "Check_Out.API"
    assert row.cells["slug"] == "check_outapi"
    assert row.only_new == {"name"}


@pytest.mark.parametrize(
    ("owner", "team"),
    [
        ("payments", "payments"),
        ("team-a", "team-a"),
        ("group:payments", "payments"),
        ("group:default/payments", "payments"),
        ("Group:Default/Payments", "Payments"),
        ("Site Reliability", "Site Reliability"),
    ],
)
def test_owners(owner: str, team: str) -> None:
    (row,) = parse(f"kind: Component\nmetadata: {{name: a}}\nspec:\n  owner: {owner}\n").rows
    assert row.cells["team"] == team


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("kind: Component\nmetadata:\n  name: a\nspec: {}\n", 1, "spec.owner", "missing"),
        ("kind: Component\nmetadata: {}\nspec: {owner: b}\n", 1, "metadata.name", "missing"),
        ("kind: Component\nmetadata: [1]\nspec: {owner: b}\n", 1, "metadata.name", "missing"),
        (
            "kind: Component\nmetadata: {name: a}\nspec:\n  owner: user:jane\n",
            4,
            "spec.owner",
            "not a person",
        ),
        (
            "kind: Component\nspec: {owner: b}\nmetadata:\n  name: a\n  annotations:\n    readiness/teir:\n",
            6,
            "metadata.annotations.readiness/teir",
            "Did you mean “readiness/tier”?",
        ),
        ("metadata: {name: a}\n", 1, "kind", "Add “kind: Component”"),
        ("- just\n- a list\n", 1, "kind", "says no kind"),
        ("kind: Component\n  bad: [", 2, "", "not YAML"),
        ("key: 'never closed\n", 2, "", "not YAML"),
        ("", 0, "", "nothing in it"),
        ("---\n", 0, "", "nothing to import"),
        ("kind: API\nmetadata: {name: a}\n", 0, "", "nothing to import"),
    ],
)
def test_what_is_wrong_and_where(text: str, line: int, column: str, words: str) -> None:
    problems = parse(text).problems
    assert (problems[0].line, problems[0].column) == (line, column)
    assert words in problems[0].message


def test_a_tag_makes_no_object() -> None:
    text = f"{HEAD}spec:\n  owner: !!python/object/apply:os.system ['true']\n"
    assert parse(text).problems[0].column == "spec.owner"


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    problems = parse(f"l0: &l0 [x]\n{levels}\n").problems
    assert f"More than {MAX_ALIASES} aliases" in problems[0].message


def test_an_alias_to_itself_and_deep_nesting_are_harmless() -> None:
    assert parse("kind: &a [*a]\n").problems or parse("kind: &a [*a]\n").skipped
    deep = "kind: " + "[" * 5000 + "]" * 5000
    assert f"deeper than {MAX_DEPTH}" in parse(deep).problems[0].message


def test_too_many_documents() -> None:
    text = "".join(
        f"---\nkind: Component\nmetadata: {{name: s{n}}}\nspec: {{owner: b}}\n" for n in range(2001)
    )
    parsed = parse(text)
    assert len(parsed.rows) == 2000
    assert "2,000" in parsed.problems[0].message


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_rows_problems_or_skipped(text: str) -> None:
    parsed = parse(text)
    assert parsed.rows or parsed.problems or parsed.skipped


WORDS = st.sampled_from(["kind", "metadata", "spec", "name", "owner", "annotations", "links", "Component"])


@given(
    st.recursive(
        st.text(max_size=8) | WORDS | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
        max_leaves=12,
    )
)
def test_any_shape_of_yaml_is_survived(shape: object) -> None:
    parsed = parse(yaml.safe_dump(shape))
    assert parsed.rows or parsed.problems or parsed.skipped
