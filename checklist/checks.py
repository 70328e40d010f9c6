"""System checks of what the operator sets for probes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from checklist.probes import registry
from checklist.probes.net.errors import BadSetup
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.net.trust import client_context


def register() -> None:
    """Make Django run these checks."""
    checks.register(egress_settings)
    checks.register(probe_plugins)


def egress_settings(**kwargs: Any) -> list[checks.CheckMessage]:
    """Each entry of READINESS_EGRESS_ALLOW is well formed, and READINESS_EGRESS_CA can be read."""
    del kwargs
    found: list[checks.CheckMessage] = []
    for entry in settings.EGRESS_ALLOW:
        try:
            EgressPolicy.from_setting([entry])
        except ValueError as error:
            hint = "Write entries such as 10.0.0.0/8:443 or internal.example:8443, separated by commas."
            found.append(checks.Error(f"READINESS_EGRESS_ALLOW: {error}.", hint=hint, id="checklist.E001"))
    try:
        client_context(settings.EGRESS_CA)
    except BadSetup as error:
        hint = "Name a PEM file that this process can read, or unset the variable."
        found.append(checks.Error(error.message, hint=hint, id="checklist.E002"))
    return found


def probe_plugins(**kwargs: Any) -> list[checks.CheckMessage]:
    """Every probe plug-in that is named could be loaded."""
    del kwargs
    return [
        checks.Warning(
            f"The probe plug-in {plugin.name!r} cannot be used: {plugin.error}.",
            hint="Install or mend it, or take it out of READINESS_PROBE_PLUGINS.",
            id="checklist.W001",
        )
        for plugin in registry.active().broken
    ]
