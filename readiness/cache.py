"""The cache, whose absence slows pages down and breaks none."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def _forgiving(name: str, fallback: Callable[..., Any]) -> Callable[..., Any]:
    """Return the client's method `name`, which answers `fallback(*arguments)` while the server is away."""
    original = getattr(RedisCacheClient, name)

    @functools.wraps(original)
    def method(self: RedisCacheClient, *arguments: Any, **named: Any) -> Any:
        try:
            return original(self, *arguments, **named)
        except RedisError as error:
            logger.warning("The cache does not answer (%s): going on without it.", type(error).__name__)
            return fallback(*arguments)

    return method


class _ForgivingClient(RedisCacheClient):
    add = _forgiving("add", lambda *_: True)
    get = _forgiving("get", lambda _key, default: default)
    set = _forgiving("set", lambda *_: None)
    touch = _forgiving("touch", lambda *_: False)
    delete = _forgiving("delete", lambda *_: False)
    get_many = _forgiving("get_many", lambda *_: {})
    has_key = _forgiving("has_key", lambda *_: False)
    incr = _forgiving("incr", lambda _key, delta: delta)
    set_many = _forgiving("set_many", lambda *_: None)
    delete_many = _forgiving("delete_many", lambda *_: None)
    clear = _forgiving("clear", lambda *_: False)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, which behaves as an empty one while the server does not answer.

    It holds rate limits and what can be worked out again. Without it sign-in goes on unthrottled for that
    while: refusing everybody would make the cache a second point of failure.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _ForgivingClient
