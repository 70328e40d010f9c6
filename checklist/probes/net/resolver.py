"""Names to addresses, with dnspython under a deadline.

The hosts file and search domains are not consulted.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from checklist.probes.net.addresses import Address
from checklist.probes.net.deadline import Deadline
from checklist.probes.net.errors import DnsFailed, TimedOut

LOOK_UP_SECONDS = 4.0
SECOND_LOOK_UP_SECONDS = 1.0
MAX_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class Resolver:
    """Looks names up at the system's name servers, or at `nameservers` ((address, port) pairs)."""

    nameservers: tuple[tuple[str, int], ...] = ()

    def addresses(self, host: str, deadline: Deadline) -> tuple[Address, ...]:
        """All A and AAAA addresses of a host, IPv4 first, aliases followed.

        Raises DnsFailed where there is none, TimedOut when no name server answered in time.
        """
        if host == "localhost" or host.endswith(".localhost"):
            # RFC 6761, section 6.3: never asked of a name server.
            return (IPv4Address("127.0.0.1"),)
        resolver = self._resolver()
        found: list[Address] = []
        failure: DnsFailed | TimedOut | None = None
        for kind in ("A", "AAAA"):
            try:
                # Where IPv4 has answered, a name server that is silent about IPv6 may not eat the run's time.
                seconds = SECOND_LOOK_UP_SECONDS if found else LOOK_UP_SECONDS
                found += self._query(resolver, host, kind, deadline.left(connected=False, at_most=seconds))
            except (DnsFailed, TimedOut) as error:
                failure = failure or error
        if not found:
            raise failure or DnsFailed(f"{host} has no address.")
        if len(found) > MAX_ADDRESSES:
            raise DnsFailed(f"{host} has more than {MAX_ADDRESSES} addresses.")
        return tuple(found)

    def _resolver(self) -> dns.resolver.Resolver:
        try:
            resolver = dns.resolver.Resolver(configure=not self.nameservers)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsFailed("This server has no name server configured.") from error
        if self.nameservers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(ip, port) for ip, port in self.nameservers]
        return resolver

    @staticmethod
    def _query(resolver: dns.resolver.Resolver, host: str, kind: str, lifetime: float) -> list[Address]:
        try:
            name = dns.name.from_text(host)
            answer = resolver.resolve(name, kind, lifetime=lifetime, raise_on_no_answer=False, search=False)
        except dns.exception.Timeout as error:
            raise TimedOut(f"The name server did not answer for {host} in time.", connected=False) from error
        except dns.resolver.NXDOMAIN as error:
            raise DnsFailed(f"The host name {host} does not exist.") from error
        except dns.exception.DNSException as error:
            raise DnsFailed(f"The host name {host} could not be resolved.") from error
        return [ip_address(record.address) for record in answer.rrset or ()]
