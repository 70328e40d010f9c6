"""Settings of the property tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The first text that hypothesis draws builds its table of characters: seconds on a fresh, busy machine.
settings.register_profile("readiness", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("readiness")
