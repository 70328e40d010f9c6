"""Who may make an account without an invitation. The settings read it, so it imports no application."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, slots=True)
class SignupPolicy:
    """`closed`: by invitation only; `open`: anybody; `domain`: addresses in `domains` (lower case)."""

    kind: Literal["closed", "open", "domain"]
    domains: frozenset[str] = frozenset()

    def admits(self, email: str) -> bool:
        """Whether somebody with this address may sign up. Subdomains must be listed themselves."""
        if self.kind == "domain":
            return email.rpartition("@")[2].lower() in self.domains
        return self.kind == "open"

    @property
    def refusal(self) -> str:
        """What to tell somebody whose address is not admitted."""
        if self.kind == "domain":
            return f"Use your address at {' or '.join(sorted(self.domains))}, or ask to be invited."
        return "Accounts are made by invitation. Ask an administrator to invite you."


def parse_signup(value: str) -> SignupPolicy:
    """Read `READINESS_SIGNUP`: "closed", "open", or "domain:" and domains with commas between.

    Raises `ImproperlyConfigured` for anything else: a typing error must not open the door.
    """
    kind, colon, names = value.strip().lower().partition(":")
    if kind in {"closed", "open"} and not colon:
        return SignupPolicy("closed" if kind == "closed" else "open")
    domains = frozenset(name.strip() for name in names.split(",") if name.strip())
    if kind == "domain" and domains and all(_DOMAIN.fullmatch(domain) for domain in domains):
        return SignupPolicy("domain", domains)
    raise ImproperlyConfigured(
        f"READINESS_SIGNUP is “{value}”. Use closed, open, or domain: with the domains, "
        "for example domain:example.com,example.org."
    )


def current_policy() -> SignupPolicy:
    """The policy that the settings hold."""
    policy: SignupPolicy = settings.SIGNUP
    return policy
