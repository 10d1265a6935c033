"""The pseudonyms of an export are stable, keyed, and unlike those of the database and of other platforms."""

import pytest

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.exports.pseudonyms import ExportPseudonyms, PlatformPseudonyms
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings
from tests.plugin.exports.samples import TENANTS
from tests.plugin.samples import TENANT


def test_a_pseudonym_is_the_same_in_every_export() -> None:
    """The same key and value give the same pseudonym, another key, kind or value another one."""
    ours = ExportPseudonyms(Pseudonyms(bytes(32)))
    again, theirs = ExportPseudonyms(Pseudonyms(bytes(32))), ExportPseudonyms(Pseudonyms(bytes(range(32))))
    assert ours.of("therapist", "p_ana") == again.of("therapist", "p_ana")
    others = {
        theirs.of("therapist", "p_ana"),
        ours.of("supervisor", "p_ana"),
        ours.of("therapist", "p_ben"),
    }
    assert ours.of("therapist", "p_ana") not in others
    assert len(others) == 3


def test_a_pseudonym_is_not_that_of_the_database() -> None:
    """An exported pseudonym shares no part with the pseudonym that the gateway makes with the same key."""
    made = Pseudonyms(bytes(32))
    exported = ExportPseudonyms(made).of("person", "ana")
    assert exported.removeprefix("person-") not in made.person("ana")


def test_a_platform_without_a_key_is_a_sentence() -> None:
    """A platform that the settings do not name, and one without a pseudonym key, end the export with a sentence."""
    assert PlatformPseudonyms(TENANTS).of(TENANT).of("session", 1).startswith("session-")
    with pytest.raises(Misconfigured, match="no tenant other"):
        PlatformPseudonyms(TENANTS).of("other")
    with pytest.raises(Misconfigured, match="pseudonym_key"):
        PlatformPseudonyms({TENANT: TenantSettings()}).of(TENANT)
