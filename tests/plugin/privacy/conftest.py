"""A fixture of the settings of the sample platform, on the database of the plugin's tests."""

import base64

import pytest

from stream.runtime.settings import Settings
from tests.plugin.samples import KEK, TENANT

KEY = base64.b64encode(KEK.secret).decode()


@pytest.fixture
def settings(queue_url: str) -> Settings:
    """Return settings with one platform and this database."""
    return Settings.model_validate(
        {
            "database": {"url": queue_url, "key_encryption_key": KEY},
            "tenants": {TENANT: {"pseudonym_key": KEY}},
        }
    )
