"""Tests of the cookie of a known device: for whom it is known, and for how long."""

import time

import pytest
from starlette.responses import Response
from time_machine import TimeMachineFixture

from plugin.web.known_device import LIFETIME_S, KnownDevices

SECRET = "not a secret outside of the tests"


def cookie_of(devices: KnownDevices, username: str, device: str | None = None) -> str:
    """Return the value of the cookie that a login sets."""
    response = Response()
    devices.remember(response, username, device)
    return response.headers["set-cookie"].split(";")[0].partition("=")[2]


@pytest.fixture
def devices() -> KnownDevices:
    """Return the known devices of one installation."""
    return KnownDevices(SECRET, secure=True)


@pytest.mark.parametrize("spelling", ["maria", " MARIA", "\uff4daria"])
def test_a_device_is_known_under_every_spelling_of_the_name(devices: KnownDevices, spelling: str) -> None:
    """A device is known to the person who logged in on it, however the name is written."""
    assert devices.recognise(cookie_of(devices, "Maria"), spelling) is not None


def test_a_device_is_known_to_nobody_else(devices: KnownDevices) -> None:
    """A cookie for one person, of another installation, changed or missing makes no device known."""
    cookie = cookie_of(devices, "maria")
    assert devices.recognise(cookie, "jonas") is None
    assert KnownDevices(SECRET + "x", secure=True).recognise(cookie, "maria") is None
    for other in (None, "", "x", "a.b.c", cookie[:-1], "A" + cookie, "\u00e4" + cookie):
        assert devices.recognise(other, "maria") is None


def test_two_devices_differ_and_one_stays_the_same(devices: KnownDevices) -> None:
    """Two devices have two ids; a device that is known keeps its id, and so its budget, at the next login."""
    one, other = (devices.recognise(cookie_of(devices, "maria"), "maria") for _ in range(2))
    assert one != other
    assert devices.recognise(cookie_of(devices, "maria", one), "maria") == one


def test_a_device_is_forgotten_after_a_quarter(devices: KnownDevices, time_machine: TimeMachineFixture) -> None:
    """A device on which nobody has logged in for a quarter is not known any more."""
    time_machine.move_to(1_000_000, tick=False)
    cookie = cookie_of(devices, "maria")
    time_machine.move_to(time.time() + LIFETIME_S, tick=False)
    assert devices.recognise(cookie, "maria") is not None
    time_machine.move_to(time.time() + 1, tick=False)
    assert devices.recognise(cookie, "maria") is None


def test_the_cookie_is_out_of_reach_and_names_nobody(devices: KnownDevices) -> None:
    """The cookie is HttpOnly, Secure, SameSite=Strict and bound to this host, and does not contain the name."""
    response = Response()
    devices.remember(response, "maria", None)
    name, *flags = [part.strip().lower() for part in response.headers["set-cookie"].split(";")]
    assert name.startswith("__host-counterpoint-device=")
    assert {"httponly", "secure", "samesite=strict", "path=/", f"max-age={LIFETIME_S}"} == set(flags)
    assert "maria" not in response.headers["set-cookie"]
