"""Which addresses are public, which are private, and which nobody may ever ask for.

Python's `is_private` and `is_global` are not used: on 3.11 they call 192.0.0.192, 168.63.129.16, multicast,
`::127.0.0.1`, `64:ff9b::/96`, `2002::/16` and `fec0::/10` global. The tables follow the IANA IPv4 and IPv6
Special-Purpose Address Registries and the metadata services' own documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Reach(Enum):
    """How an address may be reached."""

    PUBLIC = "public"
    PRIVATE = "private"  # an operator may allow it by network or by host name
    SPECIAL = "special"  # an operator may allow it by network only
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Row:
    """One range with what it is, in words that complete "X is ..."."""

    network: Network
    reach: Reach
    what: str


def _rows(reach: Reach, table: dict[str, str]) -> list[Row]:
    return [Row(ip_network(net), reach, what) for net, what in table.items()]


_METADATA = "a cloud metadata address"
# Order matters: the first row that holds an address decides.
TABLE: tuple[Row, ...] = tuple(
    _rows(
        Reach.NEVER,
        {
            "169.254.169.254/32": _METADATA,  # AWS, GCP, Azure, OCI, DigitalOcean, Hetzner and others
            "169.254.170.2/32": _METADATA,  # AWS ECS task credentials
            "169.254.170.23/32": _METADATA,  # AWS EKS pod identity
            "168.63.129.16/32": _METADATA,  # Azure platform (WireServer)
            "100.100.100.200/32": _METADATA,  # Alibaba Cloud
            "192.0.0.192/32": _METADATA,  # Oracle Cloud, classic
            "169.254.0.0/16": "a link-local address",  # also Scaleway .42.42, Tencent .0.23
            "fd00:ec2::/32": _METADATA,  # AWS
            "fd20:ce::254/128": _METADATA,  # GCP
            "fd00:42::42/128": _METADATA,  # Scaleway
            "fd00:a9fe:a9fe::/48": _METADATA,  # Linode
            "fe80::/10": "a link-local address",  # also OpenStack fe80::a9fe:a9fe
            "0.0.0.0/8": "the unspecified network",
            "224.0.0.0/4": "a multicast address",
            "240.0.0.0/4": "a reserved address",
            "::/128": "the unspecified address",
            "ff00::/8": "a multicast address",
        },
    )
    + _rows(
        Reach.PRIVATE,
        {
            "10.0.0.0/8": "a private address",
            "172.16.0.0/12": "a private address",
            "192.168.0.0/16": "a private address",
            "100.64.0.0/10": "a shared (carrier) address",
            "127.0.0.0/8": "a loopback address",
            "::1/128": "a loopback address",
            "fc00::/7": "a private address",
        },
    )
    + _rows(
        Reach.SPECIAL,
        {
            "192.0.0.0/24": "a special-purpose address",
            "192.0.2.0/24": "a documentation address",
            "198.51.100.0/24": "a documentation address",
            "203.0.113.0/24": "a documentation address",
            "192.88.99.0/24": "a 6to4 relay address",
            "198.18.0.0/15": "a benchmarking address",
            "::/96": "an IPv4-compatible address",
            "::ffff:0:0:0/96": "an IPv4-translated address",
            "64:ff9b::/96": "a NAT64 address",
            "64:ff9b:1::/48": "a local NAT64 address",
            "2001::/32": "a Teredo address",
            "2001::/23": "a special-purpose address",
            "2001:db8::/32": "a documentation address",
            "2002::/16": "a 6to4 address",
            "3fff::/20": "a documentation address",
            "fec0::/10": "a site-local address",
        },
    )
)
_ISATAP = 0x5EFE
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_V6_DEFAULT = Row(IPv6Network("::/0"), Reach.SPECIAL, "not a public address")
_V4_PUBLIC = Row(IPv4Network("0.0.0.0/0"), Reach.PUBLIC, "a public address")
_V6_PUBLIC = Row(_GLOBAL_UNICAST, Reach.PUBLIC, "a public address")


def canonical(address: Address | str) -> Address:
    """The address that a dial would really reach: IPv4-mapped IPv6 becomes IPv4, a zone is dropped.

    Raises ValueError for text that is not an address.
    """
    parsed = ip_address(address) if isinstance(address, str) else address
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            parsed = IPv6Address(int(parsed))
        if parsed.ipv4_mapped is not None:
            return parsed.ipv4_mapped
    return parsed


def faces(address: Address) -> tuple[Address, ...]:
    """The address and every IPv4 address that is hidden in it.

    IPv4-compatible, -translated and NAT64 (RFC 6052) carry one at the end, 6to4 (RFC 3056) after its prefix,
    Teredo (RFC 4380) its server and, inverted, its client; ISATAP (RFC 5214) after 0:5efe or 200:5efe.
    """
    address = canonical(address)
    if isinstance(address, IPv4Address):
        return (address,)
    number = int(address)
    tail = IPv4Address(number & 0xFFFFFFFF)
    hidden: list[Address] = []
    if any(address in IPv6Network(net) for net in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")):
        hidden = [tail] if number > 1 else []
    elif address in IPv6Network("64:ff9b:1::/48"):
        hidden = [tail, IPv4Address((number >> 48 & 0xFFFF) | (number >> 64 & 0xFFFF) << 16)]
    elif address in IPv6Network("2002::/16"):
        hidden = [IPv4Address(number >> 80 & 0xFFFFFFFF)]
    elif address in IPv6Network("2001::/32"):
        hidden = [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(number & 0xFFFFFFFF ^ 0xFFFFFFFF)]
    elif number >> 32 & 0xFDFFFFFF == _ISATAP:
        hidden = [tail]
    return (address, *hidden)


def classify(address: Address) -> Row:
    """The row of the table that decides about one face of an address."""
    for row in TABLE:
        if address.version == row.network.version and address in row.network:
            return row
    if isinstance(address, IPv4Address):
        return _V4_PUBLIC
    return _V6_PUBLIC if address in _GLOBAL_UNICAST else _V6_DEFAULT
