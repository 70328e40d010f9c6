"""This installation's probes and egress policy: the one place of this package that reads the settings."""

from __future__ import annotations

from django.conf import settings

from checklist.probes import registry
from checklist.probes.net.policy import EgressPolicy


def egress_policy() -> EgressPolicy:
    """The operator's policy. Raises ValueError for a malformed setting; the system checks report it first."""
    return EgressPolicy.from_setting(settings.EGRESS_ALLOW, ca_file=settings.EGRESS_CA)


def load_plugins() -> registry.Registry:
    """Load the plug-ins that the operator named."""
    return registry.use_plugins(settings.PROBE_PLUGINS)
