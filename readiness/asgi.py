"""The ASGI entry point."""

from __future__ import annotations

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.http import HttpResponse

from readiness.uploads import BodyLimit, DataDiskHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readiness.settings")


class OneThreadHandler(DataDiskHandler):
    """Runs middleware and view of a request in one thread, entered once.

    Django's own handler enters a thread for each step of each middleware, because the views here are
    synchronous: measured, that costs more CPU than everything else in an empty request. An `async def` view
    still runs on the event loop, and so does the body of a streaming response.
    """

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002  # Django's signature
        """Build the synchronous chain."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: Any) -> Any:
        """Answer the request in its own thread."""
        response = await sync_to_async(self.get_response, thread_sensitive=True)(request)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # its length stays in the header; the server would warn about each body
        return response


django.setup(set_prefix=False)
application = BodyLimit(OneThreadHandler())
