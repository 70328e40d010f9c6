"""Tags of the pages: statuses, times, sizes, percentages, people, navigation."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from readiness.accounts.models import User
from readiness.templatetags import ui
from readiness.ui import STATUSES, browser_words, relative_words, size_words

ROOT = Path(__file__).resolve().parents[2]
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/img/icons.svg").read_text()))
NOW = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOSTILE = "<script>alert('x')</script>\" onmouseover=\"x"


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize("kind", STATUSES)
def test_each_status_has_a_word_a_shape_and_a_tone(kind: str) -> None:
    html = ui.status(kind)
    assert STATUSES[kind].word in html
    assert STATUSES[kind].icon in ICONS
    assert f"tone-{STATUSES[kind].tone}" in html
    assert STATUSES[kind].word in ui.status_dot(kind)


def test_statuses_of_one_tone_that_stand_together_differ_in_shape() -> None:
    for group in (
        ("unanswered", "met", "not_met", "not_applicable", "waived", "deferred", "stale"),
        ("pass", "warn", "fail", "unknown", "error", "queued", "running"),
        ("open", "submitted", "changes_requested", "approved", "stale", "locked"),
    ):
        shapes = [STATUSES[kind].icon for kind in group]
        assert len(set(shapes)) == len(shapes), group


def test_an_unknown_status_is_an_error_of_the_template() -> None:
    with pytest.raises(TemplateSyntaxError, match="Unknown status “nonsense”"):
        render('{% status "nonsense" %}')


def test_every_icon_that_a_template_names_exists() -> None:
    named = {
        (path.name, name)
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'(?:{% icon |icon_name=)"([\w-]+)"', path.read_text())
    }
    assert len(named) > 20
    assert not {(file, name) for file, name in named if name not in ICONS}


def test_words_from_people_cannot_carry_markup() -> None:
    person = User(pk=1, name=HOSTILE, email="x@example.com")
    html = (
        ui.status("waived", HOSTILE, HOSTILE)
        + ui.avatar(person, labelled=True)
        + ui.avatar(person)
        + ui.icon("check", HOSTILE)
        + ui.crumbs(HOSTILE, "/a/", HOSTILE)
        + ui.meter(["met"], HOSTILE)
    )
    assert "<script" not in html
    assert '" onmouseover' not in html


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        ({"seconds": 3}, "just now"),
        ({"seconds": 59}, "just now"),
        ({"seconds": 60}, "1 min ago"),
        ({"minutes": 59, "seconds": 59}, "59 min ago"),
        ({"hours": 2}, "2 h ago"),
        ({"days": 1}, "1 day ago"),
        ({"days": 6, "hours": 23}, "6 days ago"),
        ({"days": 7}, ""),
        ({"minutes": -12}, "in 12 min"),
        ({"days": -3}, "in 3 days"),
        ({"seconds": -3}, "in a moment"),
    ],
)
def test_recent_times_are_words(ago: dict[str, int], words: str) -> None:
    assert relative_words(NOW - dt.timedelta(**ago), NOW) == words


def test_a_time_is_in_the_readers_zone_with_exact_utc_on_hover() -> None:
    moment = dt.datetime(2025, 11, 23, 22, 30, 5, tzinfo=dt.UTC)
    with timezone.override("Asia/Tokyo"):
        html = ui.when(moment, "full")
    assert "24 Nov 2025, 07:30 JST" in html
    assert 'title="23 Nov 2025, 22:30:05 UTC"' in html
    assert 'datetime="2025-11-23T22:30:05Z"' in html


def test_a_date_has_no_zone_and_nothing_is_nothing() -> None:
    assert ">31 Jan 2027</time>" in ui.when(dt.date(2027, 1, 31))
    assert ui.when(None) == ""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (20 * 2**20, "20 MB"),
        (5 * 2**40, "5120 GB"),
    ],
)
def test_sizes(number: int, words: str) -> None:
    assert size_words(number) == words


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=1, max_value=500))
def test_only_all_is_100_percent_and_only_nothing_is_0(part: int, whole: int) -> None:
    part = min(part, whole)
    assert (ui.percent(part, whole) == "100 %") is (part == whole)
    assert (ui.percent(part, whole) == "0 %") is (part == 0)


def test_percent_of_nothing_is_a_dash() -> None:
    assert ui.percent(0, 0) == ui.percent(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_in_words(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words


def test_a_meter_says_its_counts() -> None:
    html = ui.meter(["met", "met", "not_met", "unanswered"])
    assert 'aria-label="4 items: 2 met, 1 not met, 1 not answered"' in html
    assert html.count("<i ") == 4


def test_the_link_of_the_page_one_is_on_is_marked() -> None:
    context = {"request": RequestFactory().get("/services/checkout/")}
    assert 'aria-current="page"' in render('{% nav_link "reviews:services" "Services" %}', **context)
    assert "aria-current" not in render('{% nav_link "account_email" "E-mail" %}', **context)
