"""Tags that every template may use: icons, statuses, people, times, figures, navigation.

They build small pieces of HTML directly and remember the common ones, as a page shows hundreds of them. Names
of statuses and icons are closed lists: an unknown one is an error of the template, not an empty spot.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, Literal

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from readiness.ui import STATUSES, Status, browser_words, initials_of, relative_words, size_words

register = template.Library()

_TONES: Final = 6


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> SafeString:
    """An icon of static/img/icons.svg. Decorative, unless `label` says what it means."""
    href = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
@lru_cache(maxsize=512)
def status(kind: str, label: str = "", title: str = "") -> SafeString:
    """A status as word, shape and colour. `kind`: a key of `readiness.ui.STATUSES`; `label`: another word."""
    known = _status(kind)
    spin = " is-moving" if known.moving else ""
    hover = format_html(' title="{}"', title) if title else ""
    return format_html(
        '<span class="status tone-{}{}"{}>{}{}</span>',
        known.tone,
        spin,
        hover,
        icon(known.icon),
        label or known.word,
    )


@register.simple_tag
@lru_cache(maxsize=512)
def status_dot(kind: str, label: str = "") -> SafeString:
    """The shape and colour of a status alone, with its word for those who hear the page."""
    known = _status(kind)
    return format_html(
        '<span class="dot tone-{}" title="{}">{}</span>',
        known.tone,
        label or known.word,
        icon(known.icon, label or known.word),
    )


@register.simple_tag
def tone(kind: str) -> str:
    """The CSS class that colours something like the status `kind`: tone-ok, tone-bad, tone-warn ..."""
    return f"tone-{_status(kind).tone}"


def _status(kind: str) -> Status:
    try:
        return STATUSES[kind]
    except KeyError:
        raise template.TemplateSyntaxError(
            f"Unknown status “{kind}”. Known: {', '.join(STATUSES)}."
        ) from None


@register.simple_tag
def avatar(person: Any, *, labelled: bool = False) -> SafeString:
    """A person's initials in a disc. Silent beside the name; `labelled=True` where it stands alone."""
    name = str(person) if person else "Somebody who left"
    shade = (getattr(person, "pk", 0) or 0) % _TONES
    letters = getattr(person, "initials", "") or initials_of(name)
    if labelled:
        return format_html(
            '<span class="avatar shade-{}" role="img" aria-label="{}" title="{}">{}</span>',
            shade,
            name,
            name,
            letters,
        )
    return format_html('<span class="avatar shade-{}" aria-hidden="true">{}</span>', shade, letters)


@register.simple_tag
def meter(kinds: Iterable[str], noun: str = "items") -> SafeString:
    """A section at a glance: one small bar per answer, in the order given, with the counts in words."""
    listed = list(kinds)
    counts = Counter(_status(kind).word.lower() for kind in listed)
    words = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    bars = format_html_join("", '<i class="tone-{}"></i>', ((_status(kind).tone,) for kind in listed))
    return format_html(
        '<span class="meter" role="img" aria-label="{} {}: {}">{}</span>',
        len(listed),
        noun,
        words or "none",
        bars,
    )


@register.simple_tag
def when(
    value: dt.datetime | dt.date | None, style: Literal["auto", "full", "date", "words"] = "auto"
) -> SafeString | str:
    """A time in the reader's zone, with the exact UTC time on hover.

    `auto`: words when recent, else the date. `full`: date and time. `date`: the date. `words`: always words.
    """
    if value is None:
        return ""
    if not isinstance(value, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), value.strftime("%-d %b %Y"))
    utc = value.astimezone(dt.UTC)
    local = timezone.localtime(value)
    now = timezone.now()
    words = relative_words(value, now) if style in {"auto", "words"} else ""
    if style == "words" and not words:
        words = relative_words(value, now, limit_days=10**6)
    if not words:
        words = _date_words(
            local, timezone.localtime(now), with_time=style == "full", with_year=style != "auto"
        )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        utc.strftime("%-d %b %Y, %H:%M:%S UTC"),
        words,
    )


def _date_words(local: dt.datetime, today: dt.datetime, *, with_time: bool, with_year: bool) -> str:
    pattern = "%-d %b %Y" if with_year or local.year != today.year else "%-d %b"
    return local.strftime(f"{pattern}, %H:%M %Z" if with_time else pattern)


@register.simple_tag(name="bytes")
def bytes_(number: int | None) -> str:
    """A size in words, such as "1.4 MB" (1 MB is 1,048,576 bytes)."""
    return "" if number is None else size_words(number)


@register.filter
def browser(user_agent: str) -> str:
    """A browser's User-Agent in a few words."""
    return browser_words(user_agent)


@register.simple_tag
def percent(part: float | None, whole: float | None = None) -> str:
    """`part` of `whole`, or the ratio `part`, as "67 %". A dash when there is nothing to divide by."""
    if part is None or whole == 0:
        return "\N{EN DASH}"
    ratio = part if whole is None else part / whole
    # Never say 100 % or 0 % of something that is not quite: round towards the middle.
    if 0 < ratio < 1:
        return f"{min(99, max(1, round(ratio * 100)))} %"
    return f"{round(ratio * 100)} %"


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, label: str, also: str = "") -> SafeString:
    """A link of the top bar, marked as current on its own pages and on those whose path starts by `also`."""
    url = reverse(name)
    path = context["request"].path if "request" in context else ""
    here = path == url if url == "/" else path.startswith(url)
    here = here or bool(also and path.startswith(also))
    current = SafeString(' aria-current="page"') if here else ""
    return format_html('<a href="{}"{}>{}</a>', url, current, label)


@register.simple_tag
def crumbs(*parts: str) -> SafeString:
    """Breadcrumbs: label, address, label, address ..., and last the label of this page without an address."""
    links = format_html_join(
        "",
        '<li><a href="{}">{}</a></li>',
        ((url, label) for label, url in zip(parts[:-1:2], parts[1::2], strict=True)),
    )
    last = format_html('<li aria-current="page">{}</li>', parts[-1]) if len(parts) % 2 else ""
    return format_html('<nav class="crumbs" aria-label="Breadcrumb"><ol>{}{}</ol></nav>', links, last)
