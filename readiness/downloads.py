"""Files that people uploaded, sent so that they can do no harm: the one way out of the store.

A browser must never take such a file for a page of ours. So each answer says `nosniff`, is sandboxed by its
own content security policy, and is an attachment unless `inline` is asked for a type that is only displayed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header

CHUNK: Final = 256 * 1024
POLICY: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"


class _Chunks:
    """The bytes of an open file in pieces. Django calls `close` when the answer is sent or nobody waits."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self.close = handle.close

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._handle.read(CHUNK):
            yield chunk


class _AsyncChunks:
    """The same on the server's event loop, which does not wait for the disk."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self.close = handle.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self._handle.read, CHUNK):
            yield chunk


def send_file(
    request: HttpRequest,
    handle: BinaryIO,
    *,
    name: str,
    media_type: str,
    size: int,
    etag: str,
    inline: bool = False,
) -> HttpResponseBase:
    """Answer with an open file, which is closed afterwards.

    Arguments: `name` as offered to the reader (RFC 6266), `size` in bytes, `etag` the hash of the content.
    """
    if request.headers.get("If-None-Match", "") == f'"{etag}"':
        handle.close()
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        chunks = _AsyncChunks(handle) if isinstance(request, ASGIRequest) else _Chunks(handle)
        response = StreamingHttpResponse(chunks, content_type=_content_type(media_type))
        response.headers["Content-Length"] = str(size)
        response.headers["Content-Disposition"] = content_disposition_header(not inline, name) or "attachment"
    response.headers["ETag"] = f'"{etag}"'
    # Kept by the reader's browser alone, and asked for each time: a right may have been taken away.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_vary_headers(response, ["Cookie"])
    return response


def _content_type(media_type: str) -> str:
    text = media_type.startswith("text/") or media_type in {"application/json", "application/yaml"}
    return f"{media_type}; charset=utf-8" if text and "charset" not in media_type else media_type
