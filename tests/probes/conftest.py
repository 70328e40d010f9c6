from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from checklist.probes.context import ProbeContext
from checklist.probes.net.policy import EgressPolicy


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="session")
def server_tls(ca: trustme.CA) -> ssl.SSLContext:
    """A TLS server for localhost that the policy of `open_policy` trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1", "www.example.test", "shop.example.test").configure_cert(context)
    return context


PolicyFor = Callable[..., EgressPolicy]


@pytest.fixture
def policy_for(ca_file: str) -> PolicyFor:
    """A policy that allows loopback on the given ports only, and trusts the tests' authority."""

    def make(*ports: int, nameserver: tuple[str, int] | None = None) -> EgressPolicy:
        entries = [f"127.0.0.1/32:{port}" for port in ports]
        return EgressPolicy.from_setting(
            entries, ca_file=ca_file, nameservers=[nameserver] if nameserver else []
        )

    return make


@pytest.fixture
def context_for(policy_for: PolicyFor) -> Callable[..., ProbeContext]:
    """A context of few seconds for the given ports of 127.0.0.1."""

    def make(*ports: int, seconds: float = 5.0, nameserver: tuple[str, int] | None = None) -> ProbeContext:
        return ProbeContext.for_run(policy_for(*ports, nameserver=nameserver), seconds)

    return make


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_text("secret")
    return path
