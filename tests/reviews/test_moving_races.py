"""Two administrators at once, and a team that writes while its review is moved: real threads."""

from __future__ import annotations

import pytest

from checklist.draft_actions import import_content, save_item
from checklist.draft_queries import draft_of, load_tree
from checklist.models import ChecklistVersion, DraftItem
from checklist.schema import content_hash
from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, NotFound
from reviews import events
from reviews.actions.answers import Said, save_answer
from reviews.actions.moving import publish_and_move
from tests.cast import Cast
from tests.checklist.sample import as_content
from tests.reviews.test_moving import begin, data_of, planned
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_draft_is_published_once(cast: Cast) -> None:
    review, admin = begin(cast), actor_of(cast.admin)
    content = as_content({**data_of(review), "title": "Renamed"})
    import_content(admin, content)
    digest, moves = content_hash(content.canonical()), {review.pk: planned(review, content).digest}
    results = at_once(*[lambda: publish_and_move(admin, "sample", digest, moves)] * 2)
    assert [type(result) for result in results if not isinstance(result, tuple)] == [NotFound]
    assert ChecklistVersion.objects.count() == 2
    review.refresh_from_db()
    assert review.version.number == 2


def test_an_answer_saved_meanwhile_comes_before_or_after_and_is_never_lost(cast: Cast) -> None:
    review, admin, member = begin(cast), actor_of(cast.admin), actor_of(cast.member)
    data = data_of(review)
    data["sections"][0]["items"][0]["title"] = "Logs have fields"
    content = as_content(data)
    import_content(admin, content)
    digest, moves = content_hash(content.canonical()), {review.pk: planned(review, content).digest}
    before = review.answers.get(item__slug="logs").revision
    moved, saved = at_once(
        lambda: publish_and_move(admin, "sample", digest, moves),
        lambda: save_answer(member, review.pk, "logs", Said("not_met", note="Found a gap"), before),
    )
    assert not isinstance(saved, Exception), saved
    review.refresh_from_db()
    answer = review.answers.select_related("item").get(item__slug="logs")
    assert (answer.state, answer.note, answer.to_confirm) == ("not_met", "Found a gap", False)
    assert isinstance(moved, Conflict) == (review.version.number == 1)
    stream = events.review_stream(review.pk)
    assert events.verify_stream(stream, review.event_count, review.event_head) is None


def test_two_editors_of_one_item_at_once(cast: Cast) -> None:
    review, admin = begin(cast), actor_of(cast.admin)
    import_content(admin, as_content({**data_of(review), "title": "Renamed"}))
    logs = DraftItem.objects.get(content__slug="logs")
    texts = [{**logs.content, "title": title} for title in ("One", "Two")]
    results = at_once(
        *[lambda text=text: save_item(admin, "sample", logs.pk, text, logs.content) for text in texts]  # type: ignore[misc]
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "DraftItem"]
    won = next(text for text, result in zip(texts, results, strict=True) if isinstance(result, DraftItem))
    assert load_tree(draft_of("sample")).rows[0].items[0].content == won
