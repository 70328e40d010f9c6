"""gunicorn's configuration, by environment (docs/configuration.md): `gunicorn -c python:readiness.serve`."""

from __future__ import annotations

import gc
import os
from typing import Any

from readiness.embedded.places import is_loopback

# Set to nothing is not set, as in readiness/settings.py.
_host = os.environ.get("HOST") or "127.0.0.1"
_port = os.environ.get("PORT") or "8000"
if os.environ.get("READINESS_DEMO", "").lower() in {"1", "true", "yes", "on"} and not is_loopback(_host):
    raise SystemExit(f"The demo signs anybody in without a password, so it does not listen on {_host}.")

bind = f"[{_host.strip('[]')}]:{_port}" if ":" in _host else f"{_host}:{_port}"
workers = int(os.environ.get("WEB_CONCURRENCY") or "2")
worker_class = "asgi"
preload_app = True  # one copy of the code for all workers
graceful_timeout = 5  # seconds
timeout = 60  # seconds without a sign of life, after which a worker is replaced
keepalive = 15  # seconds
control_socket_disable = True
loglevel = "warning"
# To the application's own handlers, so that its lines have the form that LOG_FORMAT asks for.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True}},
}
# The application itself reads what a proxy says, and only what it is told to (SECURE_PROXY_SSL_HEADER).
forwarded_allow_ips = ""


def pre_fork(_server: Any, _worker: Any) -> None:
    """Keep what is loaded out of the garbage collector: no pauses over it, and its pages stay shared."""
    gc.collect()
    gc.freeze()
