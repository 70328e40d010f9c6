"""The cache with and without its server."""

from __future__ import annotations

import logging
import time

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from readiness.accounts.models import User
from readiness.cache import ForgivingRedisCache


@pytest.mark.usefixtures("servers")
def test_it_keeps_what_it_is_given() -> None:
    cache.set("a", {"b": 1}, 60)
    assert cache.get("a") == {"b": 1}
    assert cache.add("a", 2) is False
    cache.set("count", 1)
    assert cache.incr("count") == 2
    cache.delete("a")
    assert cache.get("a", "none") == "none"


@pytest.mark.django_db
def test_signing_in_goes_on_without_the_cache(client: Client, settings: LazySettings) -> None:
    User.objects.create_user("nora@example.com", "a long enough password", name="Nora")
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert client.get("/accounts/login/").status_code == 200
    wrong = client.post("/accounts/login/", {"login": "nora@example.com", "password": "wrong"})
    assert wrong.status_code in {200, 422}


def test_without_its_server_it_is_empty_and_quick(caplog: pytest.LogCaptureFixture) -> None:
    away = ForgivingRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 1}})
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        away.set("a", 1)
        assert away.get("a", "none") == "none"
        assert away.add("a", 1) is True
        assert away.get_many(["a"]) == {}
        assert away.has_key("a") is False
        assert away.incr("a", 3) == 3
        assert away.get_or_set("a", lambda: 5) == 5
        away.set_many({"a": 1})
        away.delete_many(["a"])
        assert away.touch("a") is False
        assert away.delete("a") is False
        away.clear()
    assert time.monotonic() - began < 2
    assert "cache does not answer" in caplog.text
