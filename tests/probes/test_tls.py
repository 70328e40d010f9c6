from __future__ import annotations

import json
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from checklist.probes.base import Outcome, ProposedAnswer, ServiceTarget
from checklist.probes.context import ProbeContext
from checklist.probes.net import inspect
from checklist.probes.net.errors import TlsFailed
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import RunResult, missing_target, re_evaluate, run_probe, target_config
from tests.probes.servers import http_server, name_server, response, tcp_server

PolicyFor = Callable[..., EgressPolicy]
NOW = datetime.now(UTC)


def server_context(
    certificate: trustme.LeafCert, *, legacy: bool = False, modern: bool = True
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if legacy:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
        if not modern:
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def run(
    context: ssl.SSLContext, policy_for: PolicyFor, *, host: str = "localhost", **config: int
) -> RunResult:
    with (
        http_server(response("x"), tls=context) as web,
        name_server({("other.test", "A"): ["127.0.0.1"]}) as names,
    ):
        policy = policy_for(web.port, nameserver=names.address)
        return run_probe("tls", {"url": f"https://{host}:{web.port}/", **config}, policy)


def test_a_good_server_passes(ca: trustme.CA, policy_for: PolicyFor) -> None:
    result = run(server_context(ca.issue_cert("localhost")), policy_for)
    assert (result.outcome, result.proposed_answer) == (Outcome.PASS, ProposedAnswer.MET)
    assert result.facts["protocol"] == "TLSv1.3"
    assert result.facts["legacy"] == "refused"
    assert result.peer == "127.0.0.1"
    assert b"issued by" in (result.artifact or b"")


def test_an_expired_certificate_fails(ca: trustme.CA, policy_for: PolicyFor) -> None:
    certificate = ca.issue_cert(
        "localhost", not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=1)
    )
    result = run(server_context(certificate), policy_for)
    assert (result.outcome, result.proposed_answer) == (Outcome.FAIL, ProposedAnswer.NOT_MET)
    assert result.summary.startswith("The certificate expired on")


def test_a_certificate_from_the_future_fails(ca: trustme.CA, policy_for: PolicyFor) -> None:
    certificate = ca.issue_cert(
        "localhost", not_before=NOW + timedelta(days=2), not_after=NOW + timedelta(days=90)
    )
    result = run(server_context(certificate), policy_for)
    assert result.outcome is Outcome.FAIL
    assert "not valid before" in result.summary


def test_another_hosts_certificate_fails(ca: trustme.CA, policy_for: PolicyFor) -> None:
    result = run(server_context(ca.issue_cert("localhost", "*.shop.test")), policy_for, host="other.test")
    assert result.outcome is Outcome.FAIL
    assert result.summary == "The certificate is not for other.test."
    assert any("names localhost, *.shop.test" in detail for detail in result.details)


def test_an_authority_that_nobody_trusts_fails(policy_for: PolicyFor) -> None:
    result = run(server_context(trustme.CA().issue_cert("localhost")), policy_for)
    assert result.outcome is Outcome.FAIL
    assert result.summary == "The certificate is not from an authority that clients trust."


def test_a_missing_intermediate_is_named(ca: trustme.CA, policy_for: PolicyFor, tmp_path: Path) -> None:
    certificate = ca.create_child_ca().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(certificate.private_key_pem.bytes() + certificate.cert_chain_pems[0].bytes())
    context.load_cert_chain(pem)
    result = run(context, policy_for)
    assert result.outcome is Outcome.FAIL
    assert any("add the intermediate" in detail for detail in result.details)
    assert run(server_context(certificate), policy_for).outcome is Outcome.PASS


def self_signed(path: Path, *, common_name: str, names: list[str]) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
        )
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_self_signed_certificate_fails(policy_for: PolicyFor, tmp_path: Path) -> None:
    result = run(self_signed(tmp_path / "a.pem", common_name="localhost", names=["localhost"]), policy_for)
    assert result.outcome is Outcome.FAIL
    assert "authority" in result.summary


def test_a_common_name_alone_does_not_name_a_host(tmp_path: Path) -> None:
    context = self_signed(tmp_path / "a.pem", common_name="localhost", names=[])
    with http_server(response("x"), tls=context) as web:
        policy = EgressPolicy.from_setting(f"127.0.0.1/32:{web.port}", ca_file=str(tmp_path / "a.pem"))
        result = run_probe("tls", {"url": f"https://localhost:{web.port}/"}, policy)
        with pytest.raises(TlsFailed):
            ProbeContext.for_run(policy, 5).http.get(f"https://localhost:{web.port}/")
    assert result.outcome is Outcome.FAIL
    assert result.summary == "The certificate is not for localhost."


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        (21.5, Outcome.PASS),
        (20.9, Outcome.WARN),
        (7.5, Outcome.WARN),
        (6.9, Outcome.FAIL),
        (0.5, Outcome.FAIL),
    ],
)
def test_the_days_left_decide(ca: trustme.CA, policy_for: PolicyFor, days: float, outcome: Outcome) -> None:
    certificate = ca.issue_cert(
        "localhost", not_before=NOW - timedelta(days=60), not_after=NOW + timedelta(days=days)
    )
    result = run(server_context(certificate), policy_for)
    assert result.outcome is outcome
    if outcome is not Outcome.PASS:
        assert "ends in" in result.summary


def test_an_edited_threshold_and_passing_time_judge_old_facts(ca: trustme.CA, policy_for: PolicyFor) -> None:
    certificate = ca.issue_cert(
        "localhost", not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=60)
    )
    result = run(server_context(certificate), policy_for)
    config = {"url": "https://localhost/"}
    assert result.outcome is Outcome.PASS
    assert re_evaluate("tls", result.facts, {**config, "warn_days": 90}, NOW).outcome is Outcome.WARN
    assert re_evaluate("tls", result.facts, config, NOW + timedelta(days=45)).outcome is Outcome.WARN
    assert re_evaluate("tls", result.facts, config, NOW + timedelta(days=55)).outcome is Outcome.FAIL
    late = re_evaluate("tls", result.facts, config, NOW + timedelta(days=61))
    assert late.summary.startswith("The certificate expired")


@pytest.mark.parametrize("modern", [True, False])
def test_old_versions_that_are_accepted_fail(ca: trustme.CA, policy_for: PolicyFor, modern: bool) -> None:
    context = server_context(ca.issue_cert("localhost"), legacy=True, modern=modern)
    result = run(context, policy_for)
    assert result.outcome is Outcome.FAIL
    assert any("TLSv1.1 is accepted" in text for text in (result.summary, *result.details))
    assert result.facts["legacy_version"] == "TLSv1.1"


def test_an_offer_that_openssl_will_not_make_is_never_a_pass(
    ca: trustme.CA, policy_for: PolicyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        nothing.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 | ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    monkeypatch.setattr(inspect, "legacy_context", lambda: nothing)
    result = run(server_context(ca.issue_cert("localhost")), policy_for)
    assert result.facts["legacy"] == "not_offered"
    assert (result.outcome, result.proposed_answer) == (Outcome.UNKNOWN, None)


@pytest.mark.parametrize("answer", [response(status=400), b"220 mail.example ESMTP\r\n", b"\x00" * 64])
def test_a_port_without_tls_fails(policy_for: PolicyFor, answer: bytes) -> None:
    def plain(connection) -> None:
        connection.recv(1024)
        connection.sendall(answer)
        connection.recv(1024)

    with tcp_server(plain) as web:
        result = run_probe("tls", {"url": f"http://localhost:{web.port}/"}, policy_for(web.port))
    assert result.outcome is Outcome.FAIL
    assert "without TLS" in result.summary


def test_no_answer_at_all_is_an_error(policy_for: PolicyFor) -> None:
    with tcp_server(lambda connection: connection.close()) as web:
        port = web.port
        hung_up = run_probe("tls", {"url": f"https://localhost:{port}/"}, policy_for(port))
    refused = run_probe("tls", {"url": f"https://localhost:{port}/"}, policy_for(port))
    assert (hung_up.outcome, refused.outcome) == (Outcome.ERROR, Outcome.ERROR)
    assert refused.proposed_answer is None


def test_the_target_is_the_production_url() -> None:
    assert target_config("tls", ServiceTarget()) is None
    assert missing_target("tls", ServiceTarget()) == "Set the service's production URL first."
    config = target_config("tls", ServiceTarget(production_url="https://shop.example/"))
    assert config == {"url": "https://shop.example/", "warn_days": 21, "fail_days": 7}


def test_a_certificate_with_nul_in_its_names_can_be_stored(policy_for: PolicyFor, tmp_path: Path) -> None:
    context = self_signed(
        tmp_path / "a.pem", common_name="local\x00host", names=["localhost\x00.evil.example"]
    )
    result = run(context, policy_for)
    assert result.outcome is Outcome.FAIL
    assert any("not for localhost" in text for text in (result.summary, *result.details))
    assert "\\u0000" not in json.dumps(result.facts)
