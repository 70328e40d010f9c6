"""TLS handshakes that read what a server offers, good or bad, by way of the guard."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from enum import StrEnum

import httpcore

from checklist.probes.net.backend import Guard, GuardedStream, Timing
from checklist.probes.net.errors import Blocked, ConnectFailed, TimedOut, TlsFailed
from checklist.probes.net.trust import client_context, legacy_context, unverified_context
from checklist.probes.net.urls import DEFAULT_PORTS, BadUrl, Target, parse

# RFC 5246, sections 6.2.1 and 7.4: record and handshake types.
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2
_RECORD_HEAD = 5
_TLS_1_1 = 0x0302
_VERSIONS = {0x0301: "TLSv1", 0x0302: "TLSv1.1"}


class Legacy(StrEnum):
    """Whether a server takes TLS 1.0 or 1.1. Only `refused` is an observation that it does not."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_OFFERED = "not_offered"  # our own OpenSSL cannot offer them
    UNCLEAR = "unclear"  # no answer that says either


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a handshake gave. `chain` is DER, the server's own certificate first.

    `verify_code` is OpenSSL's (0: accepted) and `verify_message` its text. `spoke_tls` is False where the
    port answered, but not in TLS.
    """

    spoke_tls: bool
    chain: tuple[bytes, ...] = ()
    protocol: str = ""
    cipher: str = ""
    verify_code: int = 0
    verify_message: str = ""
    peer: str = ""


@dataclass(frozen=True, slots=True)
class LegacyAnswer:
    """The server's answer to an offer of TLS 1.0 and 1.1 alone."""

    legacy: Legacy
    version: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TlsInspector:
    """Looks at the TLS side of a server."""

    guard: Guard

    def target(self, url: str) -> Target:
        """The TLS side of a URL: its own port, or 443 for an http:// URL without one. Raises Blocked."""
        try:
            target = parse(url)
        except BadUrl as error:
            raise Blocked(str(error)) from error
        port = 443 if target.port == DEFAULT_PORTS["http"] else target.port
        target = replace(target, scheme="https", port=port)
        reason = self.guard.policy.check_target(target)
        if reason is not None:
            raise Blocked(reason)
        return target

    def handshake(self, target: Target) -> Handshake:
        """Shake hands with verification; where that fails, once more without, to read the bad certificate.

        Raises NetError where no handshake takes place at all.
        """
        context = client_context(self.guard.policy.ca_file)
        try:
            return self._shake(target, context)
        except TlsFailed as error:
            if not error.spoke_tls:
                return Handshake(spoke_tls=False)
            seen = self._shake(target, unverified_context())
            return Handshake(
                spoke_tls=True,
                chain=seen.chain,
                protocol=seen.protocol,
                cipher=seen.cipher,
                verify_code=error.code or -1,
                verify_message=error.message,
                peer=seen.peer,
            )

    def legacy(self, target: Target) -> LegacyAnswer:
        """Offer TLS 1.0 and 1.1 alone and read the first record of the answer.

        OpenSSL writes the offer; the answer is read here, because a handshake can fail later for reasons of
        our own (signatures, ciphers) when the server has long agreed to the version.
        """
        offer = _legacy_offer(target)
        if offer is None:
            return LegacyAnswer(Legacy.NOT_OFFERED, note="this server's OpenSSL cannot offer TLS 1.0 or 1.1")
        timing = Timing()
        stream = GuardedStream(self.guard.dial(target.host, target.port, timing), self.guard.deadline, timing)
        try:
            stream.write(offer)
            return _read_legacy(stream)
        except TimedOut:
            return LegacyAnswer(Legacy.UNCLEAR, note="no answer to an offer of TLS 1.1 in time")
        except (ConnectFailed, httpcore.WriteError):
            return LegacyAnswer(Legacy.REFUSED, note="the server closed the connection")
        finally:
            stream.close()

    def _shake(self, target: Target, context: ssl.SSLContext) -> Handshake:
        timing = Timing()
        plain = GuardedStream(self.guard.dial(target.host, target.port, timing), self.guard.deadline, timing)
        stream = plain.start_tls(context, server_hostname=target.host)
        try:
            return _read(stream.get_extra_info("ssl_object"), timing.peer)
        finally:
            stream.close()


def _read(wrapped: ssl.SSLSocket, peer: str) -> Handshake:
    cipher = wrapped.cipher()
    return Handshake(
        spoke_tls=True,
        chain=_chain(wrapped),
        protocol=wrapped.version() or "",
        cipher=cipher[0] if cipher else "",
        peer=peer,
    )


def _chain(wrapped: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The certificates as the server sent them.

    Python 3.13 offers them publicly, 3.10 to 3.12 one level below.
    """
    public = getattr(wrapped, "get_unverified_chain", None)
    if public is not None:
        return tuple(bytes(der) for der in public())
    below = getattr(getattr(wrapped, "_sslobj", None), "get_unverified_chain", None)
    if below is not None:
        return tuple(ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in below() or ())
    leaf = wrapped.getpeercert(binary_form=True)
    return (leaf,) if leaf else ()


def _legacy_offer(target: Target) -> bytes | None:
    """A ClientHello for TLS 1.0 and 1.1, or None where this OpenSSL will not write one."""
    outgoing = ssl.MemoryBIO()
    try:
        offer = legacy_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=target.host)
        offer.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    except (ssl.SSLError, ValueError):
        return None
    return None


def _read_legacy(stream: GuardedStream) -> LegacyAnswer:
    record = _read_exactly(stream, _RECORD_HEAD)
    if len(record) < _RECORD_HEAD:
        return LegacyAnswer(Legacy.REFUSED, note="the server closed the connection")
    if record[0] == _ALERT:
        return LegacyAnswer(Legacy.REFUSED)
    if record[0] != _HANDSHAKE:
        return LegacyAnswer(Legacy.UNCLEAR, note="the answer to an offer of TLS 1.1 is not TLS")
    # A ServerHello: type, three bytes of length, then the version that the server chose.
    hello = _read_exactly(stream, 6)
    version = int.from_bytes(hello[4:6])
    if len(hello) < 6 or hello[0] != _SERVER_HELLO or version > _TLS_1_1:  # noqa: PLR2004
        return LegacyAnswer(Legacy.UNCLEAR, note="the answer to an offer of TLS 1.1 makes no sense")
    return LegacyAnswer(Legacy.ACCEPTED, version=_VERSIONS.get(version, "SSLv3"))


def _read_exactly(stream: GuardedStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.read(size - len(data))
        if not part:
            break
        data += part
    return data
