"""Which addresses may be dialled.

In: a web address, and what its host name resolves to. Out: the one IP address to dial, judged.
Refused: every scheme but http and https, ports other than 80 and 443, user names, bare addresses,
names without a dot, and every name of which any record is not a public address, also when it is
wrapped in IPv6 (handbook `reliability.md` 2.1 and 2.2). A name that does not resolve is not dialled.
The only exceptions are the host:port pairs of VERIFY_ALLOW_PRIVATE_HOSTS.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx2

from verify.errors import ForbiddenAddress, ForbiddenScheme, InvalidUrl, NameNotResolved

Resolver = Callable[[str, int], Sequence[str]]  # (host, port) -> every address; raises OSError
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL = 2048  # characters
PORTS = {"http": 80, "https": 443}

# `ipaddress.is_global` of Python 3.11 lets these through (measured, reliability.md 2.1), or lets them
# through in some releases only.
DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "64:ff9b:1::/48",  # local-use NAT64, RFC 8215
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",  # IETF protocol assignments; Teredo is unwrapped before
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: these 32 bits, then an IPv4 address
_NUMERIC_LABEL = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that passed every check that needs no name lookup."""

    url: str  #: normalised
    host: str  #: lower case, in ASCII, without a trailing dot
    port: int
    excepted: bool  #: named in VERIFY_ALLOW_PRIVATE_HOSTS


def system_addresses(host: str, port: int) -> tuple[str, ...]:
    """Every address the system's resolver knows of `host`. Raises OSError.

    A public name is looked up with a trailing dot, so that no search domain is appended to it.
    """
    name = f"{host.rstrip('.')}." if "." in host and not _is_literal(host) else host
    answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


class Guard:
    """Judges addresses against one list of exceptions.

    `allowed` holds "host:port" pairs; a literal IPv6 host is written in brackets.
    """

    def __init__(self, allowed: Sequence[str] = (), resolver: Resolver | None = None) -> None:
        self._allowed = frozenset(pair.lower() for pair in allowed)
        self._resolve = resolver or system_addresses

    def target(self, url: str) -> Target:
        """`url`, taken apart and judged without any lookup.

        Raises InvalidUrl, ForbiddenScheme (scheme or port) or ForbiddenAddress (host).
        """
        parsed = _parse(url)
        host = parsed.raw_host.decode("ascii").strip("[]").lower().rstrip(".")
        port = PORTS.get(parsed.scheme, 0) if parsed.port is None else parsed.port
        excepted = self._is_excepted(host, port)
        if not excepted:
            _check_host(host)
        _check_scheme(parsed.scheme, port, excepted=excepted)
        return Target(url=str(parsed), host=host, port=port, excepted=excepted)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of `host` that may be dialled: all of its records, or none.

        Raises ForbiddenAddress when any record is not public, NameNotResolved when there is none.
        """
        records = self._records(host, port)
        if not self._is_excepted(host, port):
            for record in records:
                check_address(record)
        return records

    def _records(self, host: str, port: int) -> tuple[str, ...]:
        if _is_literal(host):
            return (host,)
        try:
            records = tuple(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise NameNotResolved(host) from error
        if not records:
            raise NameNotResolved(f"{host} has no address")
        return records

    def _is_excepted(self, host: str, port: int) -> bool:
        name = f"[{host}]" if ":" in host else host
        return f"{name}:{port}" in self._allowed


def check_address(text: str) -> None:
    """Raise ForbiddenAddress unless `text` is a public unicast IP address, however it is wrapped."""
    try:
        address: IpAddress = ipaddress.ip_address(text)
    except ValueError as error:
        raise ForbiddenAddress(text) from error
    if not is_public(address):
        raise ForbiddenAddress(text)


def is_public(address: IpAddress) -> bool:
    """Whether `address`, and every IPv4 address wrapped in it, is public unicast."""
    return all(_is_public_itself(layer) for layer in _layers(address))


def _is_public_itself(address: IpAddress) -> bool:
    if any(address in network for network in DENIED if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.is_site_local):
        return False
    return not (address.is_multicast or address.is_reserved or address.is_unspecified) and address.is_global


def _layers(address: IpAddress) -> Iterator[IpAddress]:
    """The address to judge, and what is hidden in it: a wrapper counts as what it wraps."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    wrapped = tuple(_wrapped(address))
    yield from wrapped
    if not wrapped:
        yield address


def _wrapped(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses inside: mapped, 6to4, Teredo (both ends), NAT64, ISATAP, IPv4-compatible."""
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    elif (
        address in _NAT64
        or (address in _IPV4_COMPATIBLE and int(address) > 1)
        or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    ):
        yield low


def _parse(url: str) -> httpx2.URL:
    if len(url) > LONGEST_URL:
        raise InvalidUrl(f"longer than {LONGEST_URL} characters")
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url) or "\\" in url:
        raise InvalidUrl("a space, a backslash or a control character in it")
    try:
        parsed = httpx2.URL(url)
        parsed.raw_host.decode("ascii")
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise InvalidUrl(str(error)) from error
    if not parsed.host:
        raise InvalidUrl("no host in it")
    if parsed.userinfo:
        raise InvalidUrl("a user name in it")
    return parsed.copy_with(fragment=None)


def _check_scheme(scheme: str, port: int, *, excepted: bool) -> None:
    if scheme not in PORTS or not (excepted or port == PORTS[scheme]):
        raise ForbiddenScheme(f"{scheme or 'no scheme'}, port {port}")


def _check_host(host: str) -> None:
    """Refuse bare addresses in every spelling, and names only a local network knows."""
    if _is_literal(host) or _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
        raise ForbiddenAddress(f"{host} is a bare address, not a name")
    if "." not in host or host.endswith((".localhost", ".local", ".internal", ".home.arpa", ".onion")):
        raise ForbiddenAddress(f"{host} is a name of a private network")


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").split("%", 1)[0])
    except ValueError:
        return False
    return True
