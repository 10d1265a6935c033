"""Tests of the forms of addresses."""

import pytest

from stream.runtime.addresses import is_loopback, is_mail_address, is_safe_url


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    """The names and addresses of this machine itself are loopback."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "mail.example", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", "::"]
)
def test_anything_else_is_not(host: str) -> None:
    """Any other host is not this machine, a name that begins like it neither."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "text", ["mara@service.example", "m.k+digest@a-b.service.example", "o'neil@x.ie", "1@2.example"]
)
def test_what_browsers_accept_is_a_mail_address(text: str) -> None:
    """Addresses that people have are accepted."""
    assert is_mail_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "mara", "mara@", "@service.example", "mara@localhost", "mara@-a.example", "mara@a..example"),
        *("mara@service.example ", "mara@service.example\n", "ma ra@service.example", "m\u00e1ra@service.example"),
        *("mara@service.example, x@y.example", "Mara <mara@service.example>", '"a b"@service.example', "a@b@c.example"),
        "a@" + ".".join(["b" * 60] * 5),
        "a" * 65 + "@service.example",
    ],
)
def test_anything_that_could_be_more_than_one_address_is_none(text: str) -> None:
    """A name, a second address, a blank or a line break makes a text no mail address."""
    assert not is_mail_address(text)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://id.example", True),
        ("https://id.example/a?policy=b", True),
        ("http://127.0.0.1:8080/a", True),
        ("http://localhost", True),
        ("http://[::1]:8080", True),
        ("http://localhost.example", False),
        ("https://user:secret@id.example", False),
        ("https://id.example/#a", False),
        ("https://", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
        ("https://id.example/\n", False),
        ("", False),
    ],
)
def test_an_address_is_safe_over_https_or_on_loopback(url: str, is_safe: bool) -> None:
    """An address is one of HTTPS or of loopback, and holds no user and no fragment."""
    assert is_safe_url(url) is is_safe
