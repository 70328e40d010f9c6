"""What can go wrong on the wire, in words for people. No message carries a secret or a server's raw bytes."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a run could not observe its target."""

    BLOCKED = "blocked"
    DNS = "dns"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROTOCOL = "protocol"
    CONFIG = "config"
    BROKEN = "broken"


class NetError(Exception):
    """Base of all. `message` is one or two sentences for a person who may edit the service."""

    kind = ErrorKind.PROTOCOL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Blocked(NetError):
    """The egress policy does not allow the target."""

    kind = ErrorKind.BLOCKED

    def __init__(self, reason: str) -> None:
        super().__init__(f"Blocked by egress policy: {reason}")
        self.reason = reason


class DnsFailed(NetError):
    """The host name has no address, or the name server did not answer in time."""

    kind = ErrorKind.DNS


class ConnectFailed(NetError):
    """No connection: refused, unreachable or reset before anything was said."""

    kind = ErrorKind.CONNECT


class TimedOut(NetError):
    """The deadline passed. `connected` tells whether the target had accepted a connection by then."""

    kind = ErrorKind.TIMEOUT

    def __init__(self, message: str, *, connected: bool) -> None:
        super().__init__(message)
        self.connected = connected


class TlsFailed(NetError):
    """The TLS handshake failed.

    `code` is OpenSSL's verify code, or 0 when it was not about the certificate.
    """

    kind = ErrorKind.TLS

    def __init__(self, message: str, *, code: int = 0, spoke_tls: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.spoke_tls = spoke_tls


class BadAnswer(NetError):
    """The answer is not what the protocol allows, or larger than our limits."""

    kind = ErrorKind.PROTOCOL


class BadSetup(NetError):
    """The operator's own settings stand in the way."""

    kind = ErrorKind.CONFIG
