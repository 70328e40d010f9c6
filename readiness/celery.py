"""The Celery application: queues `default` and `probes` (threads worker), `packets` (prefork worker)."""

from __future__ import annotations

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from readiness.embedded.process import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readiness.settings")

app = Celery("readiness")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_kwargs: Any) -> None:
    """Leave logging as the settings have it: Celery sets up none of its own once this is connected."""


@worker_process_init.connect
def end_with_the_worker(**_kwargs: Any) -> None:
    """End a pool process when its worker is killed, so that it does not work on beside the next one."""
    die_with_parent(signal.SIGKILL, os.getppid())
