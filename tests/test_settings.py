"""What the environment makes of the settings, and what they refuse."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "ALLOWED_HOSTS": "readiness.example.com",
    "DATABASE_URL": "postgres://readiness:pass%40word@db.example.com:5433/readiness?sslmode=require",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "READINESS_BASE_URL": "https://readiness.example.com",
    "REDIS_URL": "redis://broker.example.com/0",
    "SECRET_KEY": "for-a-test-" + "0123456789abcdef" * 4,
    "SECURE_PROXY_SSL_HEADER": "X-Forwarded-Proto",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a function that reads the settings under an environment of these variables alone."""

    def read(**variables: str) -> dict[str, Any]:
        for name in list(os.environ):
            if name.startswith("READINESS_") or name in PRODUCTION:
                monkeypatch.delenv(name)
        monkeypatch.setenv("READINESS_DATA", str(tmp_path))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "readiness" / "settings.py"))

    return read


def test_production_is_closed_and_encrypted(load: Any) -> None:
    found = load(**PRODUCTION)
    assert found["DEBUG"] is False
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert found["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://readiness.example.com"]
    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == ("db.example.com", 5433, "pass@word")
    assert database["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_production_needs_what_has_no_safe_default(load: Any, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Set {name}"):
        load(**{key: value for key, value in PRODUCTION.items() if key != name})


def test_no_key_is_ever_a_known_one(load: Any, tmp_path: Path) -> None:
    first, second = load(), load()
    assert first["SECRET_KEY"] != second["SECRET_KEY"]
    (tmp_path / "secret-key").write_text("kept by readiness run\n")
    assert load()["SECRET_KEY"] == "kept by readiness run"


@pytest.mark.parametrize(
    "address", ["https://readiness.example.com", "http://192.168.1.5:8000", "http://0.0.0.0", "nonsense"]
)
def test_the_demo_refuses_an_address_that_others_can_reach(load: Any, address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"READINESS_DEMO|Set SECRET_KEY"):
        load(READINESS_DEMO="1", READINESS_BASE_URL=address)


def test_the_demo_answers_to_loopback_names_alone(load: Any) -> None:
    found = load(READINESS_DEMO="1", ALLOWED_HOSTS="readiness.example.com,*")
    assert found["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]


def test_without_addresses_the_embedded_servers_of_this_data_are_meant(load: Any) -> None:
    found = load()
    database = found["DATABASES"]["default"]
    assert database["HOST"].startswith("/tmp/readiness-")
    assert database["HOST"].endswith("/pg")
    assert found["CELERY_BROKER_URL"].startswith("redis+socket:///tmp/readiness-")
    assert found["CACHES"]["default"]["LOCATION"].startswith("unix:///tmp/readiness-")


@pytest.mark.parametrize(
    ("given", "broker", "client"),
    [
        ("redis://h:6379/2", "redis://h:6379/2", "redis://h:6379/2"),
        ("rediss://:p%40@h/1", "rediss://:p%40@h/1", "rediss://:p%40@h/1"),
        ("unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3", "unix:///run/r.sock?db=3"),
        (
            "redis+socket:///run/r.sock?virtual_host=3",
            "redis+socket:///run/r.sock?virtual_host=3",
            "unix:///run/r.sock?db=3",
        ),
    ],
)
def test_a_redis_url_is_read_in_both_spellings(load: Any, given: str, broker: str, client: str) -> None:
    found = load(REDIS_URL=given)
    assert found["CELERY_BROKER_URL"] == broker
    assert found["CACHES"]["default"]["LOCATION"] == client


def test_an_unknown_log_format_is_said(load: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="choose text or json"):
        load(LOG_FORMAT="xml")


def test_tasks_end_before_they_are_given_to_somebody_else(load: Any) -> None:
    found = load()
    visible = found["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"]
    assert found["CELERY_TASK_SOFT_TIME_LIMIT"] < found["CELERY_TASK_TIME_LIMIT"] < visible


def _manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("READINESS_") and name not in PRODUCTION
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_deployment_check_is_clean_in_production_and_says_what_is_missing(tmp_path: Path) -> None:
    data = {"READINESS_DATA": str(tmp_path)}
    clean = _manage({**PRODUCTION, **data}, "check", "--deploy", "--fail-level", "WARNING")
    assert clean.returncode == 0, clean.stderr
    lacking = {
        key: PRODUCTION[key] for key in PRODUCTION if key not in {"EMAIL_URL", "SECURE_PROXY_SSL_HEADER"}
    }
    found = _manage({**lacking, **data, "SECURITY_TXT_CONTACT": "me"}, "check", "--deploy")
    assert found.returncode == 1
    for number in ("readiness.W002", "readiness.W003", "readiness.E003"):
        assert number in found.stderr
