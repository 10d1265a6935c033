"""Tests of which addresses a stored receiver may have."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from plugin.outbound.public_address import addresses_of, allowed_address, is_allowed
from stream.contracts.errors import Denied

PRIVATE = (
    *("127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.5"),
    *("::1", "::", "fe80::1", "fc00::1", "ff02::1"),
    # The same, carried in an address of IPv6: mapped, by NAT64, by 6to4, by Teredo.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *("2002:7f00:0001::", "2002:c0a8:0101::1", "2001:0:53aa:64c:0:0:f5ff:fffe"),
)
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_not_allowed_however_it_is_written(address: str) -> None:
    """Loopback, private, link-local and shared addresses, and what carries one of them, are refused."""
    assert not is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    """Addresses of the public internet are allowed."""
    assert is_allowed(ip_address(address), ())


def test_the_settings_may_allow_a_network() -> None:
    """A private address is allowed where the settings name its network, also as IPv6 carries it; no other one is."""
    networks = (ip_network("10.0.5.0/24"), ip_network("fd00:5::/32"))
    for address in ("10.0.5.7", "::ffff:10.0.5.7", "fd00:5::7"):
        assert is_allowed(ip_address(address), networks)
    for address in ("10.0.6.7", "fd00:6::7", "127.0.0.1"):
        assert not is_allowed(ip_address(address), networks)


def test_of_several_addresses_the_first_allowed_one_is_taken() -> None:
    """A name that stands for a private and a public address leads to the public one, and to nothing without one."""

    def look_up(_host: str, _port: int) -> Iterator[str]:
        yield from ("10.0.0.1", "fe80::1%eth0", "93.184.215.14")

    assert allowed_address("both.example", 443, (), look_up) == "93.184.215.14"
    assert allowed_address("both.example", 443, (ip_network("10.0.0.0/8"),), look_up) == "10.0.0.1"
    with pytest.raises(Denied, match=r"both\.example"):
        allowed_address("both.example", 443, (), lambda _host, _port: iter(("10.0.0.1",)))


def test_a_host_is_looked_up_by_this_machine() -> None:
    """An address stands for itself, and a name for what this machine knows of it."""
    assert list(addresses_of("127.0.0.1", 80)) == ["127.0.0.1"]
    assert "127.0.0.1" in addresses_of("localhost", 80)
