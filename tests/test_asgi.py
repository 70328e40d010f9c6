"""The ASGI handler: one thread for a page, none for an open stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from readiness.asgi import OneThreadHandler

THREADS: list[str] = []


class Noting:
    """A middleware that notes which thread it runs in."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        THREADS.append(threading.current_thread().name)
        return self.get_response(request)


def page(_request: HttpRequest) -> HttpResponse:
    THREADS.append(threading.current_thread().name)
    return HttpResponse("a page")


async def stream(_request: HttpRequest) -> StreamingHttpResponse:
    async def events() -> AsyncIterator[str]:
        for number in range(3):
            THREADS.append(threading.current_thread().name)
            yield f"data: {number}\n\n"
            await asyncio.sleep(0)

    return StreamingHttpResponse(events(), content_type="text/event-stream")


def broken(_request: HttpRequest) -> HttpResponse:
    raise ValueError("a defect")


urlpatterns = [path("page", page), path("stream", stream), path("broken", broken)]

MIDDLEWARE = [
    "tests.test_asgi.Noting",
    "readiness.middleware.RequestIdMiddleware",
    "django.middleware.common.CommonMiddleware",
    "tests.test_asgi.Noting",
]


async def ask(address: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    """Ask a fresh handler. Return status, headers and body."""
    scope = {
        "type": "http",
        "method": method,
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-request-id", b"abc")],
    }
    communicator = ApplicationCommunicator(OneThreadHandler(), scope)
    await communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await communicator.receive_output(5)
    body, more = b"", True
    while more:
        part = await communicator.receive_output(5)
        body += part.get("body", b"")
        more = part.get("more_body", False)
    await communicator.wait(5)
    return start["status"], dict(start["headers"]), body


@pytest.fixture(autouse=True)
def _settings() -> Any:
    THREADS.clear()
    with override_settings(
        ROOT_URLCONF="tests.test_asgi", MIDDLEWARE=MIDDLEWARE, ALLOWED_HOSTS=["localhost"]
    ):
        yield


def test_middleware_and_view_share_one_thread_which_is_not_the_loops() -> None:
    status, headers, body = asyncio.run(ask("/page"))
    assert (status, body, headers[b"X-Request-ID"]) == (200, b"a page", b"abc")
    assert len(THREADS) == 3
    assert len(set(THREADS)) == 1
    assert THREADS[0] != threading.main_thread().name


def test_an_asynchronous_stream_runs_on_the_loop() -> None:
    status, headers, body = asyncio.run(ask("/stream"))
    assert (status, headers[b"Content-Type"]) == (200, b"text/event-stream")
    assert body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert THREADS[2:] == [threading.main_thread().name] * 3


def test_head_has_the_length_and_no_body() -> None:
    status, headers, body = asyncio.run(ask("/page", "HEAD"))
    assert (status, body, headers[b"Content-Length"]) == (200, b"", b"6")


def test_a_defect_is_a_500_and_not_a_broken_connection() -> None:
    status, _headers, _body = asyncio.run(ask("/broken"))
    assert status == 500
