"""A small checklist for tests, as plain data to change and as YAML."""

from __future__ import annotations

import json
from typing import Any

import yaml

from checklist.schema import Content

_ITEM: dict[str, Any] = {
    "slug": "logs",
    "title": "Logs are structured",
    "severity": "blocker",
    "kind": "attestation",
    "evidence": {"rule": "required", "lifetime_days": 90},
    "why": "Because.",
    "how": "Do it.",
}
_SAMPLE: dict[str, Any] = {
    "slug": "sample",
    "title": "Sample",
    "summary": "A sample.",
    "sections": [
        {
            "slug": "see",
            "title": "See",
            "short_title": "See",
            "question": "Can you see?",
            "why": "To see.",
            "reviewer_roles": ["sre"],
            "items": [
                _ITEM,
                {
                    **_ITEM,
                    "slug": "size",
                    "title": "Enough people",
                    "kind": "measure",
                    "spec": {"unit": "people", "direction": "at_least", "limit": 4, "target": 6},
                },
                {**_ITEM, "slug": "extra", "title": "Something extra", "severity": "advisory"},
            ],
        },
        {
            "slug": "act",
            "title": "Act",
            "short_title": "Act",
            "question": "Can you act?",
            "why": "To act.",
            "items": [
                {
                    **_ITEM,
                    "slug": "alerts",
                    "title": "Alerts are listed",
                    "kind": "inventory",
                    "spec": {
                        "row_name": "alert",
                        "columns": [
                            {"key": "alert", "label": "Alert"},
                            {
                                "key": "tier",
                                "label": "Tier",
                                "type": "choice",
                                "choices": [
                                    {"value": "page", "label": "Page"},
                                    {"value": "ticket", "label": "Ticket"},
                                ],
                            },
                            {"key": "runbook", "label": "Runbook", "type": "url", "required": False},
                        ],
                    },
                },
                {
                    **_ITEM,
                    "slug": "runbooks",
                    "title": "Pages link a runbook",
                    "kind": "inventory",
                    "evidence": {"rule": "none"},
                    "spec": {
                        "source": "alerts",
                        "checks": [
                            {"check": "require_when", "column": "runbook", "when": "tier", "equals": "page"}
                        ],
                    },
                },
            ],
        },
    ],
}


def sample() -> dict[str, Any]:
    """A fresh copy of the sample, free to change."""
    fresh: dict[str, Any] = json.loads(json.dumps(_SAMPLE))
    return fresh


def as_content(data: dict[str, Any]) -> Content:
    """Read plain data as a checklist, without the checks of the whole."""
    return Content.model_validate(data)


def as_yaml(data: dict[str, Any]) -> bytes:
    """The data as YAML, in the order given."""
    return yaml.safe_dump(data, sort_keys=False).encode()
