"""The rule of the random sample, from the settings."""

import base64

import pytest
from pydantic import SecretStr

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import SampleSettings
from stream.workers.sample_rule import sample_rule

KEY = bytes(range(32))


def with_key(key: str) -> SampleSettings:
    """Return settings with a key, as it is written there."""
    return SampleSettings(key=SecretStr(key))


def test_one_in_twenty_is_sampled_once_a_key_is_set() -> None:
    """With a key and nothing else set, the share is one in twenty."""
    rule = sample_rule(with_key(base64.b64encode(KEY).decode()))
    assert rule is not None
    assert (rule.share, rule.key) == (0.05, KEY)


def test_nothing_is_sampled_without_a_key() -> None:
    """Without a key there is no rule: a known key would let a sender choose."""
    assert sample_rule(SampleSettings()) is None


@pytest.mark.parametrize("key", ["not base64 \u00ff", "", base64.b64encode(KEY[:31]).decode()])
def test_a_key_that_cannot_be_used_is_refused_without_being_repeated(key: str) -> None:
    """A key that is not base64 or too short stops the stage, with a sentence that does not hold it."""
    with pytest.raises(Misconfigured) as refused:
        sample_rule(with_key(key))
    assert not key or key not in str(refused.value)
