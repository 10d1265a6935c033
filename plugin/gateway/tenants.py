"""The platforms that may deliver: their signing secrets and pseudonym keys, checked before the gateway starts."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from plugin.crypto.keys import key_from_base64
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.base import Tenant as TenantName
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Tenant, required

MIN_SECRET_BYTES = 24
"""The least that Standard Webhooks allows."""

_NAME: TypeAdapter[str] = TypeAdapter(TenantName)
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that Standard Webhooks gives to secrets, not one of them


@dataclass(frozen=True)
class KnownTenant:
    """One platform, ready to be served."""

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)


def known_tenants(tenants: Mapping[str, Tenant]) -> dict[str, KnownTenant]:
    """Check every tenant's settings.

    Raises:
        Misconfigured: no tenant, or one without usable secrets or key; a gateway that cannot verify does not start.
    """
    if not tenants:
        raise Misconfigured("No tenant is set. Add [tenants.NAME] with webhook_secrets and pseudonym_key.")
    return {name: _known(name, tenant) for name, tenant in tenants.items()}


def _known(name: str, tenant: Tenant) -> KnownTenant:
    place = f"tenants.{name}"
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise Misconfigured(f"{place}: a tenant's name is lower case letters, digits and dashes.") from None
    if not tenant.webhook_secrets:
        raise Misconfigured(f"{place}.webhook_secrets is not set: nothing it sends could be verified.")
    secrets = tuple(secret.get_secret_value() for secret in tenant.webhook_secrets)
    for secret in secrets:
        if _bytes_in(secret.removeprefix(_SECRET_PREFIX), place) < MIN_SECRET_BYTES:
            raise Misconfigured(f"{place}.webhook_secrets: a secret is at least {MIN_SECRET_BYTES} random bytes.")
    key = required(tenant.pseudonym_key, f"{place}.pseudonym_key")
    try:
        return KnownTenant(name, secrets, Pseudonyms(key_from_base64(key)))
    except ValueError as error:
        raise Misconfigured(f"{place}.pseudonym_key: {error}.") from None


def _bytes_in(secret: str, place: str) -> int:
    try:
        return len(base64.b64decode(secret, validate=True))
    except ValueError:  # binascii.Error, and what base64 says of a letter beyond ASCII
        raise Misconfigured(f"{place}.webhook_secrets: a secret is whsec_ and base64.") from None
