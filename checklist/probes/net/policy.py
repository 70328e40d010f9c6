"""The egress policy:

where the probes may connect. One check, used when a URL is saved and whenever it is dialled.

Public addresses on ports 80 and 443 are allowed. Anything else only the operator allows, by the environment
variable READINESS_EGRESS_ALLOW. Metadata, link-local, multicast and reserved addresses are never allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from checklist.probes.net import addresses
from checklist.probes.net.addresses import Address, Network, Reach
from checklist.probes.net.errors import Blocked
from checklist.probes.net.urls import BadUrl, Target, parse

PUBLIC_PORTS = ((80, 80), (443, 443))
MAX_PORT = 65535
# Names of metadata services. Their addresses are blocked too; the name gives an early and clear answer.
METADATA_HOSTS = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.tencentyun.com",
        "metadata.platformequinix.com",
        "api.metadata.cloud.ibm.com",
    }
)
_HOST = re.compile(r"^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$")


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of the operator's list: a network or a host name, with ports."""

    ports: tuple[tuple[int, int], ...]
    network: Network | None = None
    host: str = ""

    def has_port(self, port: int) -> bool:
        """Whether the entry covers the port."""
        return any(low <= port <= high for low, high in self.ports)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be dialled.

    `ca_file` is a PEM file of further certificate authorities, `nameservers` are (address, port) pairs that
    replace the system's own; both are the operator's, never a user's.
    """

    allow: tuple[Allowance, ...] = ()
    ca_file: str = ""
    nameservers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def from_setting(
        cls,
        setting: str | Iterable[str],
        *,
        ca_file: str = "",
        nameservers: Iterable[tuple[str, int]] = (),
    ) -> EgressPolicy:
        """Read the operator's list: `CIDR[:ports]` and `host[:ports]`, comma-separated or as a list.

        Ports are one number or a range such as `8000-8010`; without them 80 and 443 are meant. An IPv6
        network with ports is written in brackets, `[fd00::/8]:443`. Raises ValueError with a sentence for a
        malformed entry.
        """
        entries = setting.split(",") if isinstance(setting, str) else setting
        allow = tuple(_allowance(entry.strip()) for entry in entries if entry.strip())
        return cls(allow, ca_file, tuple(nameservers))

    def check_url(self, url: str) -> str | None:
        """Why the URL may not be asked for, or None.

        Resolves nothing: a name's addresses are judged on dialling.
        """
        try:
            target = parse(url)
        except BadUrl as error:
            return str(error)
        return self.check_target(target)

    def check_target(self, target: Target) -> str | None:
        """The same for a URL taken apart."""
        if target.address is not None:
            return self.check_address(target.address, target.port)
        if target.host in METADATA_HOSTS:
            return f"{target.host} is a cloud metadata service"
        # A name may lead into an allowed network, so a port that any network has cannot be refused yet.
        if self._by_host(target.host, target.port) or _in(PUBLIC_PORTS, target.port):
            return None
        if any(entry.network is not None and entry.has_port(target.port) for entry in self.allow):
            return None
        return f"port {target.port} is not allowed; without the operator's leave only ports 80 and 443 are"

    def check_address(self, address: Address, port: int, host: str = "") -> str | None:
        """Why this address and port may not be dialled, or None. `host` is the name that led to it, if any.

        Every face of the address must be allowed: the one that is written and any IPv4 address hidden in it.
        """
        address = addresses.canonical(address)
        for face in addresses.faces(address):
            reason = self._check_face(face, port, host)
            if reason is not None:
                hidden = "" if face == address else f", which holds {face}"
                return f"{address}{hidden} {reason}"
        return None

    def check_answers(self, host: str, answers: Iterable[Address], port: int) -> None:
        """Check all addresses of a name; one that is not allowed blocks them all. Raises Blocked."""
        for address in answers:
            reason = self.check_address(address, port, host)
            if reason is not None:
                raise Blocked(reason if str(address) == host else f"{host} leads to {reason}")

    def _check_face(self, face: Address, port: int, host: str) -> str | None:
        row = addresses.classify(face)
        if row.reach is Reach.NEVER:
            return f"is {row.what}, and never allowed"
        for entry in self.allow:
            network = entry.network
            if (
                network is not None
                and network.version == face.version
                and face in network
                and entry.has_port(port)
            ):
                return None
        if host and row.reach in {Reach.PUBLIC, Reach.PRIVATE} and self._by_host(host, port):
            return None
        if row.reach is not Reach.PUBLIC:
            return f"is {row.what}, and not on the operator's list with port {port}"
        if not _in(PUBLIC_PORTS, port):
            return f"may be asked on ports 80 and 443 only, not {port}"
        return None

    def _by_host(self, host: str, port: int) -> bool:
        return any(entry.host == host and entry.has_port(port) for entry in self.allow if entry.host)


def _in(ports: tuple[tuple[int, int], ...], port: int) -> bool:
    return any(low <= port <= high for low, high in ports)


def _allowance(entry: str) -> Allowance:
    place, ports = _split(entry)
    if "/" in place or ":" in place or re.fullmatch(r"[0-9.]+", place):
        try:
            return Allowance(ports, network=ip_network(place))
        except ValueError as error:
            raise ValueError(f"{entry!r} is not a network: {error}") from error
    host = place.lower().removesuffix(".")
    if not _HOST.match(host):
        raise ValueError(f"{entry!r} is neither a network such as 10.0.0.0/8:443 nor a host name")
    return Allowance(ports, host=host)


def _split(entry: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(.+))?", entry)
    if bracketed:
        place, ports = bracketed[1], bracketed[2] or ""
    elif entry.count(":") > 1:
        place, ports = entry, ""
    else:
        place, separator, ports = entry.partition(":")
        if separator and not ports:
            raise ValueError(f"{entry!r} ends in a colon; write the ports, such as :443 or :8000-8010")
    if not ports:
        return place, PUBLIC_PORTS
    found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", ports)
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 0 < low <= high <= MAX_PORT:
        raise ValueError(
            f"{entry!r} has no valid port; write one, such as :443, or a range, such as :8000-8010"
        )
    return place, ((low, high),)
