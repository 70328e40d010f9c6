"""What a person typed, for a page that has no place for it any more: a refused form is never lost.

Pages after a refusal are drawn from the state as it is by then, and that may hide the form that was sent.
`shows` looks at the finished page, so that no view has to guess what its template does.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from django.forms import BoundField, Form
from django.http import HttpResponse, QueryDict

# Fields that a page fills in by itself.
_NOT_TYPED: Final = frozenset(
    {"csrfmiddlewaretoken", "revision", "page", "seen", "digest", "next", "replaces", "confirmed", "record"}
)
# Never sent back.
_SECRET: Final = ("password", "secret", "token", "code")


@dataclass(frozen=True, slots=True)
class Typed:
    """One control: the name and value that were posted, and both in words."""

    name: str
    value: str
    label: str
    text: str


def typed_in(post: QueryDict, form: Form | None = None, labels: dict[str, str] | None = None) -> list[Typed]:
    """Return what was typed or chosen, in the order of the form.

    Labels are those of `form`, else of `labels` (by name), else the name in words.
    """
    bound = {field.html_name: field for field in form} if form is not None else {}
    found: list[Typed] = []
    for name, values in post.lists():
        field, short = bound.get(name), name.rpartition("-")[2]
        if short in _NOT_TYPED or any(word in short.lower() for word in _SECRET):
            continue
        if field is not None and field.is_hidden:
            continue
        given = (labels or {}).get(name) or short.replace("_", " ").capitalize()
        label = str(field.label) if field is not None else given
        found += [Typed(name, value, label, _words(field, value)) for value in values if value.strip()]
    return found


def shows(response: HttpResponse, typed: list[Typed]) -> bool:
    """Whether every text in `typed` stands in a control of its name in the page."""
    page = _Controls()
    page.feed(response.content.decode())
    page.close()
    return all((each.name, _plain(each.value)) in page.found for each in typed)


def _words(field: BoundField | None, value: str) -> str:
    choices = dict(getattr(field.field, "choices", ())) if field is not None else {}
    for key, label in choices.items():
        if str(key) == value:
            return str(label)
    return "Yes" if value == "on" else value


def _plain(text: str) -> str:
    """Browsers and widgets disagree on line ends and a first empty line; words are what counts."""
    return " ".join(text.split())


class _Controls(HTMLParser):
    """Collects what the controls of a page hold or offer, as pairs of name and value."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self._select = ""
        self._area: list[str] | None = None
        self._area_name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a control."""
        have = {key: value or "" for key, value in attrs}
        name = have.get("name", "")
        if tag == "textarea":
            self._area, self._area_name = [], name
        elif tag == "select":
            self._select = name
        elif tag == "option":
            self.found.add((self._select, _plain(have.get("value", ""))))
        elif tag in ("input", "button"):
            self.found.add((name, _plain(have.get("value", "on"))))

    def handle_data(self, data: str) -> None:
        """Note the text of a textarea."""
        if self._area is not None:
            self._area.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close a textarea."""
        if tag == "textarea" and self._area is not None:
            self.found.add((self._area_name, _plain("".join(self._area))))
            self._area = None
