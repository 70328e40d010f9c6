"""Rows of an inventory, edited one by one: conflicts, undo, what is kept of each edit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, NotFound, Refused
from reviews.actions.answers import Said, save_answer
from reviews.actions.rows import RowConflict, add_row, delete_row, restore_rows, save_row
from reviews.models import Answer, AnswerRevision, Event, Review
from reviews.table_rows import RowChange, cells_of, find, seen_of, undo, with_ids
from tests.cast import Cast
from tests.reviews.tables import alert, fill, make_table_review, rows_of, stored
from tests.threads import at_once


@pytest.fixture
def review(cast: Cast) -> Review:
    """A review with two alerts in it."""
    made = make_table_review(cast)
    fill(cast, made, [alert("Errors"), alert("Latency")])
    return made


def edit(cast: Cast, review: Review, place: int, seen: str = "", **cells: Any) -> Answer:
    """Edit one row as the member sees it now."""
    row = rows_of(review)[place]
    answer, _ = save_row(
        actor_of(cast.member), review.pk, "item-1-1", row["_id"], {**row, **cells}, seen or seen_of(row)
    )
    return answer


def test_an_edit_changes_one_row_and_judges_all(cast: Cast, review: Review) -> None:
    """And what is judged from the rows follows in the same transaction."""
    assert stored(review, "item-1-2").state == "met"
    answer = edit(cast, review, 1, runbook="")
    assert [row["alert"] for row in answer.data["rows"]] == ["Errors", "Latency"]
    assert answer.data["rows"][1]["runbook"] is None
    assert stored(review, "item-1-2").state == "not_met"


def test_rows_keep_their_names_when_others_come_and_go(cast: Cast, review: Review) -> None:
    first, second = [row["_id"] for row in rows_of(review)]
    _, third = add_row(actor_of(cast.member), review.pk, "item-1-1", alert("Payments"))
    delete_row(actor_of(cast.member), review.pk, "item-1-1", first, seen_of(alert("Errors")))
    assert [row["_id"] for row in rows_of(review)] == [second, third]


def test_edits_of_two_rows_never_conflict(cast: Cast, review: Review) -> None:
    before = rows_of(review)
    edit(cast, review, 0, fired=5)
    answer = edit(cast, review, 1, seen_of(before[1]), fired=7)
    assert [row["fired"] for row in answer.data["rows"]] == [5, 7]


def test_edits_of_one_row_conflict_and_lose_nothing(cast: Cast, review: Review) -> None:
    """The second sees both versions; what is stored is the first's."""
    before = rows_of(review)[0]
    edit(cast, review, 0, fired=5)
    with pytest.raises(Conflict, match="Milo Member changed this alert") as caught:
        save_row(
            actor_of(cast.owner),
            review.pk,
            "item-1-1",
            before["_id"],
            {**before, "fired": 9},
            seen_of(before),
        )
    found = caught.value.current
    assert isinstance(found, RowConflict)
    assert found.stored is not None
    assert (found.stored["fired"], found.typed["fired"]) == (5, 9)
    assert rows_of(review)[0]["fired"] == 5


def test_the_same_edit_sent_twice_is_stored_once(cast: Cast, review: Review) -> None:
    """A lost reply can be repeated."""
    before = rows_of(review)[0]
    first = edit(cast, review, 0, fired=5)
    again = edit(cast, review, 0, seen_of(before), fired=5)
    assert again.revision == first.revision


def test_an_edit_of_a_deleted_row_offers_to_add_it_again(cast: Cast, review: Review) -> None:
    row = rows_of(review)[0]
    delete_row(actor_of(cast.owner), review.pk, "item-1-1", row["_id"], seen_of(row))
    with pytest.raises(Conflict, match="Olga Owner deleted this alert") as caught:
        save_row(actor_of(cast.member), review.pk, "item-1-1", row["_id"], alert(fired=9), seen_of(row))
    assert caught.value.current.stored is None
    assert caught.value.current.typed["fired"] == 9


def test_a_row_that_changed_is_not_deleted_unseen(cast: Cast, review: Review) -> None:
    row = rows_of(review)[0]
    edit(cast, review, 0, fired=5)
    with pytest.raises(Conflict):
        delete_row(actor_of(cast.owner), review.pk, "item-1-1", row["_id"], seen_of(row))
    assert len(rows_of(review)) == 2


def test_a_deleted_row_comes_back_where_it_was(cast: Cast, review: Review) -> None:
    before = rows_of(review)
    gone = delete_row(actor_of(cast.member), review.pk, "item-1-1", before[0]["_id"], seen_of(before[0]))
    assert len(gone.data["rows"]) == 1
    for _ in range(2):  # undoing twice does no harm
        restore_rows(actor_of(cast.member), review.pk, "item-1-1", gone.revision)
    assert rows_of(review) == before
    with pytest.raises(NotFound):
        restore_rows(actor_of(cast.member), review.pk, "item-1-1", 1)


def test_a_cell_that_cannot_be_read_keeps_its_text(cast: Cast, review: Review) -> None:
    answer = edit(cast, review, 0, fired="often")
    assert answer.data["rows"][0]["fired"] == "often"
    assert answer.state == "not_met"


def test_what_cannot_be_stored_is_refused_whole(cast: Cast, review: Review) -> None:
    actor = actor_of(cast.member)
    with pytest.raises(Invalid, match="at most 500 fit"):
        edit(cast, review, 0, symptom="x" * 501)
    row = rows_of(review)[0]
    with pytest.raises(Invalid, match="Delete it"):
        save_row(actor, review.pk, "item-1-1", row["_id"], {}, seen_of(row))
    with pytest.raises(Invalid, match="at least one cell"):
        add_row(actor, review.pk, "item-1-1", {})
    with pytest.raises(NotFound, match="no rows of its own"):
        add_row(actor, review.pk, "item-1-2", alert())
    with pytest.raises(Refused):
        add_row(actor_of(cast.viewer), review.pk, "item-1-1", alert())
    assert stored(review).revision == 1


def test_no_more_rows_than_fit(cast: Cast) -> None:
    review = make_table_review(cast)
    fill(cast, review, [alert(f"A{number}") for number in range(500)])
    with pytest.raises(Invalid, match="501 rows; an inventory holds at most 500"):
        add_row(actor_of(cast.member), review.pk, "item-1-1", alert("One more"))


def test_a_note_is_saved_beside_edits_of_rows(cast: Cast, review: Review) -> None:
    """Edits of rows leave the note alone, so a note that was begun before them is no conflict."""
    began = stored(review).revision
    edit(cast, review, 0, fired=5)
    answer = save_answer(actor_of(cast.owner), review.pk, "item-1-1", Said("", "Looked.", data=None), began)
    assert answer.note == "Looked."
    assert answer.data["rows"][0]["fired"] == 5
    with pytest.raises(Conflict):
        save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("", "Mine.", data=None), began)


def test_an_edit_keeps_the_changed_row_alone(cast: Cast) -> None:
    """Revisions and events of an edit do not grow with the table."""
    review = make_table_review(cast)
    fill(cast, review, [alert(f"A{number}") for number in range(300)])
    edit(cast, review, 299, fired=4)
    kept = AnswerRevision.objects.get(answer=stored(review), revision=2)
    event = Event.objects.filter(review=review).latest("id")
    assert kept.data == {}
    assert [(change["before"]["fired"], change["after"]["fired"]) for change in kept.rows] == [(1, 4)]
    assert event.summary == "Changed the alert A299 in “Item 1.1”"
    assert len(json.dumps(event.data)) < 1500


def test_every_past_table_can_be_had_again(cast: Cast, review: Review) -> None:
    """Undoing the kept changes from the newest back gives each state that was."""
    states = [rows_of(review)]
    actor = actor_of(cast.member)
    edit(cast, review, 0, fired=3)
    states.append(rows_of(review))
    add_row(actor, review.pk, "item-1-1", alert("Third"))
    states.append(rows_of(review))
    delete_row(actor, review.pk, "item-1-1", states[-1][1]["_id"], seen_of(states[-1][1]))
    rows = rows_of(review)
    for revision in AnswerRevision.objects.filter(answer=stored(review)).exclude(rows=[]):
        rows = undo(rows, revision.rows)
        assert rows == states.pop()


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once(cast: Cast) -> None:
    """Real threads: edits of different rows both stand."""
    review = make_table_review(cast)
    fill(cast, review, [alert("Errors"), alert("Latency")])
    rows = rows_of(review)

    def act(place: int, user: Any) -> Any:
        row = rows[place]
        return save_row(
            actor_of(user), review.pk, "item-1-1", row["_id"], {**row, "fired": 10 + place}, seen_of(row)
        )

    found = at_once(lambda: act(0, cast.member), lambda: act(1, cast.owner))
    assert not [each for each in found if isinstance(each, Exception)]
    assert [row["fired"] for row in rows_of(review)] == [10, 11]


names = st.sampled_from(["r1", "r2", "a", "b", "", "UPPER", None])


@given(st.lists(names, max_size=8))
def test_every_row_has_a_name_of_its_own(ids: list[str | None]) -> None:
    rows = with_ids([{"x": 1} if name is None else {"_id": name} for name in ids])
    found = [row["_id"] for row in rows]
    assert len(set(found)) == len(ids)
    assert with_ids(rows) == rows


@given(
    st.lists(st.integers(0, 9), max_size=6),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), max_size=6),
)
def test_undo_is_the_way_back(start: list[int], acts: list[tuple[int, int]]) -> None:
    rows = with_ids([{"n": number} for number in start])
    before, changes = list(rows), []
    for count, (where, what) in enumerate(acts):
        place = where % (len(rows) + (what == 0)) if rows or what == 0 else -1
        if place < 0:
            continue
        if what == 0:
            change = RowChange(f"new{count}", place, None, {"_id": f"new{count}", "n": where})
            rows.insert(place, change.after or {})
        elif what == 1:
            change = RowChange(rows[place]["_id"], place, rows[place], {**rows[place], "n": where + 100})
            rows[place] = change.after or {}
        else:
            change = RowChange(rows[place]["_id"], place, rows[place], None)
            del rows[place]
        changes.append(change.as_json())
    assert undo(rows, changes) == before
    assert find(rows, "nobody") == -1
    assert all("_id" not in cells_of(row) for row in rows)
