"""The registration of Counterpoint with a Matrix homeserver: the file by which it becomes an Application Service."""

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from stream.contracts.errors import Misconfigured
from stream.runtime.addresses import is_loopback
from stream.runtime.settings import TenantSettings

_TEXT: Final = """\
# Made by `counterpoint matrix registration`. It holds secrets, so only the homeserver's user may read it.
id: {id}
url: {url}
# Acts as {user}. Counterpoint keeps no copy and asks the homeserver for nothing.
as_token: {as_token}
# One of webhook_secrets of the tenant {tenant}; it proves the homeserver to Counterpoint.
hs_token: {hs_token}
sender_localpart: {localpart}
rate_limited: false
# Beside the rooms in which {user} is: what else the homeserver sends.
namespaces:
  users: {users}
  aliases: {aliases}
  rooms: []
"""


def registration(
    name: str,
    tenant: TenantSettings,
    *,
    url: str,
    as_token: str,
    aliases: Sequence[str] = (),
    with_counsellors: bool = False,
) -> str:
    """Return the registration of a tenant whose settings have been checked, as YAML.

    The homeserver sends what happens in rooms in which Counterpoint's own user is, in rooms with one of `aliases`, and,
    `with_counsellors`, in rooms in which a counsellor is.

    Raises:
        Misconfigured: The address would show the token and the words of clients on their way.
    """
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
        raise Misconfigured(f"{url}: the homeserver reaches the gateway by https; http is for one on loopback alone.")
    user = tenant.matrix.user
    return _TEXT.format(
        tenant=name,
        user=user,
        id=_quoted(f"counterpoint-{name}"),
        url=_quoted(f"{url.rstrip('/')}/v1/{name}"),
        as_token=_quoted(as_token),
        hs_token=_quoted(tenant.webhook_secrets[-1].get_secret_value()),
        localpart=_quoted(user[1:].partition(":")[0]),
        users=_namespaces(tenant.matrix.counsellors if with_counsellors else ()),
        aliases=_namespaces(aliases),
    )


def _namespaces(expressions: Sequence[str]) -> str:
    """Return a list of namespaces that others may use too. Homeservers match from the beginning and not to the end."""
    lines = [f"\n    - exclusive: false\n      regex: {_quoted(f'(?:{one})$')}" for one in expressions]
    return "".join(lines) or "[]"


def _quoted(text: str) -> str:
    """Return a text as YAML writes it: between double quotes, as JSON does."""
    return json.dumps(text)
