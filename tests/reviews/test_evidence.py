"""Evidence through its actions: what is taken, what is refused, and that nothing is overwritten."""

from __future__ import annotations

import hashlib
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from readiness.accounts.rights import Actor, actor_of
from readiness.errors import DomainError, Invalid, NotFound, Refused, WrongState
from reviews import events, storage
from reviews.actions.evidence import MAX_LIVE, About, add_file, add_link, add_note, withdraw
from reviews.actions.reviews import withdraw_review
from reviews.actions.sections import approve_section, submit_section
from reviews.links import clean_url
from reviews.models import Answer, Event, Evidence, Review, StoredFile
from tests.cast import Cast
from tests.files import PNG
from tests.reviews.builders import answer_all, make_review, make_service, make_version, section, seen
from tests.threads import at_once

ITEM = "item-1-1"


@pytest.fixture
def member(cast: Cast) -> Actor:
    return actor_of(cast.member)


@pytest.fixture
def review(cast: Cast, member: Actor) -> Review:
    """A fresh review; evidence on its items counts for 30 days."""
    return make_review(member, make_service(cast.team, cast.owner), make_version(evidence_lifetime_days=30))


def png(name: str = "shot.png") -> StoredFile:
    return storage.store(io.BytesIO(PNG), max_bytes=1000, name=name)


def live(review: Review) -> list[str]:
    return list(Evidence.objects.filter(review=review, ended_at__isnull=True).values_list("title", flat=True))


def last_event(review: Review) -> Event:
    return Event.objects.filter(review=review).order_by("-seq")[0]


# -- What is taken -----------------------------------------------------------------------------------------


def test_a_link_is_attested_and_hashed_over_url_and_title(review: Review, member: Actor) -> None:
    row = add_link(member, review.pk, ITEM, "HTTPS://Grafana.Example:443/d/1?x=1#p", About("SLO board"))
    assert (row.kind, row.grade, row.url) == ("link", "attested", "https://grafana.example/d/1?x=1#p")
    canonical = b'{"title":"SLO board","url":"https://grafana.example/d/1?x=1#p"}'
    assert row.sha256 == hashlib.sha256(canonical).hexdigest()
    assert row.observed_on == timezone.localdate()
    assert row.valid_until == timezone.localdate() + timedelta(days=30)
    event = last_event(review)
    assert (event.verb, event.section, event.item) == ("person:evidence:added", "section-1", ITEM)
    assert event.data["url"] == row.url
    assert event.actor_id == member.id


def test_a_file_is_attested_under_its_own_hash(review: Review, member: Actor) -> None:
    row = add_file(member, review.pk, ITEM, png(), "../../shot.png", About())
    assert (row.kind, row.grade, row.title, row.file_name) == ("file", "attested", "shot.png", "shot.png")
    assert row.sha256 == hashlib.sha256(PNG).hexdigest()


def test_a_note_is_only_asserted(review: Review, member: Actor) -> None:
    row = add_note(member, review.pk, ITEM, "## We looked\n\nAnd it was good.", About())
    assert (row.kind, row.grade, row.title) == ("note", "asserted", "We looked")
    assert row.sha256 == hashlib.sha256(row.body.encode()).hexdigest()


def test_an_item_without_a_lifetime_takes_evidence_for_good(cast: Cast, member: Actor) -> None:
    review = make_review(member, make_service(cast.team, cast.owner))
    assert add_note(member, review.pk, ITEM, "Seen.", About()).valid_until is None


def test_html_in_a_note_is_kept_as_text(review: Review, member: Actor) -> None:
    text = "<script>alert(1)</script>"
    assert add_note(member, review.pk, ITEM, text, About()).body == text


def test_adding_makes_an_approval_stale(cast: Cast, review: Review, member: Actor) -> None:
    answer_all(member, review, 1)
    submit_section(member, section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    add_note(member, review.pk, ITEM, "One more thing.", About())
    assert section(review).status == "stale"


def test_who_added_evidence_may_not_approve(cast: Cast, review: Review, member: Actor) -> None:
    cast.member.reviewer_roles = ["sre"]
    cast.member.save()
    second = actor_of(cast.owner)
    answer_all(second, review, 1)
    add_note(actor_of(cast.member), review.pk, ITEM, "Mine.", About())
    submit_section(second, section(review))
    with pytest.raises(Refused, match="You wrote part of this section"):
        approve_section(actor_of(cast.member), section(review), seen(section(review)))


# -- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "ftp://example.com/x",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "vbscript:x",
        "//example.com/x",
        "https://example.com/\u202egpj.exe",
        "example.com/x",
        "https://",
        "https:///path",
        "https://exa mple.com",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://good.example\\@evil.example/",
        "https://example.com:99999/",
        "https://example.com:abc/",
        "https://[::1/",
        "https://-bad-.example/",
        "https://a..b/",
        'https://example.com/"onmouseover="x',
        "https://example.com/<script>",
        "https://example.com/" + "a" * 2000,
        "https://example.com/\x00",
    ],
)
def test_bad_links_are_refused_at_their_field(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        clean_url(url)
    assert list(caught.value.fields) == ["url"]


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("http://grafana/d/1", "http://grafana/d/1"),
        ("https://10.0.0.1/x", "https://10.0.0.1/x"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/ä"),
        ("https://example.com./a", "https://example.com/a"),
        ("  https://example.com/?q=a%20b#c ", "https://example.com/?q=a%20b#c"),
    ],
)
def test_links_have_one_form(given: str, canonical: str) -> None:
    assert clean_url(given) == canonical
    assert clean_url(canonical) == canonical


@pytest.mark.parametrize(
    ("day", "words"), [(timedelta(days=1), "future"), (date(1899, 12, 31), "year 1899"), (date.max, "future")]
)
def test_a_bad_day_is_refused_at_its_field(review: Review, member: Actor, day: Any, words: str) -> None:
    when = timezone.localdate() + day if isinstance(day, timedelta) else day
    with pytest.raises(Invalid, match=words) as caught:
        add_note(member, review.pk, ITEM, "Seen.", About(observed_on=when))
    assert list(caught.value.fields) == ["observed_on"]


def test_100_000_characters_do_not_fit_and_the_message_says_what_does(review: Review, member: Actor) -> None:
    with pytest.raises(Invalid, match=r"100,000 characters; at most 20,000 fit.*attach a file"):
        add_note(member, review.pk, ITEM, "a" * 100_000, About())


@pytest.mark.parametrize(
    ("about", "field"),
    [
        (About(title="a" * 201), "title"),
        (About(title="a\nb"), "title"),
        (About(title="a\u202eb"), "title"),
        (About(title="a\x00"), "title"),
    ],
)
def test_bad_titles_are_refused_at_their_field(
    review: Review, member: Actor, about: About, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        add_note(member, review.pk, ITEM, "Seen.", about)
    assert list(caught.value.fields) == [field]


def test_an_empty_note_is_refused(review: Review, member: Actor) -> None:
    with pytest.raises(Invalid):
        add_note(member, review.pk, ITEM, " \r\n ", About())


def test_an_unknown_item_is_not_found(review: Review, member: Actor) -> None:
    with pytest.raises(NotFound):
        add_note(member, review.pk, "no-such-item", "Seen.", About())


def test_an_item_that_does_not_apply_takes_none(review: Review, member: Actor) -> None:
    Answer.objects.filter(review=review, item__slug=ITEM).update(applicable=False)
    with pytest.raises(WrongState, match="does not apply"):
        add_note(member, review.pk, ITEM, "Seen.", About())


def test_a_closed_review_takes_none(cast: Cast, review: Review, member: Actor) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    withdraw_review(actor_of(cast.owner), review.pk, "Enough.")
    with pytest.raises(WrongState):
        add_note(member, review.pk, ITEM, "Later.", About())
    with pytest.raises(WrongState):
        withdraw(member, review.pk, row.pk)


@pytest.mark.parametrize(
    ("role", "error"),
    [
        ("owner", None),
        ("member", None),
        ("reviewer", Refused),
        ("accountable", Refused),
        ("admin", Refused),
        ("viewer", Refused),
        ("stranger", NotFound),
    ],
)
def test_who_may_add_and_withdraw(
    cast: Cast, review: Review, member: Actor, role: str, error: type[DomainError] | None
) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    actor = actor_of(cast[role])
    if error is None:
        add_note(actor, review.pk, ITEM, "Also seen.", About())
        withdraw(actor, review.pk, row.pk)
        assert live(review) == ["Also seen."]
        return
    with pytest.raises(error):
        add_note(actor, review.pk, ITEM, "Also seen.", About())
    with pytest.raises(error):
        withdraw(actor, review.pk, row.pk)
    assert live(review) == ["Seen."]


def test_at_most_so_many_live_pieces(review: Review, member: Actor) -> None:
    for number in range(MAX_LIVE):
        last = add_note(member, review.pk, ITEM, f"Note {number}", About())
    with pytest.raises(WrongState, match="50 pieces"):
        add_note(member, review.pk, ITEM, "One too many", About())
    add_note(member, review.pk, ITEM, "In its place", About(replaces=last.pk))
    assert len(live(review)) == MAX_LIVE


# -- Replaced, withdrawn, repeated -------------------------------------------------------------------------


def test_replacing_keeps_the_old_one_in_the_record(review: Review, member: Actor) -> None:
    old = add_note(member, review.pk, ITEM, "First.", About())
    new = add_link(member, review.pk, ITEM, "https://example.com/a", About(replaces=old.pk))
    old.refresh_from_db()
    assert (old.superseded_by, old.ended_by_id, old.body) == (new, member.id, "First.")
    assert live(review) == ["example.com/a"]
    event = last_event(review)
    assert (event.verb, event.data["replaces"]) == ("person:evidence:superseded", old.pk)


def test_what_is_gone_cannot_be_replaced(review: Review, member: Actor) -> None:
    old = add_note(member, review.pk, ITEM, "First.", About())
    withdraw(member, review.pk, old.pk)
    with pytest.raises(WrongState, match="replaced or withdrawn already"):
        add_note(member, review.pk, ITEM, "Second.", About(replaces=old.pk))
    assert live(review) == []


def test_evidence_of_another_item_or_review_cannot_be_touched(
    cast: Cast, review: Review, member: Actor
) -> None:
    other = make_review(member, make_service(cast.team, cast.owner, "search"))
    far = add_note(member, other.pk, ITEM, "Far.", About())
    near = add_note(member, review.pk, "item-1-2", "Near.", About())
    for row in (far, near):
        with pytest.raises(NotFound):
            add_note(member, review.pk, ITEM, "New.", About(replaces=row.pk))
    with pytest.raises(NotFound):
        withdraw(member, review.pk, far.pk)
    assert live(review) == ["Near."]
    assert live(other) == ["Far."]


def test_withdrawing_twice_is_one_event(review: Review, member: Actor) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    withdraw(member, review.pk, row.pk)
    withdraw(member, review.pk, row.pk)
    assert Event.objects.filter(review=review, verb="person:evidence:withdrawn").count() == 1


def test_the_same_again_is_no_second_piece(review: Review, member: Actor) -> None:
    first = add_note(member, review.pk, ITEM, "Seen.", About())
    assert add_note(member, review.pk, ITEM, "Seen.", About()) == first
    assert add_note(member, review.pk, ITEM, "Seen.", About(title="Another title")) != first
    assert Event.objects.filter(review=review, verb="person:evidence:added").count() == 2


def test_tidy_leaves_what_evidence_refers_to(review: Review, member: Actor) -> None:
    row = add_file(member, review.pk, ITEM, png(), "shot.png", About())
    withdraw(member, review.pk, row.pk)
    storage.tidy(grace=timedelta(seconds=-5))
    with storage.open_file(StoredFile.objects.get(pk=row.sha256)) as handle:
        assert handle.read() == PNG


# -- At the same moment ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_replacements_at_once_leave_one(review: Review, member: Actor) -> None:
    old = add_note(member, review.pk, ITEM, "First.", About())
    results = at_once(
        lambda: add_note(member, review.pk, ITEM, "Mine.", About(replaces=old.pk)),
        lambda: add_note(member, review.pk, ITEM, "Yours.", About(replaces=old.pk)),
    )
    assert sum(isinstance(each, WrongState) for each in results) == 1
    assert len(live(review)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_piece_sent_twice_at_once_is_one(review: Review, member: Actor) -> None:
    send = [lambda: add_note(member, review.pk, ITEM, "Twice.", About())] * 4
    assert len({row.pk for row in at_once(*send)}) == 1
    assert live(review) == ["Twice."]
    assert events.verify_all()[1] == []
