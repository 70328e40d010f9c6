"""The explicit list of probes, and plug-ins by entry point.

A plug-in is an entry point of the group `readiness.probes` whose object is a `Probe` class; only those
named in the setting PROBE_PLUGINS are loaded. One that cannot be loaded is listed with its error and breaks
nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from checklist.probes.base import Probe, ProbeSpec
from checklist.probes.health_endpoint import HealthEndpoint
from checklist.probes.http_headers import HttpHeaders
from checklist.probes.request_id_echo import RequestIdEcho
from checklist.probes.security_txt import SecurityTxt
from checklist.probes.tls import Tls

logger = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "readiness.probes"
AnyProbe = Probe[Any, Any]


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plug-in named in the settings that cannot be used, and why."""

    name: str
    error: str


class Registry:
    """Probes by id, in the order they were registered."""

    def __init__(self, probes: Iterable[AnyProbe], broken: Iterable[BrokenPlugin] = ()) -> None:
        self._probes = {probe.spec.id: probe for probe in probes}
        self.broken = tuple(broken)

    def get(self, probe_id: str) -> AnyProbe | None:
        """The probe with this id, or None."""
        return self._probes.get(probe_id)

    def specs(self) -> tuple[ProbeSpec, ...]:
        """Every probe's description."""
        return tuple(probe.spec for probe in self._probes.values())

    def for_item(self, item: str) -> tuple[ProbeSpec, ...]:
        """The probes that can check the item with this slug."""
        return tuple(spec for spec in self.specs() if item in spec.items)

    def __iter__(self) -> Iterator[AnyProbe]:
        return iter(self._probes.values())

    def __contains__(self, probe_id: object) -> bool:
        return probe_id in self._probes


def builtin_probes() -> tuple[AnyProbe, ...]:
    """The probes that ship with the product."""
    return (HealthEndpoint(), Tls(), HttpHeaders(), SecurityTxt(), RequestIdEcho())


def build(plugins: Iterable[str] = ()) -> Registry:
    """Make a registry of the built-in probes and the named plug-ins.

    Arguments: `plugins`, names of entry points of the group `readiness.probes`.
    """
    probes = list(builtin_probes())
    broken: list[BrokenPlugin] = []
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    for name in plugins:
        try:
            probe = _instance(
                found[name].load() if name in found else None, {known.spec.id for known in probes}
            )
        except Exception as error:
            logger.exception("The probe plug-in %s cannot be used", name)
            broken.append(BrokenPlugin(name, f"{type(error).__name__}: {error}"))
        else:
            probes.append(probe)
    return Registry(probes, broken)


def _instance(plugin: Any, known: set[str]) -> AnyProbe:
    if plugin is None:
        raise LookupError("no installed package offers it")
    if not (isinstance(plugin, type) and issubclass(plugin, Probe)):
        raise TypeError("the entry point is not a Probe class")
    probe: AnyProbe = plugin()
    if not isinstance(probe.spec, ProbeSpec):
        raise TypeError("its spec is not a ProbeSpec")
    if probe.spec.id in known:
        raise ValueError(f"the id {probe.spec.id!r} is taken")
    return probe


class _Active:
    registry: Registry | None = None


def active() -> Registry:
    """The registry in use: built-in probes until `use_plugins` was called."""
    if _Active.registry is None:
        _Active.registry = build()
    return _Active.registry


def use_plugins(plugins: Iterable[str]) -> Registry:
    """Load the named plug-ins besides the built-in probes. Called once when the application starts."""
    _Active.registry = build(plugins)
    return _Active.registry
