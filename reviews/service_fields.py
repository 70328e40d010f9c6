"""The fields of a service as plain data: what may stand in them, for forms, imports and exports. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.text import slugify

from checklist.facts import FACTS, clean_facts
from readiness.errors import Invalid

MAX_NAME: Final = 120
MAX_SLUG: Final = 63
MAX_DESCRIPTION: Final = 5_000
MAX_URL: Final = 500
TIERS: Final = (1, 2, 3, 4)
URL_FIELDS: Final[dict[str, str]] = {
    "production_url": "Production URL",
    "health_url": "Health URL",
    "repository_url": "Repository",
    "documentation_url": "Documentation",
}
# Probes fetch these two, so the egress policy has a say in them.
PROBED_URLS: Final = ("production_url", "health_url")
FACT_NAMES: Final = tuple(fact.name for fact in FACTS)
LABELS: Final[dict[str, str]] = {
    "name": "Name",
    "slug": "Slug",
    "team": "Team",
    "tier": "Tier",
    "description": "Description",
    **URL_FIELDS,
    **{fact.name: fact.label for fact in FACTS},
}
# First words of addresses under /services/ that are not services.
_TAKEN_WORDS: Final = frozenset({"new", "import", "export"})


def clean_service(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return typed values for those fields that `raw` holds: name, tier, description, URLs, facts.

    `raw["facts"]` is a mapping of its own, of some facts or all. Raises `Invalid` whose `fields` name every
    bad field, facts by their own names. A field that `raw` does not hold is left out.
    """
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    cleaners = {"name": _clean_name, "tier": _clean_tier, "description": _clean_description}
    for field in ("name", "tier", "description", *URL_FIELDS):
        if field not in raw:
            continue
        try:
            values[field] = cleaners.get(field, _clean_url)(raw[field])
        except ValueError as error:
            errors[field] = [str(error)]
    if "facts" in raw:
        try:
            stated = clean_facts(raw["facts"])
            values["facts"] = {name: stated[name] for name in raw["facts"]}
        except Invalid as error:
            errors.update(error.fields)
    if errors:
        names = ", ".join(LABELS.get(field, field) for field in errors)
        raise Invalid(f"Check these fields: {names}.", errors)
    return values


def _text(value: Any) -> str:
    text = str(value if value is not None else "").replace("\r\n", "\n").strip()
    if "\x00" in text:
        raise ValueError("Remove the NUL character.")
    return text


def _clean_name(value: Any) -> str:
    name = " ".join(_text(value).split())
    if not name:
        raise ValueError("Give the service a name.")
    if len(name) > MAX_NAME:
        raise ValueError(f"This name has {len(name):,} characters; at most {MAX_NAME} fit. Shorten it.")
    if not name.isprintable():
        raise ValueError("This name holds characters that cannot be shown. Type it anew.")
    return name


def _clean_description(value: Any) -> str:
    text = _text(value)
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(
            f"This text has {len(text):,} characters; at most {MAX_DESCRIPTION:,} fit. "
            "Shorten it, or link to a page with the rest."
        )
    return text


def _clean_tier(value: Any) -> int:
    text = _text(value).lower().removeprefix("tier").strip()
    if text not in {str(tier) for tier in TIERS}:
        raise ValueError("Enter 1, 2, 3 or 4; 1 is the tier on which most hangs.")
    return int(text)


def _clean_url(value: Any) -> str:
    url = _text(value)
    if not url:
        return ""
    if len(url) > MAX_URL:
        raise ValueError(f"This address has {len(url):,} characters; at most {MAX_URL} fit.")
    if any(char.isspace() or not char.isprintable() for char in url):
        raise ValueError("An address holds no spaces. Remove them.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("This is not an address. Enter one like https://shop.example.com.") from None
    if parts.scheme.lower() not in {"http", "https"}:
        raise ValueError("Enter an address that starts with https:// or http://.")
    if not parts.hostname or port == 0:
        raise ValueError("This address names no host. Enter one like https://shop.example.com.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave the user name and password out of the address: everybody here can read it.")
    return url


def slug_base(name: str) -> str:
    """Return a readable slug for `name`, which may still be taken: ASCII, at most 63 characters."""
    base = slugify(name.casefold())[:MAX_SLUG].strip("-_")
    return base or "service"


def free_slug(name: str, taken: Collection[str]) -> str:
    """Return a slug for `name` that is not in `taken`: the plain one if it is free, else with -2, -3 ..."""
    base = slug_base(name)
    candidate, number = base, 1
    while candidate in taken or candidate in _TAKEN_WORDS:
        number += 1
        ending = f"-{number}"
        candidate = base[: MAX_SLUG - len(ending)].rstrip("-_") + ending
    return candidate


def clean_slug(value: str) -> str:
    """Check a slug that somebody chose; raise ValueError with a sentence that says what to enter."""
    slug = value.strip().lower()
    if slug != slug_base(slug) or not slug:
        raise ValueError("Use lower-case letters, digits and hyphens, at most 63 in all.")
    if slug in _TAKEN_WORDS:
        raise ValueError(f"“{slug}” is an address of this application. Choose another slug.")
    return slug


def shown(value: Any) -> str:
    """Return a value as a cell of a CSV file, or as a form holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
