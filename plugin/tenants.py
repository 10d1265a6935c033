"""The pseudonyms of a tenant, made with the key in its settings."""

from collections.abc import Mapping

from plugin.crypto.keys import key_from_base64
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings, required_secret


def pseudonyms_of(tenants: Mapping[str, TenantSettings], tenant: str) -> Pseudonyms:
    """Return the maker of a tenant's pseudonyms.

    Raises:
        Misconfigured: there is no such tenant, or its pseudonym key is missing or not base64 of at least 32 bytes.
    """
    if tenant not in tenants:
        raise Misconfigured(f"The settings name no tenant {tenant}.")
    setting = f"tenants.{tenant}.pseudonym_key"
    key = required_secret(tenants[tenant].pseudonym_key, setting)
    try:
        return Pseudonyms(key_from_base64(key))
    except ValueError as error:
        raise Misconfigured(f"{setting}: {error}.") from None
