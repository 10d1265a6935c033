"""Ports and answers on this machine's own address; nothing we start listens anywhere else."""

from __future__ import annotations

import contextlib
import functools
import random
import socket
from typing import Final

import httpx

ADDRESS: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
"""Below Linux's ephemeral range (32768 up), so that no outgoing connection takes a port between choice and bind."""

_handed_out: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return loopback ports on which no process listens, each handed out once in this process."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(found) == count:
            break
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port not in _handed_out:
                probe.bind((ADDRESS, port))
                found.append(port)
    _handed_out.update(found)
    return found


def is_listening(port: int) -> bool:
    """Return whether a process accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0


def responds(url: str) -> bool:
    """Whether a GET on a loopback URL is answered with success within a second."""
    try:
        return _client().get(url).is_success
    except httpx.TransportError:
        return False


@functools.cache
def _client() -> httpx.Client:
    """Return the client that asks whatever starts, since making one reads all certificates of the machine: 28 ms.

    It keeps no connection, and takes no proxy that the environment names, which would ask its own 127.0.0.1.
    """
    return httpx.Client(timeout=1.0, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
