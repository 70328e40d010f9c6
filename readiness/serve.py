"""gunicorn's configuration, by environment (docs/configuration.md): `gunicorn -c python:readiness.serve`."""

from __future__ import annotations

import gc
import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "asgi"
preload_app = True  # one copy of the code for all workers
graceful_timeout = 5
timeout = 60
keepalive = 15
control_socket_disable = True
loglevel = "warning"
# The application sets the real client address from the proxy's header itself, and only where it is told to.
forwarded_allow_ips = ""


def pre_fork(_server: Any, _worker: Any) -> None:
    """Keep what is loaded out of the garbage collector: no pauses over it, and its pages stay shared."""
    gc.collect()
    gc.freeze()
