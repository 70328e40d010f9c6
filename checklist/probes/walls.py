"""Whether something stands between us and the application, so that an answer says nothing about it."""

from __future__ import annotations

import re

from checklist.probes.net.client import Exchange

_AUTH_STATUS = {
    401: "asks for a sign-in (401)",
    403: "refuses us (403)",
    407: "is behind a proxy that asks for a sign-in (407)",
    511: "is behind a network sign-in page (511)",
}
_SIGN_IN = re.compile(
    r"(?:^|/)(?:log-?in|sign-?in|sso|saml2?|oauth2?|openid|oidc|authorize|auth|cdn-cgi/access)(?:[/._-]|$)",
    re.IGNORECASE,
)


def auth_wall(exchange: Exchange) -> str:
    """What keeps us out, completing "The server ...", or "" when nothing does.

    A 401, 403, 407 or 511; a bot challenge; a redirect that ends at a sign-in page.
    """
    last = exchange.last
    if last.header("cf-mitigated") == "challenge":
        return "answers with a bot challenge"
    if last.status in _AUTH_STATUS:
        return _AUTH_STATUS[last.status]
    if len(exchange.hops) > 1 and _SIGN_IN.search(last.target.path.partition("?")[0]):
        return f"redirects to a sign-in page ({last.target.shown})"
    return ""
