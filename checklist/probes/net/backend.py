"""Connections that keep the policy: resolve, check every address, dial the checked one, check the peer.

`GuardedBackend` plugs into httpcore, `Guard.dial` serves TLS inspection. Each stream counts what it reads and
keeps to the run's deadline, whatever timeout the caller asks for.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION

from checklist.probes.net.addresses import Address, canonical
from checklist.probes.net.deadline import Deadline
from checklist.probes.net.errors import BadAnswer, Blocked, ConnectFailed, TimedOut, TlsFailed
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.net.resolver import Resolver

CONNECT_SECONDS = 5.0
MAX_DIALS = 4
# Of one connection, before decompression: headers, chunk framing and body together.
MAX_RAW_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Timing:
    """Milliseconds that the parts of a connection took, and who answered."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    tls_ms: float = 0.0
    peer: str = ""


@dataclass(slots=True)
class Guard:
    """Opens connections for one run."""

    policy: EgressPolicy
    deadline: Deadline
    resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.policy.nameservers)

    def dial(self, host: str, port: int, timing: Timing) -> socket.socket:
        """Connect to a host (canonical, see `urls.parse`) and port.

        Raises Blocked, DnsFailed, ConnectFailed or TimedOut.
        """
        started = time.perf_counter()
        answers = self._answers(host)
        timing.dns_ms = (time.perf_counter() - started) * 1000
        self.policy.check_answers(host, answers, port)
        started = time.perf_counter()
        connection = self._connect(host, answers, port)
        timing.connect_ms = (time.perf_counter() - started) * 1000
        timing.peer = str(self._peer(connection))
        return connection

    def _answers(self, host: str) -> tuple[Address, ...]:
        try:
            return (canonical(host),)
        except ValueError:
            return tuple(canonical(found) for found in self.resolver.addresses(host, self.deadline))

    def _connect(self, host: str, answers: tuple[Address, ...], port: int) -> socket.socket:
        slow = False
        for address in answers[:MAX_DIALS]:
            try:
                return self._connect_to(address, port)
            except TimeoutError:
                slow = True
            except OSError:
                continue
        if slow:
            raise TimedOut(f"{host} did not accept a connection on port {port} in time.", connected=False)
        raise ConnectFailed(f"{host} refused the connection on port {port} or cannot be reached.")

    def _connect_to(self, address: Address, port: int) -> socket.socket:
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.deadline.left(connected=False, at_most=CONNECT_SECONDS))
            connection.connect((str(address), port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._check_peer(connection, address)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_peer(self, connection: socket.socket, address: Address) -> None:
        peer = self._peer(connection)
        if peer != address:
            raise Blocked(f"the connection to {address} was answered by {peer}")

    @staticmethod
    def _peer(connection: socket.socket) -> Address:
        return canonical(ip_address(str(connection.getpeername()[0]).partition("%")[0]))


class GuardedStream(httpcore.NetworkStream):
    """A connection under the run's deadline and byte budget."""

    def __init__(self, sock: socket.socket, deadline: Deadline, timing: Timing) -> None:
        self._sock = sock
        self._deadline = deadline
        self._timing = timing
        self._budget = MAX_RAW_BYTES

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes. Raises TimedOut, ConnectFailed or, past the byte budget, BadAnswer."""
        if self._budget <= 0:
            raise BadAnswer(f"The answer is larger than {MAX_RAW_BYTES // 1024 // 1024} MiB on the wire.")
        self._sock.settimeout(self._deadline.left(connected=True, at_most=timeout))
        try:
            data = self._sock.recv(min(max_bytes, 64 * 1024))
        except TimeoutError as error:
            self._deadline.left(connected=True)
            raise TimedOut("The server stopped answering half-way.", connected=True) from error
        except OSError as error:
            raise ConnectFailed("The server closed the connection before its answer was complete.") from error
        self._budget -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes. Raises TimedOut or httpcore.WriteError."""
        view = memoryview(buffer)
        while view:
            self._sock.settimeout(self._deadline.left(connected=True, at_most=timeout))
            try:
                view = view[self._sock.send(view) :]
            except TimeoutError as error:
                raise TimedOut("The server stopped reading our request.", connected=True) from error
            except OSError as error:
                # httpcore then still reads an answer that the server may have sent before it hung up.
                raise httpcore.WriteError from error

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> GuardedStream:
        """Do the handshake; certificate and host name are verified by the context.

        Raises TlsFailed or TimedOut.
        """
        started = time.perf_counter()
        try:
            self._sock.settimeout(self._deadline.left(connected=True, at_most=timeout))
            wrapped = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise TimedOut("The TLS handshake did not end in time.", connected=True) from error
        except OSError as error:
            self.close()
            raise tls_failure(error) from error
        self._timing.tls_ms = (time.perf_counter() - started) * 1000
        return GuardedStream(wrapped, self._deadline, self._timing)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream."""
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            return self._sock
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "is_readable":
            # Each connection serves one request, so none waits idle in a pool.
            return False
        return None


class GuardedBackend(httpcore.NetworkBackend):
    """httpcore's network, by way of the guard alone."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.timing = Timing()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> GuardedStream:
        """Connect by the guard."""
        del timeout, local_address, socket_options  # the deadline rules; none of the others is used
        return GuardedStream(self._guard.dial(host, port, self.timing), self._guard.deadline, self.timing)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> GuardedStream:
        """Never: probes reach no local sockets."""
        del path, timeout, socket_options
        raise Blocked("local sockets are never asked")


def tls_failure(error: OSError) -> TlsFailed:
    """Put a failed handshake into words for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        return TlsFailed(f"The certificate is not accepted: {error.verify_message}.", code=code)
    reason = (getattr(error, "reason", None) or "") if isinstance(error, ssl.SSLError) else ""
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"}:
        return TlsFailed("The server does not speak TLS on this port.", spoke_tls=False)
    if reason and not isinstance(error, ssl.SSLEOFError):
        return TlsFailed(f"The TLS handshake failed: {reason.replace('_', ' ').lower()}.")
    return TlsFailed("The server closed the connection during the TLS handshake.")
