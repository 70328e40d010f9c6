"""How work is handed to the workers: after the commit, and without the request depending on the broker."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: Task, *args: Any, **kwargs: Any) -> None:
    """Queue `task` once the present transaction has committed; at once outside of one.

    The arguments are JSON: ids, not objects. A broker that does not answer is logged and nothing more,
    because what has to be done is also a row in the database: every task of ours finds its work there, and a
    task on the clock queues what still waits. So a task may be queued twice, and must do its work once.
    """
    transaction.on_commit(partial(_send, task, args, kwargs), robust=True)


def _send(task: Task, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        task.apply_async(args, kwargs)
    except OperationalError as error:
        logger.warning("%s%r waits in the database: the broker does not answer (%s).", task.name, args, error)
