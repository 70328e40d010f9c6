"""Real servers on loopback for probes to talk to, most of them hostile. All end with their `with` block."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Handler = Callable[[socket.socket], None]


@dataclass
class Server:
    """A TCP server that gives each connection to a handler in a thread of its own."""

    host: str
    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"


@contextlib.contextmanager
def tcp_server(handler: Handler, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve `handler` until the block ends. Handlers may fail and hang: connections are closed under them."""
    listener = socket.create_server((host, port))
    server = Server(host, listener.getsockname()[1])
    open_connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            handler(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            server.connections += 1
            open_connections.append(connection)
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in [acceptor, *threads]:
            thread.join(timeout=5)


def read_request(connection: socket.socket) -> bytes:
    """A request's head."""
    data = b""
    # A TLS ClientHello begins with 0x16: plain web servers notice at once.
    while b"\r\n\r\n" not in data and not data.startswith(b"\x16"):
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return data


def response(
    body: bytes | str = b"",
    *,
    status: int = 200,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
) -> bytes:
    """A whole, well-formed answer."""
    content = body.encode() if isinstance(body, str) else body
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    names = {name.lower() for name, _ in pairs}
    if "content-length" not in names and "transfer-encoding" not in names:
        pairs.append(("Content-Length", str(len(content))))
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + content


@contextlib.contextmanager
def http_server(
    answer: bytes | Callable[[bytes], bytes],
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    name: str = "",
) -> Iterator[Server]:
    """Answer each request with bytes, or with what a function makes of the request's head."""

    def handle(connection: socket.socket) -> None:
        channel = tls.wrap_socket(connection, server_side=True) if tls else connection
        request = read_request(channel)
        if not request:
            return
        if request.startswith(b"\x16"):
            channel.sendall(response(status=400))
            return
        server.requests.append(request)
        channel.sendall(answer(request) if callable(answer) else answer)
        with contextlib.suppress(OSError):
            channel.shutdown(socket.SHUT_WR) if tls is None else channel.unwrap()

    with tcp_server(handle, host) as server:
        server.host = name or host
        yield server


def path_of(request: bytes) -> str:
    """The request target of a request's head."""
    return request.split(b" ", 2)[1].decode()


Zone = dict[tuple[str, str], list[str]]


@dataclass
class NameServer:
    """A name server whose answers are a table, or change from one question to the next."""

    port: int
    questions: list[tuple[str, str]] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def asked(self, name: str, kind: str = "A") -> int:
        return self.questions.count((name, kind))


@contextlib.contextmanager
def name_server(zone: Zone | Callable[[str, str, int], Zone | None]) -> Iterator[NameServer]:
    """Serve a zone over UDP:

    {(name, type): [record, ...]}, the whole zone put into the answer where the name is.

    A function gets name, type and how often that was asked before; None from it means no answer at all.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    server = NameServer(sock.getsockname()[1])

    def run() -> None:
        while True:
            try:
                data, peer = sock.recvfrom(4096)
            except OSError:
                return
            if data == b"stop":
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name = question.name.to_text().rstrip(".").lower()
            kind = dns.rdatatype.to_text(question.rdtype)
            before = server.asked(name, kind)
            server.questions.append((name, kind))
            found = zone(name, kind, before) if callable(zone) else zone
            if found is not None:
                sock.sendto(_reply(query, name, kind, found).to_wire(), peer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"stop", server.address)
        thread.join(timeout=5)
        sock.close()


def _reply(query: dns.message.Message, name: str, kind: str, zone: Zone) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    known = {owner for owner, _ in zone}
    if name not in known:
        reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        aliases = zone.get((name, "CNAME"))
        records = aliases or zone.get((name, kind), [])
        if records:
            reply.answer.append(
                dns.rrset.from_text(f"{name}.", 1, "IN", "CNAME" if aliases else kind, *records)
            )
        if not aliases:
            break
        name = aliases[0].rstrip(".")
    return reply
