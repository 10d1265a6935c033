"""Tests of the check of tenants: a gateway without usable secrets and pseudonym keys does not start."""

import base64

import pytest

from plugin.gateway.tenants import known_tenants
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings


def b64(length: int) -> str:
    """Return a number of bytes in base64."""
    return base64.b64encode(b"s" * length).decode()


def tenant(*secrets: str, key: str | None = None) -> TenantSettings:
    """Return the settings of a tenant."""
    return TenantSettings.model_validate({"webhook_secrets": secrets, "pseudonym_key": b64(32) if key is None else key})


def test_a_complete_tenant_is_served() -> None:
    """A tenant with secrets, with or without prefix, and a key is accepted."""
    known = known_tenants({"sample-1": tenant("whsec_" + b64(24), b64(32))})["sample-1"]
    assert len(known.secrets) == 2
    assert known.pseudonyms.person("x") != known.pseudonyms.conversation("x")


def test_no_tenant_at_all_is_refused() -> None:
    """Settings without any tenant are refused."""
    with pytest.raises(Misconfigured, match="No tenant"):
        known_tenants({})


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (tenant(), "tenants.t.webhook_secrets is not set"),
        (tenant("whsec_" + b64(23)), "at least 24"),
        (tenant(""), "at least 24"),
        (tenant("whsec_" + b64(32), "whsec_"), "at least 24"),
        (tenant("not base64!"), "webhook_secrets: a secret is whsec_ and base64"),
        (tenant(b64(32), key=""), "tenants.t.pseudonym_key is not set"),
        (tenant(b64(32), key="é"), "pseudonym_key: the key is not base64"),
        (tenant(b64(32), key=b64(31)), "tenants.t.pseudonym_key"),
    ],
)
def test_what_is_missing_or_weak_is_named(made: TenantSettings, place: str) -> None:
    """A missing or weak setting is named by its place, never by its value."""
    with pytest.raises(Misconfigured, match=place) as sentence:
        known_tenants({"t": made})
    assert b64(31) not in str(sentence.value)


@pytest.mark.parametrize("name", ["", "Upper", "with:colon", "x" * 64, "-dash"])
def test_a_name_that_cannot_be_a_key_is_refused(name: str) -> None:
    """A tenant's name that cannot be part of a record's key is refused."""
    with pytest.raises(Misconfigured, match="tenant's name"):
        known_tenants({name: tenant(b64(32))})


def test_nothing_secret_is_shown() -> None:
    """The representation of a tenant shows no secret, since it may be in a traceback."""
    assert b64(32) not in repr(known_tenants({"t": tenant(b64(32))}))
