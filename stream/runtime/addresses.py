"""The forms of addresses: whether a host is this machine, and whether a text is a safe address or one of mail."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_MAIL_ADDRESS: Final = 254
"""Characters of a mail address, by RFC 5321."""
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The form that browsers accept in a field for an address, with a domain of two parts at least.
_MAIL_ADDRESS: Final = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_url(url: str) -> bool:
    """Return whether an address is one of HTTPS, or of HTTP on loopback, without a user or a fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    is_plain = not (parts.fragment or parts.username or parts.password) and url.isprintable()
    is_private = parts.scheme == "https" or (parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"})
    return bool(host) and is_plain and is_private


def is_mail_address(text: str) -> bool:
    """Return whether a text has the form of a mail address; no line break, blank or further address can be in it."""
    return len(text) <= MAX_MAIL_ADDRESS and _MAIL_ADDRESS.fullmatch(text) is not None
