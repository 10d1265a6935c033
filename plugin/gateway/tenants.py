"""The tenants that may deliver, with their signing secrets and pseudonym keys checked before the gateway starts."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.tenants import pseudonyms_of
from stream.contracts.base import Tenant as TenantName
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings

MIN_SECRET_BYTES = 24
"""The shortest secret that Standard Webhooks allows, in bytes."""

_NAME: TypeAdapter[str] = TypeAdapter(TenantName)
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that Standard Webhooks gives to secrets, not one of them


@dataclass(frozen=True)
class KnownTenant:
    """A platform whose settings were checked, with its secrets and pseudonyms."""

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)


def known_tenants(tenants: Mapping[str, TenantSettings]) -> dict[str, KnownTenant]:
    """Check the settings of every tenant and return the tenants by name.

    Raises:
        Misconfigured: There is no tenant, or one has no usable secrets or key; the gateway does not start then.
    """
    if not tenants:
        raise Misconfigured("No tenant is set. Add [tenants.NAME] with webhook_secrets and pseudonym_key.")
    return {name: _known(name, tenants) for name in tenants}


def _known(name: str, tenants: Mapping[str, TenantSettings]) -> KnownTenant:
    place, tenant = f"tenants.{name}", tenants[name]
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise Misconfigured(
            f"{place}: a tenant's name is lower case letters, digits and dashes, such as {_as_name(name)}."
        ) from None
    if not tenant.webhook_secrets:
        raise Misconfigured(f"{place}.webhook_secrets is not set: nothing it sends could be verified.")
    secrets = tuple(secret.get_secret_value() for secret in tenant.webhook_secrets)
    for secret in secrets:
        if secret != secret.strip():
            raise Misconfigured(f"{place}.webhook_secrets: a secret begins or ends with a blank or line break: cut it.")
        if secret.startswith("v1,"):
            raise Misconfigured(f"{place}.webhook_secrets: a secret begins with {_SECRET_PREFIX}: take `v1,` off it.")
        if _bytes_in(secret.removeprefix(_SECRET_PREFIX), place) < MIN_SECRET_BYTES:
            raise Misconfigured(f"{place}.webhook_secrets: a secret is at least {MIN_SECRET_BYTES} random bytes.")
    return KnownTenant(name, secrets, pseudonyms_of(tenants, name))


def _bytes_in(secret: str, place: str) -> int:
    try:
        return len(base64.b64decode(secret, validate=True))
    except ValueError:  # binascii.Error, or the ValueError that base64 raises for a character beyond ASCII
        raise Misconfigured(f"{place}.webhook_secrets: a secret is whsec_ and base64.") from None


def _as_name(given: str) -> str:
    words = re.findall(r"[a-z0-9]+", given.lower())
    return "-".join(words)[:63].strip("-") or "riverside"
