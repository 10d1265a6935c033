"""The contract of adapters as tests that any package can run on an adapter of its own (docs/adapters.md).

No stage imports it: it needs pytest and hypothesis, which are not installed with Counterpoint.
"""

import pytest

# pytest says what an assertion compared only of modules that it knows to hold tests.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("verifying", "parsing", "normalising", "repeating")))

from plugin.adapter_contract.deliveries import CLIENT_NAME, HELLO, NOW, SENT, Headers, Kind, Platform  # noqa: E402
from plugin.adapter_contract.suite import AdapterContract  # noqa: E402

__all__ = ["CLIENT_NAME", "HELLO", "NOW", "SENT", "AdapterContract", "Headers", "Kind", "Platform"]
