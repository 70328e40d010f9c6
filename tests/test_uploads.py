"""Requests that are too large: a clear 413, on the real server too, no reset and no full disk."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from readiness.uploads import TOO_LARGE, BodyLimit, limit_for
from tests.e2e.server import running

MB = 1024 * 1024
FORM = "multipart/form-data; boundary=xyz"
PLAIN = "application/x-www-form-urlencoded"
LOGIN = "/accounts/login/"


# -- The ASGI wrapper alone --------------------------------------------------------------------------------


class Body:
    """A server's `receive` for a body of `size` bytes in chunks; counts what was asked for."""

    def __init__(self, size: int, chunk: int = MB) -> None:
        self.left, self.chunk, self.calls = size, chunk, 0

    async def __call__(self) -> dict[str, Any]:
        self.calls += 1
        part = min(self.left, self.chunk)
        self.left -= part
        return {"type": "http.request", "body": b"a" * part, "more_body": self.left > 0}


def run(body: Body, **headers: str) -> tuple[int, bool]:
    """Pass a request through `BodyLimit`; return how many bytes the application got, and the mark."""
    got = 0
    scope = {
        "type": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal got
        while True:
            message = await receive()
            got += len(message["body"])
            if not message["more_body"]:
                return

    async def send(message: Any) -> None:
        raise AssertionError(message)

    asyncio.run(BodyLimit(app)(scope, body, send))
    return got, bool(scope.get(TOO_LARGE))


def test_a_body_within_the_limit_passes_unchanged() -> None:
    assert run(Body(3 * MB), content_type=FORM, content_length=str(3 * MB)) == (3 * MB, False)


def test_a_declared_length_beyond_the_limit_is_read_and_thrown_away() -> None:
    body = Body(200 * MB)
    assert run(body, content_type=FORM, content_length=str(200 * MB)) == (0, True)
    assert body.left == 0


def test_who_waits_to_be_invited_is_not_invited() -> None:
    body = Body(200 * MB)
    assert run(body, content_type=FORM, content_length=str(200 * MB), expect="100-continue") == (0, True)
    assert body.calls == 0


def test_a_body_without_a_length_stops_at_the_limit() -> None:
    body = Body(200 * MB)
    got, marked = run(body, content_type=FORM)
    assert marked
    assert got <= limit_for(FORM)
    assert body.left == 0


def test_an_endless_body_is_given_up() -> None:
    class Gone(Exception):
        pass

    async def endless() -> dict[str, Any]:
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise Gone

    chunk = b"a" * (16 * MB)
    scope = {"type": "http", "headers": [(b"content-type", FORM.encode())]}
    with pytest.raises(Gone):
        asyncio.run(BodyLimit(app)(scope, endless, None))  # type: ignore[arg-type]


def test_other_forms_have_a_smaller_limit() -> None:
    assert limit_for(PLAIN) < limit_for(FORM)
    assert run(Body(5 * MB), content_type=PLAIN, content_length=str(5 * MB)) == (0, True)


# -- Django ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("multipart", [True, False])
def test_a_text_field_of_5_mb_is_413_with_a_sentence(client: Client, multipart: bool) -> None:
    text = "a" * (5 * MB)
    if multipart:
        answer = client.post(LOGIN, {"login": text})
    else:
        answer = client.post(LOGIN, f"login={text}", content_type=PLAIN)
    assert answer.status_code == 413
    assert "more text than one form takes (2 MB)" in answer.content.decode()
    assert "attach it as a file" in answer.content.decode()


@pytest.mark.django_db
def test_htmx_gets_the_sentence_in_the_status_region(client: Client) -> None:
    answer = client.post(LOGIN, {"login": "a" * (5 * MB)}, headers={"HX-Request": "true"})
    assert answer.status_code == 413
    assert answer.headers["HX-Retarget"] == "#status"
    assert b"<html" not in answer.content


@pytest.mark.django_db
def test_text_within_the_limit_reaches_the_view(client: Client) -> None:
    assert client.post(LOGIN, {"login": "a" * MB}).status_code == 200


# -- The real server ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, servers: None) -> Iterator[tuple[int, Path]]:
    """The web process on a free port, with a data directory of its own."""
    data = tmp_path_factory.mktemp("data")
    name = urlsplit(os.environ["DATABASE_URL"]).path.removeprefix("/")
    with running(name, {"READINESS_DATA": str(data)}) as base:
        yield urlsplit(base).port or 0, data


def send(port: int, head: str, body: Iterator[bytes]) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(
            f"POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n".encode()
        )
        for chunk in body:
            wire.sendall(chunk)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    return answer.decode()


def upload(size: int) -> Iterator[bytes]:
    yield b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n'
    for _ in range(size // MB):
        yield b"a" * MB
    yield b"\r\n--xyz--\r\n"


@pytest.mark.slow
def test_200_mb_over_the_wire(server: tuple[int, Path]) -> None:
    port, data = server
    length = sum(len(chunk) for chunk in upload(0)) + 200 * MB
    answer = send(port, f"Content-Type: {FORM}\r\nContent-Length: {length}", upload(200 * MB))
    assert answer.startswith("HTTP/1.1 413 ")
    assert "A file may have at most 25 MB" in answer
    assert [path for path in data.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.mark.slow
def test_200_mb_in_chunks_without_a_length(server: tuple[int, Path]) -> None:
    port, data = server

    def chunked() -> Iterator[bytes]:
        for part in upload(200 * MB):
            yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        yield b"0\r\n\r\n"

    answer = send(port, f"Content-Type: {FORM}\r\nTransfer-Encoding: chunked", chunked())
    assert answer.startswith("HTTP/1.1 413 ")
    assert [path for path in data.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.mark.slow
def test_a_client_that_asks_first_is_told_at_once(server: tuple[int, Path]) -> None:
    port, _data = server
    head = f"Content-Type: {FORM}\r\nContent-Length: {200 * MB}\r\nExpect: 100-continue"
    answer = send(port, head, iter(()))
    assert answer.startswith("HTTP/1.1 413 ")


@pytest.mark.slow
def test_5_mb_of_text_over_the_wire(server: tuple[int, Path]) -> None:
    port, _data = server
    body = b"login=" + b"a" * (5 * MB)
    answer = send(port, f"Content-Type: {PLAIN}\r\nContent-Length: {len(body)}", iter([body]))
    assert answer.startswith("HTTP/1.1 413 ")
    assert "more text than one form takes" in answer
