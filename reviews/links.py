"""Links that people give as evidence: http and https only, in one canonical form. Nothing is fetched."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from readiness.errors import Invalid

MAX_URL: Final = 2000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_BAD: Final = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def clean_url(given: str) -> str:
    """Return `given` in canonical form (RFC 3986, 6.2): scheme and host in lower case, no default port.

    Raises Invalid naming the field `url` for anything else than an http or https address, and for one that
    carries a name or a password.
    """
    text = given.strip()
    if not text:
        raise _bad("Paste the address of the link.")
    if len(text) > MAX_URL:
        raise _bad(f"This link has {len(text):,} characters; at most {MAX_URL:,} fit.")
    if _BAD.search(text):
        raise _bad("A link has no spaces or quotes in it. Copy it again from the browser's address bar.")
    if not text.isprintable():  # such as marks that turn the reading order: it would read as another link
        raise _bad("This link holds characters that cannot be shown. Type it anew.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad("This is not a complete link. Copy it from the browser's address bar.") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _bad("A link begins with https:// or http:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise _bad("Leave the name and the password out of the link: everybody here can read it.")
    host = _host(parts)
    place = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    return urlunsplit((scheme, place, parts.path or "/", parts.query, parts.fragment))


def short_url(url: str) -> str:
    """A link as a title: host and path, without what only computers read."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path.rstrip('/')}"


def _host(parts: SplitResult) -> str:
    name = (parts.hostname or "").rstrip(".")
    if ":" in name:
        return f"[{name}]"
    try:
        ascii_name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        raise _bad(f"“{name}” is not a host name.") from None
    if not ascii_name or not all(_LABEL.fullmatch(label) for label in ascii_name.split(".")):
        raise _bad(f"“{name}” is not a host name.")
    return ascii_name


def _bad(message: str) -> Invalid:
    return Invalid(message, {"url": [message]})
