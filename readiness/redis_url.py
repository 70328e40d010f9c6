"""REDIS_URL in the two spellings that its readers understand."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit


def client_url(url: str) -> str:
    """Return `url` as redis-py reads it: a socket is unix:///path?db=0."""
    return _respell(url, "redis+socket", "unix", {"virtual_host": "db"})


def broker_url(url: str) -> str:
    """Return `url` as Celery reads it: a socket is redis+socket:///path?virtual_host=0."""
    return _respell(url, "unix", "redis+socket", {"db": "virtual_host"})


def _respell(url: str, scheme: str, into: str, names: dict[str, str]) -> str:
    parts = urlsplit(url)
    if parts.scheme != scheme:
        return url
    query = urlencode([(names.get(name, name), value) for name, value in parse_qsl(parts.query)], safe="/")
    return f"{into}://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")
