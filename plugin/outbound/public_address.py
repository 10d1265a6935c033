"""The address that a stored receiver's name stands for, if it is a public one or in a network that the settings allow.

Whoever may store a receiver must not be able to make this process speak with the inside of its own network. So the
name is looked up here, and the request goes to the very address that was looked at: a second look-up could say another.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from stream.contracts.errors import Denied

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
LookUp = Callable[[str, int], Iterator[str]]

_NAT64: Final = ip_network("64:ff9b::/96")
"""Addresses that stand for the IPv4 address in their last 32 bits (RFC 6052)."""


def addresses_of(host: str, port: int) -> Iterator[str]:
    """Yield the addresses of a host, as this machine knows them.

    Raises:
        OSError: it has none.
    """
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        yield str(address[0])


def allowed_address(host: str, port: int, private: Networks, look_up: LookUp = addresses_of) -> str:
    """Return the first address of a host that is public or in one of the networks.

    Raises:
        Denied: every address of it is private.
        OSError: it has no address.
    """
    for address in look_up(host, port):
        if is_allowed(ip_address(address.partition("%")[0]), private):
            return address
    raise Denied(f"{host} is in no public network, and in none of delivery.private_networks")


def is_allowed(address: Address, private: Networks) -> bool:
    """Return whether an address is public, whatever it is written as, or in one of the networks."""
    meant = _meant(address)
    return any(meant in network for network in private) or (meant.is_global and not meant.is_multicast)


def _meant(address: Address) -> Address:
    """Return the address that another one stands for: an IPv6 address may carry an IPv4 address."""
    if isinstance(address, IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if carried is not None:
        return carried
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address
