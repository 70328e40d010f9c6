"""Hostile web servers: slow, endless, lying, oversized, and redirecting to where we must not go."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

from checklist.probes.context import ProbeContext
from checklist.probes.net.errors import BadAnswer, ConnectFailed, TimedOut
from tests.probes.servers import http_server, path_of, read_request, response, tcp_server

ContextFor = Callable[..., ProbeContext]
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def sends(*parts: bytes, every: float = 0.0, forever: bytes = b"") -> Callable[[socket.socket], None]:
    """A handler that reads the request, sends the parts with pauses between, and then perhaps never stops."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(every)
        while forever:
            connection.sendall(forever)
            time.sleep(every)

    return handle


def silent(connection: socket.socket) -> None:
    """Take everything, say nothing."""
    while connection.recv(65536):
        pass


# -- Time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler",
    [
        silent,
        sends(forever=b"H", every=0.05),
        sends(b"HTTP/1.1 200 OK\r\n", forever=b"X-A: b\r\n", every=0.05),
        sends(HEAD + b"Content-Length: 1000\r\n\r\n", forever=b"x", every=0.05),
        sends(HEAD + b"\r\n", forever=b"x", every=0.05),
        sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", forever=b"1\r\nx\r\n", every=0.05),
        sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1", forever=b"0", every=0.05),
        sends(forever=b"HTTP/1.1 100 Continue\r\n\r\n", every=0.02),
    ],
    ids=[
        "silent",
        "slow status",
        "slow headers",
        "slow body",
        "slow endless",
        "slow chunks",
        "slow chunk size",
        "100s",
    ],
)
def test_slow_servers_end_with_the_deadline(context_for: ContextFor, handler: Callable[..., None]) -> None:
    with tcp_server(handler) as web:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            context_for(web.port, seconds=0.4).http.get(web.url)
        assert caught.value.connected
        assert time.monotonic() - started < 1.5


def test_a_slow_handshake_ends_with_the_deadline(context_for: ContextFor) -> None:
    with tcp_server(silent) as web:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            context_for(web.port, seconds=0.4).http.get(f"https://127.0.0.1:{web.port}/")
        assert time.monotonic() - started < 1.5


def test_the_deadline_is_for_all_redirects_together(context_for: ContextFor) -> None:
    def slow(request: bytes) -> bytes:
        time.sleep(0.2)
        return response(status=302, headers={"Location": f"/{len(path_of(request))}{path_of(request)}"})

    with http_server(slow) as web, pytest.raises(TimedOut):
        context_for(web.port, seconds=0.5).http.get(web.url)


# -- Size ----------------------------------------------------------------------------------------------------


def test_an_endless_body_is_cut_at_the_limit(context_for: ContextFor) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with tcp_server(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", forever=chunk)) as web:
        answer = context_for(web.port).http.get(web.url).last
    assert (answer.status, len(answer.body), answer.truncated) == (200, 2 * MIB, True)


def test_an_endless_trickle_of_tiny_chunks_is_cut_by_bytes_on_the_wire(context_for: ContextFor) -> None:
    chunks = b"1;" + b"e" * 1000 + b"\r\nx\r\n"
    with tcp_server(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", forever=chunks * 50)) as web:
        answer = context_for(web.port, seconds=9).http.get(web.url).last
    assert "larger than 4 MiB" in answer.body_error


@pytest.mark.parametrize(
    "head",
    [
        b"X-Big: " + b"a" * 200_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % i for i in range(1000)),
        b"Set-Cookie: " + b"a" * 70_000 + b"\r\n",
    ],
    ids=["one huge", "very many", "70 kB"],
)
def test_huge_headers_are_refused(context_for: ContextFor, head: bytes) -> None:
    with (
        tcp_server(sends(HEAD + head + b"\r\nx")) as web,
        pytest.raises(BadAnswer, match="headers are larger"),
    ):
        context_for(web.port).http.get(web.url)


def test_endless_headers_are_refused(context_for: ContextFor) -> None:
    with tcp_server(sends(HEAD, forever=b"X-A: " + b"b" * 8000 + b"\r\n")) as web, pytest.raises(BadAnswer):
        context_for(web.port).http.get(web.url)


def test_a_longer_length_than_the_body_keeps_status_and_headers(context_for: ContextFor) -> None:
    with tcp_server(sends(HEAD + b"Content-Length: 1000000\r\n\r\nshort")) as web:
        answer = context_for(web.port).http.get(web.url).last
    assert (answer.status, answer.media_type, answer.body) == (200, "text/plain", b"short")
    assert "before it was complete" in answer.body_error


def test_a_shorter_length_than_the_body_ends_the_body(context_for: ContextFor) -> None:
    with tcp_server(sends(HEAD + b"Content-Length: 5\r\n\r\nshortHTTP/1.1 200 OK\r\n\r\nsmuggled")) as web:
        assert context_for(web.port).http.get(web.url).last.body == b"short"


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: -5\r\n\r\nx",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        HEAD + b"Transfer-Encoding: gzip, chunked, chunked\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n" + b"x" * 100,
        b"-ERR unknown command\r\n",
        b"\x00" * 500,
    ],
)
def test_answers_that_are_not_http_are_an_error_not_a_crash(context_for: ContextFor, answer: bytes) -> None:
    with tcp_server(sends(answer)) as web, pytest.raises((BadAnswer, ConnectFailed)):
        context_for(web.port).http.get(web.url)


def test_a_server_that_hangs_up_is_an_error(context_for: ContextFor) -> None:
    with tcp_server(lambda connection: connection.close()) as web, pytest.raises((ConnectFailed, BadAnswer)):
        context_for(web.port).http.get(web.url)


# -- Compression ---------------------------------------------------------------------------------------------


def _gzip_bomb() -> bytes:
    return gzip.compress(b"\0" * (64 * MIB))


def _deflate_bomb(*, raw: bool) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15 if raw else 15)
    return packer.compress(b"\0" * (64 * MIB)) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", _gzip_bomb()),
        ("x-gzip", _gzip_bomb()),
        ("GZIP", _gzip_bomb()),
        ("gzip", gzip.compress(b"\0" * MIB) * 64),
        ("deflate", _deflate_bomb(raw=False)),
        ("deflate", _deflate_bomb(raw=True)),
    ],
    ids=["gzip", "x-gzip", "upper case", "many members", "deflate", "raw deflate"],
)
def test_bombs_are_cut_at_the_limit_in_bounded_memory(
    context_for: ContextFor, encoding: str, body: bytes
) -> None:
    with http_server(response(body, headers={"Content-Encoding": encoding})) as web:
        ctx = context_for(web.port)
        tracemalloc.start()
        try:
            answer = ctx.http.get(web.url).last
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (len(answer.body), answer.truncated) == (2 * MIB, True)
    assert peak < 16 * MIB


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", brotli.compress(b"\0" * MIB)),
        ("zstd", b"\x28\xb5\x2f\xfd" + b"\0" * 100),
        ("gzip, gzip", gzip.compress(gzip.compress(b"\0" * MIB))),
        ("gzip,br", b"x"),
        ("compress", b"x"),
        ("gzip", b"this is not gzip at all"),
        ("deflate", b"\xff\xff\xff\xff nonsense"),
        ("gzip", gzip.compress(b"a" * 1000)[:-300] + b"\xff" * 300),
    ],
    ids=["brotli", "zstd", "gzip twice", "stack", "compress", "not gzip", "not deflate", "broken gzip"],
)
def test_other_encodings_stacks_and_nonsense_are_not_decoded(
    context_for: ContextFor, encoding: str, body: bytes
) -> None:
    with http_server(response(body, headers={"Content-Encoding": encoding})) as web:
        answer = context_for(web.port).http.get(web.url).last
    assert answer.status == 200
    assert answer.body_error
    assert len(answer.body) < 2000


def test_two_encoding_headers_are_a_stack(context_for: ContextFor) -> None:
    headers = [("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")]
    with http_server(response(gzip.compress(gzip.compress(b"x")), headers=headers)) as web:
        assert "several times" in context_for(web.port).http.get(web.url).last.body_error


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_honest_encodings_are_read(context_for: ContextFor, encoding: str) -> None:
    body = {
        "gzip": gzip.compress(b"hello") + gzip.compress(b" again"),
        "deflate": zlib.compress(b"hello again"),
    }
    with http_server(
        response(
            body.get(encoding, b"hello again"), headers={"Content-Encoding": encoding} if encoding else {}
        )
    ) as web:
        assert context_for(web.port).http.get(web.url).last.body == b"hello again"
