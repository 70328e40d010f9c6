"""The raw record of a run, redacted before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from checklist.probes.net.client import Answer, Exchange
from checklist.probes.net.urls import BadUrl, join

MAX_BYTES = 2 * 1024 * 1024
MEDIA_TYPE = "text/plain; charset=utf-8"
# Headers that are kept. Any other may carry a secret or a person's data.
KEPT_HEADERS = frozenset(
    {
        "alt-svc",
        "cache-control",
        "cf-mitigated",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-security-policy-report-only",
        "content-type",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "location",
        "permissions-policy",
        "referrer-policy",
        "retry-after",
        "set-cookie",
        "strict-transport-security",
        "vary",
        "www-authenticate",
        "x-content-type-options",
        "x-frame-options",
    }
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Replace control characters, so that a stored text shows as it is."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


@dataclass(slots=True)
class Redactor:
    """Replaces e-mail addresses by `person-1`, `person-2` ...:

    the same address is the same person in one run.
    """

    _people: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """The text without e-mail addresses and control characters."""
        return _EMAIL.sub(self._person, printable(text))

    def _person(self, match: re.Match[str]) -> str:
        address = match[0].lower()
        return self._people.setdefault(address, f"person-{len(self._people) + 1}")


@dataclass(slots=True)
class Artifact:
    """Collects what a run saw as readable text, at most 2 MiB."""

    redactor: Redactor = field(default_factory=Redactor)
    _parts: list[str] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        """Keep a text that is public as it is, such as a published file. Control characters are replaced."""
        self._parts.append(printable(text))

    def add_exchange(self, exchange: Exchange, *, also: Iterable[str] = (), snippet: int = 0) -> None:
        """Keep every answer's status and allow-listed headers.

        Arguments: `also`, further header names (lower-case) to keep; `snippet`, characters of the last body
        to keep.
        """
        kept = KEPT_HEADERS | frozenset(also)
        for hop in exchange.hops:
            self._parts.append(self._hop(hop, kept))
        if exchange.stopped:
            self._parts.append(f"(not followed: {exchange.stopped})")
        if snippet and exchange.last.body:
            self._parts.append(self.redactor.text(exchange.last.text[:snippet]))

    def content(self) -> bytes | None:
        """The whole record as UTF-8, or None where nothing was kept."""
        if not self._parts:
            return None
        return "\n\n".join(self._parts).encode()[:MAX_BYTES].decode(errors="ignore").encode()

    def _hop(self, hop: Answer, kept: frozenset[str]) -> str:
        lines = [f"GET {hop.target.shown}", f"HTTP {hop.status}"]
        lines += [f"{name}: {self._value(hop, name, value)}" for name, value in hop.headers if name in kept]
        dropped = sum(name not in kept for name, _ in hop.headers)
        if dropped:
            lines.append(f"({dropped} other headers were not kept)")
        return "\n".join(lines)

    def _value(self, hop: Answer, name: str, value: str) -> str:
        if name == "set-cookie":
            return redact_cookie(value)
        if name == "location":
            return redact_location(hop, value)
        if name == "www-authenticate":
            return self.redactor.text(value.partition(" ")[0])
        return self.redactor.text(value[:4096])


def redact_cookie(value: str) -> str:
    """A Set-Cookie value with its name and flags, without what it holds."""
    pair, _, flags = value.partition(";")
    return printable(f"{pair.partition('=')[0].strip()}=[not kept];{flags}"[:1024])


def redact_location(hop: Answer, value: str) -> str:
    """A Location value without its query, which carries tokens on the way to a sign-in page."""
    try:
        return join(hop.target, value).shown
    except BadUrl:
        return "[not kept: not a valid URL]"
