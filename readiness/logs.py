"""Log records that carry the request's id, as lines for people or as JSON for machines."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "taskName"}


class RequestIdFilter(logging.Filter):
    """Puts the present request's id on the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        record.request_id = request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, request_id, error, and any `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        content: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if value := getattr(record, "request_id", ""):
            content["request_id"] = value
        if record.exc_info:
            content["error"] = self.formatException(record.exc_info)
        # `extra` may hold the whole request object, whose text says enough.
        content |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return json.dumps(content, default=str, ensure_ascii=False)
