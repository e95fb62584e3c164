"""Addresses that others name: only the public internet may be asked for them.

A photo's address comes from outside. Without this, it could name a printer, a cloud's metadata
service or our own web server, and what they say would be read as somebody's file.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

_HTTPS = 443
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


class NotPublicError(aiohttp.ClientError):
    """The address is none of the public internet."""


def is_public(host: str) -> bool:
    """Whether an IP address may be asked: no loopback, no private or link-local network, and no
    IPv6 form of one."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _behind_gateway(address)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


def _behind_gateway(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address a gateway would make of this one: NAT64 (RFC 6052), or the IPv4-compatible
    form of old (RFC 4291, 2.5.5.1)."""
    inside = address in _NAT64 or address in _COMPATIBLE
    return IPv4Address(int(address) & 0xFFFFFFFF) if inside else None


def check_public(url: str) -> None:
    """Raises NotPublicError for anything but HTTPS on its own port, with no name in front. What
    the host's name leads to is checked when it is looked up."""
    parts = URL(url)
    host = parts.host or ""
    literal = ":" in host or host.replace(".", "").isdigit()
    plain = parts.scheme == "https" and parts.user is None and parts.port == _HTTPS
    if not host or not plain or (literal and not is_public(host)):
        raise NotPublicError("not an address of the public internet")


class PublicResolver(AbstractResolver):
    """Looks names up and hands on only public addresses: what was checked is what is connected to,
    so that a name cannot change its mind in between."""

    def __init__(self) -> None:
        self._inner: AbstractResolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise NotPublicError("the name leads to no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()
