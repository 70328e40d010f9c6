"""The answer to "may this person do that?", shared by accounts' rights and reviews' permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from readiness.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a verb is allowed, and the sentence that the page shows if it is not.

    `hidden` says that the person must not even learn that the object exists: the answer is 404, not 403.
    """

    allowed: bool
    reason: str = ""
    hidden: bool = False

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Return if allowed; otherwise raise `NotFound` (hidden) or `Refused`, with the reason."""
        if self.allowed:
            return
        raise NotFound(self.reason) if self.hidden else Refused(self.reason)


ALLOWED: Final = Decision(allowed=True)


def refused(reason: str) -> Decision:
    """A refusal to somebody who may see the object (403)."""
    return Decision(allowed=False, reason=reason)


def hidden(reason: str = "There is nothing at this address, or you may not see it.") -> Decision:
    """A refusal to somebody who may not see the object at all (404)."""
    return Decision(allowed=False, reason=reason, hidden=True)
