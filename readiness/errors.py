"""Errors of the domain. Each carries a sentence that tells a person what to do next.

Actions, permissions and queries raise them; `readiness.middleware` turns them into pages, htmx fragments or
Problem Details. A wrong state (409) and a missing right (403) are different errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from readiness.typed import Typed


class DomainError(Exception):
    """Base of all: `message` is shown to the reader, `status` is the HTTP status code.

    `typed` is what the reader had typed, where the page that answers does not hold it in its form.
    """

    status: ClassVar[int] = 400
    title: ClassVar[str] = "That did not work"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.typed: Sequence[Typed] = ()


class Invalid(DomainError):
    """Input that cannot be taken (422). `fields` maps a field's name to its messages."""

    status = 422
    title = "Please check what you entered"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class TooLarge(Invalid):
    """More bytes than are taken (413)."""

    status = 413
    title = "That is too large"


class Refused(DomainError):
    """The actor may see the object but not do this (403)."""

    status = 403
    title = "You may not do this"


class NotFound(DomainError):
    """The object does not exist, or does not exist for this actor (404)."""

    status = 404
    title = "Not found"


class WrongState(DomainError):
    """The act is not possible in the present state (409)."""

    status = 409
    title = "Not possible right now"


class Conflict(DomainError):
    """Somebody else, or another tab, was first (409). `current` holds what is stored now: nothing is lost."""

    status = 409
    title = "It changed meanwhile"

    def __init__(self, message: str, current: Any = None) -> None:
        super().__init__(message)
        self.current = current


class Unavailable(DomainError):
    """Something that Readiness needs does not answer just now, a mail server for example (503)."""

    status = 503
    title = "Not available right now"
