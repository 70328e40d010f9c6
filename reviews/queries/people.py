"""People of this installation, by what somebody typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models.functions import Lower

from readiness.accounts.models import User


def find_people(typed: Iterable[str]) -> dict[str, User]:
    """Who is meant by each text: an e-mail address, a name, or both as the lists of names offer them.

    A name that two people share means neither: their addresses tell them apart. One query, or none.
    """
    wanted = {text: _key(text) for text in typed if text.strip()}
    if not wanted:
        return {}
    keys = set(wanted.values())
    people = User.objects.filter(is_active=True).annotate(
        lower_name=Lower("name"), lower_email=Lower("email")
    )
    by_key: dict[str, list[User]] = defaultdict(list)
    for user in people.filter(lower_name__in=keys) | people.filter(lower_email__in=keys):
        by_key[user.name.lower()].append(user)
        by_key[user.email.lower()].append(user)
    return {
        text: found[0] for text, key in wanted.items() if len(found := list(dict.fromkeys(by_key[key]))) == 1
    }


def _key(text: str) -> str:
    """“Ada Moreau <ada@example.com>” means the address; else the text is a name or an address."""
    plain = " ".join(text.split()).lower()
    return plain[plain.rindex("<") + 1 : -1] if plain.endswith(">") and "<" in plain else plain


def everybody() -> list[User]:
    """All active people by name, to choose from."""
    return list(User.objects.filter(is_active=True).order_by("name", "pk"))
