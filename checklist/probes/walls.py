"""Whether something stands between us and the application, so that an answer says nothing about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checklist.probes.net.client import Answer, Exchange

_AUTH_STATUS = {
    401: "asks for a sign-in (401)",
    403: "refuses us (403)",
    407: "is behind a proxy that asks for a sign-in (407)",
    511: "is behind a network sign-in page (511)",
}
# A sign-in page that the application may well serve itself ...
_OWN = re.compile(r"(?:^|/)(?:log-?in|sign-?in|authenticate|accounts?/log-?in)(?:[/._-]|$)", re.IGNORECASE)
# ... and paths of gateways and identity providers, which answer in its place.
_GATEWAY = re.compile(
    r"(?:^|/)(?:sso|saml2?|oauth2?|openid|openid-connect|oidc|authorize|cdn-cgi/access)(?:[/._-]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wall:
    """What keeps us out, completing "The server ...".

    `own` is True for a sign-in page on the service's own host, where the application itself may answer.
    """

    what: str
    own: bool = False


def auth_wall(exchange: Exchange) -> Wall | None:
    """What keeps us out, or None.

    A 401, 403, 407 or 511; a bot challenge; a redirect, followed or not, to a sign-in page.
    """
    last = exchange.last
    if last.header("cf-mitigated") == "challenge":
        return Wall("answers with a bot challenge")
    if last.status in _AUTH_STATUS:
        return Wall(_AUTH_STATUS[last.status])
    if len(exchange.hops) == 1:
        return None
    path = last.target.path.partition("?")[0]
    what = f"redirects to a sign-in page ({last.target.shown})"
    if _GATEWAY.search(path):
        return Wall(what)
    if _OWN.search(path):
        return Wall(what, own=same_site(exchange.first, last))
    return None


def same_site(first: Answer, other: Answer) -> bool:
    """Whether two answers are of one service: the same host, or one below the other (www.example.com)."""
    one, two = first.target.host, other.target.host
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")
