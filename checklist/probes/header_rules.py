"""Rules of single headers: HSTS (RFC 6797), CSP framing, nosniff and Set-Cookie (RFC 6265). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORT_HSTS = 180 * 86400
_NOT_SESSION = re.compile(
    r"csrf|xsrf|consent|^_ga|^_hj|^awsalb|^arraffinity|^ingresscookie|^bigip", re.IGNORECASE
)
_SESSION = re.compile(
    r"""
    (?:^|[._-]) (?: sess | session | sessions | sessionid | session_?id | sessid | sid | auth | authtoken
                  | token | jwt | logged_in | remember | remember_?me | identity | login ) (?:$|[._-])
    | ^(?: jsessionid | phpsessid | asp\.net_sessionid | aspsessionid\w* | cfid | cftoken | \.aspxauth
         | usersession | accesstoken | refreshtoken | idtoken | saccesstoken )
    | sess(?:ion)?_?id$
    """,
    re.IGNORECASE | re.VERBOSE,
)


def hsts_max_age(values: tuple[str, ...]) -> int | None:
    """Seconds of the first header's max-age; None where the policy is missing or invalid.

    RFC 6797, section 8.1: only the first header counts. Section 6.1: each directive at most once, max-age
    needed.
    """
    if not values:
        return None
    seen: dict[str, str] = {}
    for part in values[0].split(";"):
        name, _, value = part.strip().partition("=")
        name = name.strip().lower()
        if not name:
            continue
        if name in seen:
            return None
        seen[name] = value.strip().strip('"')
    age = seen.get("max-age", "")
    return int(age) if re.fullmatch(r"[0-9]{1,15}", age) else None


def hsts_problem(values: tuple[str, ...]) -> str:
    """Why browsers do not keep the host to HTTPS, or ""."""
    if not values:
        return "Strict-Transport-Security is missing."
    age = hsts_max_age(values)
    if age is None:
        return "Strict-Transport-Security is not valid, so browsers ignore it."
    return "Strict-Transport-Security has max-age=0, which switches it off." if age == 0 else ""


def is_nosniff(values: tuple[str, ...]) -> bool:
    """Whether browsers obey: the first of the comma-joined values is nosniff (Fetch, "determine nosniff")."""
    return ",".join(values).partition(",")[0].strip().lower() == "nosniff"


def framing_limited(policies: tuple[str, ...], options: tuple[str, ...]) -> bool:
    """Whether framing is limited.

    `frame-ancestors` overrides X-Frame-Options (CSP 3); ALLOW-FROM is obsolete.
    """
    ancestors = [
        directive.split()[1:]
        for value in policies
        for policy in value.split(",")
        for directive in policy.split(";")
        if directive.split()[:1] and directive.split()[0].lower() == "frame-ancestors"
    ]
    if ancestors:
        return any(not {"*", "http:", "https:"} & set(sources) for sources in ancestors)
    names = {name.strip().upper() for name in ",".join(options).split(",")}
    return len(names) == 1 and names <= {"DENY", "SAMEORIGIN"}


@dataclass(frozen=True, slots=True)
class Cookie:
    """A Set-Cookie line without its value."""

    name: str
    secure: bool
    http_only: bool
    same_site: str
    deleted: bool


def parse_cookie(line: str, now: datetime) -> Cookie | None:
    """Read a Set-Cookie line (RFC 6265, section 5.2); None where browsers would ignore it."""
    pair, *attributes = line.split(";")
    name, separator, _ = pair.partition("=")
    name = name.strip()
    if not separator or not name:
        return None
    flags: dict[str, str] = {}
    for attribute in attributes:
        key, _, value = attribute.strip().partition("=")
        flags[key.strip().lower()] = value.strip()
    same_site = flags.get("samesite", "").capitalize()
    return Cookie(
        name[:100],
        "secure" in flags,
        "httponly" in flags,
        same_site if same_site in {"Strict", "Lax", "None"} else "",
        _deleted(flags, now),
    )


def is_session(name: str, also: Iterable[str] = ()) -> bool:
    """Whether a cookie of this name carries a session, by the names that frameworks give it.

    CSRF tokens are not: scripts must read them. Neither are analytics and load balancers' cookies.
    """
    if name in set(also):
        return True
    bare = re.sub(r"^__(?:host|secure)-", "", name, flags=re.IGNORECASE)
    return not _NOT_SESSION.search(bare) and bool(_SESSION.search(bare))


def _deleted(flags: dict[str, str], now: datetime) -> bool:
    age = flags.get("max-age", "")
    if re.fullmatch(r"-?[0-9]{1,15}", age):
        return int(age) <= 0
    try:
        expires = parsedate_to_datetime(flags["expires"][:60].replace("-", " "))
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return False
    return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)) <= now
