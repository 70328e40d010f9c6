"""Does the service speak modern TLS with a certificate that clients accept for a while yet?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import AwareDatetime, Field

from checklist.probes.base import (
    EgressKind,
    NoTarget,
    Observation,
    Outcome,
    Probe,
    ProbeModel,
    ProbeSpec,
    Rule,
    ServiceTarget,
    Verdict,
)
from checklist.probes.context import ProbeContext
from checklist.probes.net.inspect import Handshake, Legacy, LegacyAnswer

# OpenSSL's X509_V_ERR_* numbers.
_EXPIRED, _NOT_YET, _HOST, _IP = 10, 9, 62, 64
_UNTRUSTED = frozenset({2, 18, 19, 20, 21})
_MAX_NAMES = 20


class TlsConfig(ProbeModel):
    """Which server, and how many days before the end the certificate warns and fails."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    warn_days: Annotated[int, Field(ge=1, le=365)] = 21
    fail_days: Annotated[int, Field(ge=0, le=365)] = 7


class CertificateFacts(ProbeModel):
    """The server's own certificate. `names_match` is whether one of all its names is the host's."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    names_match: bool
    not_before: AwareDatetime
    not_after: AwareDatetime
    fingerprint: str


class TlsFacts(ProbeModel):
    """What the handshakes showed. `verify_code` is OpenSSL's, 0 where the certificate was accepted."""

    host: str
    port: int
    spoke_tls: bool
    protocol: str = ""
    cipher: str = ""
    verify_code: int = 0
    verify_message: str = ""
    chain_length: int = 0
    legacy: Legacy = Legacy.UNCLEAR
    legacy_version: str = ""
    legacy_note: str = ""
    certificate: CertificateFacts | None = None


class Tls(Probe[TlsConfig, TlsFacts]):
    """Handshakes with the production host."""

    Config = TlsConfig
    Facts = TlsFacts
    spec = ProbeSpec(
        id="tls",
        version=1,
        facts_version=1,
        title="TLS and certificate",
        summary="The certificate is trusted, names the host and lasts; TLS 1.1 and older are refused.",
        motivation=(
            "An expired certificate is an outage that announces itself weeks ahead. TLS 1.0 and 1.1 are "
            "broken and have been withdrawn (RFC 8996)."
        ),
        items=("encryption-in-transit",),
        remediation=(
            "Renew certificates by machine and alert three weeks before they end. Send the intermediate "
            "certificates too, name every host, and set the lowest version to TLS 1.2."
        ),
        reads=(
            "The production host's port: a handshake as a modern client. No request is sent.",
            "Where that fails, one more that takes any certificate; then an offer of TLS 1.0 and 1.1 alone.",
            "Kept: protocol, cipher, and the certificate's names, issuer, dates and fingerprint.",
        ),
        rules=(
            Rule(Outcome.FAIL, "The certificate has expired, is untrusted, or is for another host."),
            Rule(Outcome.FAIL, "The certificate ends in less than 7 days."),
            Rule(Outcome.FAIL, "TLS 1.1 or older is accepted, or the port does not speak TLS at all."),
            Rule(Outcome.WARN, "The certificate ends in less than 21 days."),
            Rule(Outcome.UNKNOWN, "All else is well, but TLS 1.0 and 1.1 could not be tried from here."),
            Rule(Outcome.PASS, "None of these."),
            Rule(Outcome.ERROR, "No connection, or no handshake of any kind."),
        ),
        permissions="None.",
        every=timedelta(days=1),
        stale_after=timedelta(days=3),
        proposes_met=True,
        egress=(EgressKind.TLS,),
    )

    def config_for(self, target: ServiceTarget) -> TlsConfig | NoTarget:
        """The production URL's host."""
        if not target.production_url:
            return NoTarget("Set the service's production URL first.")
        return TlsConfig(url=target.production_url)

    def collect(self, ctx: ProbeContext, config: TlsConfig) -> Observation[TlsFacts]:
        """Shake hands, then offer the old versions."""
        target = ctx.tls.target(config.url)
        seen = ctx.tls.handshake(target)
        if not seen.spoke_tls:
            return Observation(TlsFacts(host=target.host, port=target.port, spoke_tls=False))
        legacy = ctx.tls.legacy(target)
        facts = _facts(target.host, target.port, seen, legacy)
        ctx.artifact.add_text("".join(_described(der) for der in seen.chain))
        return Observation(facts, seen.peer)

    def evaluate(self, facts: TlsFacts, config: TlsConfig, now: datetime) -> Verdict:
        """Fails first, then the days left, then what could not be tried."""
        if not facts.spoke_tls:
            where = f"{facts.host} port {facts.port}"
            return self.verdict(Outcome.FAIL, f"{where} answers without TLS: traffic is not encrypted.")
        details = _details(facts, now)
        fails = [*_certificate_fails(facts, now), *_legacy_fails(facts)]
        left = _days_left(facts, now)
        if left is not None and 0 <= left < config.fail_days:
            fails.append(f"The certificate ends in {_days(left)}.")
        if fails:
            return self.verdict(Outcome.FAIL, fails[0], [*fails[1:], *details])
        if left is None:
            return self.verdict(Outcome.UNKNOWN, "The certificate could not be read.", details)
        if left < config.warn_days:
            return self.verdict(Outcome.WARN, f"The certificate ends in {_days(left)}.", details)
        if facts.legacy is not Legacy.REFUSED:
            text = "The certificate is good, but whether TLS 1.1 is refused could not be seen."
            return self.verdict(Outcome.UNKNOWN, text, details)
        text = f"{facts.protocol}, certificate good for {_days(left)}, TLS 1.1 and older refused."
        return self.verdict(Outcome.PASS, text, details)


def _facts(host: str, port: int, seen: Handshake, legacy: LegacyAnswer) -> TlsFacts:
    return TlsFacts(
        host=host,
        port=port,
        spoke_tls=True,
        protocol=seen.protocol,
        cipher=seen.cipher,
        verify_code=seen.verify_code,
        verify_message=seen.verify_message,
        chain_length=len(seen.chain),
        legacy=legacy.legacy,
        legacy_version=legacy.version,
        legacy_note=legacy.note,
        certificate=_certificate(seen.chain, host),
    )


def _certificate(chain: tuple[bytes, ...], host: str) -> CertificateFacts | None:
    try:
        certificate = x509.load_der_x509_certificate(chain[0])
        names = _names(certificate)
        return CertificateFacts(
            subject=certificate.subject.rfc4514_string()[:300],
            issuer=certificate.issuer.rfc4514_string()[:300],
            names=tuple(name[:255] for name in names[:_MAX_NAMES]),
            names_match=any(_matches(name, host) for name in names),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        )
    except (IndexError, ValueError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        return None


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    dns_names = found.get_values_for_type(x509.DNSName)
    return [*dns_names, *(str(address) for address in found.get_values_for_type(x509.IPAddress))]


def _matches(name: str, host: str) -> bool:
    """RFC 9525, section 6.3: a wildcard stands for the whole left-most label and nothing else."""
    name, host = name.lower().removesuffix("."), host.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _described(der: bytes) -> str:
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        return f"{subject}\n  issued by {issuer}\n  ends {certificate.not_valid_after_utc.isoformat()}\n"
    except ValueError:
        return "(a certificate that cannot be read)\n"


def _certificate_fails(facts: TlsFacts, now: datetime) -> list[str]:
    fails: list[str] = []
    certificate = facts.certificate
    if certificate is not None and now >= certificate.not_after:
        fails.append(f"The certificate expired on {certificate.not_after:%d %B %Y}.")
    elif facts.verify_code == _EXPIRED:
        fails.append("A certificate of the chain has expired.")
    if certificate is not None and now < certificate.not_before:
        fails.append(f"The certificate is not valid before {certificate.not_before:%d %B %Y}.")
    if facts.verify_code in {_HOST, _IP} or (certificate is not None and not certificate.names_match):
        fails.append(f"The certificate is not for {facts.host}.")
    if facts.verify_code in _UNTRUSTED:
        fails.append("The certificate is not from an authority that clients trust.")
    if facts.verify_code and not fails:
        fails.append(facts.verify_message or "Clients do not accept the certificate.")
    return fails


def _legacy_fails(facts: TlsFacts) -> list[str]:
    return [f"{facts.legacy_version} is accepted."] if facts.legacy is Legacy.ACCEPTED else []


def _details(facts: TlsFacts, now: datetime) -> list[str]:
    details = [f"{facts.host} port {facts.port}: {facts.protocol}, {facts.cipher}"]
    certificate = facts.certificate
    if certificate is not None:
        details += _certificate_details(facts, certificate, now)
    if facts.legacy_note:
        details.append(f"TLS 1.1 and older: {facts.legacy_note}.")
    return details


def _certificate_details(facts: TlsFacts, certificate: CertificateFacts, now: datetime) -> list[str]:
    details = [f"Issued by {certificate.issuer}"]
    left = _days_left(facts, now)
    if left is not None and left >= 0:
        details.append(f"Ends on {certificate.not_after:%d %B %Y}, in {_days(left)}.")
    if not certificate.names_match and certificate.names:
        details.append(f"The certificate names {', '.join(certificate.names[:5])}.")
    if (
        facts.verify_code in _UNTRUSTED
        and facts.chain_length == 1
        and certificate.subject != certificate.issuer
    ):
        details.append("The server sends its own certificate alone: add the intermediate certificates.")
    return details


def _days_left(facts: TlsFacts, now: datetime) -> float | None:
    return None if facts.certificate is None else (facts.certificate.not_after - now) / timedelta(days=1)


def _days(left: float) -> str:
    whole = int(left)
    return "less than a day" if whole == 0 else "1 day" if whole == 1 else f"{whole} days"
