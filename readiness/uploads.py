"""How large a request may be, and what happens to one that is larger.

`BodyLimit` sits in front of Django, which would write a body of any size to disk before it looks at it: what
goes beyond the limit is read and thrown away, so that the connection is not reset and the browser gets to see
the answer. That answer, 413 with a sentence, is given by `BodyLimitMiddleware`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, HttpResponseBase

from readiness.errors import TooLarge
from readiness.http import render_domain_error
from readiness.ui import size_words

Message = Mapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOO_LARGE: Final = "readiness.too_large"
# Beside its file a form has other fields and the boundaries between them.
_FORM_EXTRA: Final = 1024 * 1024
# How much of an oversized body is read before the connection is given up.
_MAX_DRAIN: Final = 1024 * 1024 * 1024
_LAST: Final[Message] = {"type": "http.request", "body": b"", "more_body": False}


def limit_for(content_type: str) -> int:
    """Return how many bytes a request body of this type may have."""
    if content_type.lower().startswith("multipart/form-data"):
        return int(settings.EVIDENCE_MAX_BYTES) + _FORM_EXTRA
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class BodyLimit:
    """ASGI: lets at most the limit through to Django and marks the scope where there was more."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _Counted(scope, receive)
        await self.app(scope, receive, send)


class _Counted:
    """The body as Django gets it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        self._scope = scope
        self._receive = receive
        self._limit = limit_for(headers.get(b"content-type", b"").decode("latin-1"))
        self._declared = _length(headers.get(b"content-length", b""))
        # Who waits for "100 Continue" has not sent the body yet, and will not once it reads the 413.
        self._waits = headers.get(b"expect", b"").lower() == b"100-continue"
        self._seen = 0
        self._unread = False

    async def __call__(self) -> Message:
        if self._unread:
            await asyncio.Future()  # asking for the body would invite it; the caller cancels this
        if self._declared > self._limit and TOO_LARGE not in self._scope:
            self._scope[TOO_LARGE] = True
            if self._waits:
                self._unread = True
                return _LAST
            return await self._drain()
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen <= self._limit:
            return message
        self._scope[TOO_LARGE] = True
        return await self._drain() if message.get("more_body") else _LAST

    async def _drain(self) -> Message:
        while True:
            message = await self._receive()
            self._seen += len(message.get("body", b""))
            if message["type"] == "http.disconnect":
                return message
            if not message.get("more_body"):
                return _LAST
            if self._seen > _MAX_DRAIN:
                return {"type": "http.disconnect"}


def _length(value: bytes) -> int:
    return int(value) if value.isdigit() else 0


class DataDiskHandler(ASGIHandler):
    """Keeps request bodies on the disk of the data; Django's own uses the system's temporary directory."""

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """Read a request body into memory, and beyond some size into a file."""
        folder = str(settings.FILE_UPLOAD_TEMP_DIR)
        most: int = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        body = tempfile.SpooledTemporaryFile(max_size=most, mode="w+b", dir=folder)  # noqa: SIM115  # Django closes it
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            body.write(message.get("body", b""))
            if not message.get("more_body"):
                body.seek(0)
                return body


class BodyLimitMiddleware:
    """Answers 413 to a request that is too large, before anything else reads its form.

    Stands last, so that the answer has the reader's session and knows whether htmx asks, and still runs
    before the check for forged requests, which reads the form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        limit = limit_for(request.content_type or "")
        scope = request.scope if isinstance(request, ASGIRequest) else {}
        if scope.get(TOO_LARGE) or _length(request.META.get("CONTENT_LENGTH", "").encode()) > limit:
            return render_domain_error(request, _too_large(request))
        if request.method == "POST":
            try:
                _ = request.POST
            except RequestDataTooBig:
                return render_domain_error(request, _too_much_text())
        return self.get_response(request)


def _too_large(request: HttpRequest) -> TooLarge:
    if request.content_type != "multipart/form-data":
        return _too_much_text()
    most = size_words(settings.EVIDENCE_MAX_BYTES)
    return TooLarge(
        f"A file may have at most {most}. Nothing was saved. "
        "Send a smaller file, or keep it elsewhere and add a link."
    )


def _too_much_text() -> TooLarge:
    most = size_words(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return TooLarge(
        f"This is more text than one form takes ({most}). Nothing was saved. "
        "Shorten it, or attach it as a file."
    )
