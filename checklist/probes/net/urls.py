"""One reading of a URL, used to check it and to dial it: two parsers are how filters are fooled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import httpx

from checklist.probes.net.addresses import Address, canonical

MAX_URL = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
# Anything below space, DEL, space itself and the backslash: browsers and libraries disagree on what they
# mean.
_SUSPECT = re.compile(r"[\x00-\x20\x7f\\]")
# After the host, nothing or a port in ASCII digits: int() would take the digits of any script.
_PORT = re.compile(r"^(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]{0,5})?$")
# RFC 1123 labels; underscores occur in real internal names.
_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")
# WHATWG URL, "ends in a number": such a host is read as IPv4 by inet_aton in decimal, octal or hexadecimal.
_NUMERIC = re.compile(r"^(?:[0-9]+|0x[0-9a-f]*)$")


class BadUrl(ValueError):
    """The text is not a URL that may be asked for; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart.

    `host` is lower-case ASCII without trailing dot, or the bare address of a literal.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def netloc(self) -> str:
        """Host and, where it is not the scheme's own, port; IPv6 in brackets."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def url(self) -> str:
        """The whole canonical URL, without fragment."""
        return f"{self.origin}{self.path}"

    @property
    def shown(self) -> str:
        """The URL without its query, fit to be stored and shown."""
        return f"{self.origin}{self.path.partition('?')[0]}"


def parse(url: str) -> Target:
    """Read a URL strictly.

    Raises BadUrl for anything but plain http and https, for user names, zones, percent-encoded hosts,
    backslashes, control characters and for numbers that only `inet_aton` takes for an address.
    """
    if len(url) > MAX_URL:
        raise BadUrl(f"the URL is longer than {MAX_URL} characters")
    if _SUSPECT.search(url):
        raise BadUrl("the URL holds a space, a backslash or a control character")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in DEFAULT_PORTS:
        raise BadUrl("only http:// and https:// URLs can be asked for")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise BadUrl("leave user name and password out of the URL")
    if "%" in authority:
        raise BadUrl("the host may not hold a zone or a percent sign")
    if not _PORT.search(authority):
        raise BadUrl("the port must be a number between 1 and 65535")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadUrl("that is not a valid URL") from error
    host, address = _host(parsed.raw_host.decode("ascii"))
    port = parsed.port if parsed.port is not None else DEFAULT_PORTS[parsed.scheme]
    if not 0 < port < 65536:  # noqa: PLR2004
        raise BadUrl("the port must be a number between 1 and 65535")
    return Target(parsed.scheme, host, port, parsed.raw_path.decode("ascii"), address)


def join(base: Target, location: str) -> Target:
    """Resolve a Location header against the URL that sent it (RFC 3986, section 5). Raises BadUrl."""
    if _SUSPECT.search(location) or len(location) > MAX_URL:
        raise BadUrl("the redirect's address is not a valid URL")
    try:
        return parse(str(httpx.URL(base.url).join(location)))
    except httpx.InvalidURL as error:
        raise BadUrl("the redirect's address is not a valid URL") from error


def _host(host: str) -> tuple[str, Address | None]:
    host = host.lower()
    if ":" in host:
        try:
            address = canonical(IPv6Address(host))
        except ValueError as error:
            raise BadUrl("that is not a valid IPv6 address") from error
        return str(address), address
    host = host.removesuffix(".")
    labels = host.split(".")
    if not host or len(host) > 253 or not all(_LABEL.match(label) for label in labels):  # noqa: PLR2004
        raise BadUrl("that is not a valid host name")
    if _NUMERIC.match(labels[-1]):
        try:
            return host, IPv4Address(host)
        except ValueError as error:
            raise BadUrl("write an IPv4 address as four decimal numbers, such as 192.0.2.1") from error
    return host, None
