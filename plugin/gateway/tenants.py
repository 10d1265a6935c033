"""The tenants that may deliver, with adapter, secrets and pseudonym keys checked before the gateway starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from plugin.adapters.base import Adapter
from plugin.adapters.registry import adapter_of
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.tenants import pseudonyms_of
from stream.contracts.base import Tenant as TenantName
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings

_NAME: TypeAdapter[str] = TypeAdapter(TenantName)


@dataclass(frozen=True)
class KnownTenant:
    """A platform whose settings were checked, with its adapter, secrets and pseudonyms."""

    name: str
    adapter: Adapter[Any]
    secrets: tuple[str, ...] = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)


def known_tenants(tenants: Mapping[str, TenantSettings]) -> dict[str, KnownTenant]:
    """Check the settings of every tenant and return the tenants by name.

    Raises:
        Misconfigured: There is no tenant, or one has no adapter, secrets or key; the gateway does not start then.
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
    try:
        adapter = adapter_of(tenant)
    except Misconfigured as error:
        raise Misconfigured(f"{place}.{error}") from None
    if not tenant.webhook_secrets:
        raise Misconfigured(f"{place}.webhook_secrets is not set: nothing it sends could be verified.")
    secrets = tuple(secret.get_secret_value() for secret in tenant.webhook_secrets)
    for secret in secrets:
        if secret != secret.strip():
            raise Misconfigured(f"{place}.webhook_secrets: a secret begins or ends with a blank or line break: cut it.")
        if fault := adapter.secret_fault(secret):
            raise Misconfigured(f"{place}.webhook_secrets: {fault}")
    return KnownTenant(name, adapter, secrets, pseudonyms_of(tenants, name))


def _as_name(given: str) -> str:
    words = re.findall(r"[a-z0-9]+", given.lower())
    return "-".join(words)[:63].strip("-") or "riverside"
