"""`counterpoint check`: everything is looked at, and each trouble comes with its remedy."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from plugin import check as checking
from plugin.check import Finding
from stream.contracts.errors import Misconfigured, Unavailable
from stream.feedback.models.baseline import InProcessBaseline
from stream.runtime import settings as settings_room
from stream.runtime.settings import Settings

KEY = base64.b64encode(b"k" * 32).decode()
GOOD = {
    "tenants": {"riverside": {"webhook_secrets": ["whsec_" + KEY], "pseudonym_key": KEY}},
    "database": {"url": "postgresql+psycopg://u@h/d", "key_encryption_key": KEY},
    "web": {"session_secret": "s" * 32},
}


@pytest.fixture(autouse=True)
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broker, database and model are well; their own suites try the real ones."""
    monkeypatch.setattr(checking, "topic_differences", lambda _kafka: [])
    monkeypatch.setattr(checking, "pending_migrations", lambda _url: [])
    monkeypatch.setattr(checking, "run_canary", lambda _feedback: SERVED)


SERVED = InProcessBaseline().version


def findings(monkeypatch: pytest.MonkeyPatch, **changes: object) -> dict[str, Finding]:
    """Return the findings of `check` with these settings, by subject."""
    monkeypatch.setattr(checking, "load_settings", lambda: Settings.model_validate(GOOD | changes))
    return {finding.subject: finding for finding in checking.check_deployment()}


def troubles(found: dict[str, Finding]) -> set[str]:
    """Return the subjects with a problem."""
    return {about for about, finding in found.items() if finding.remedy}


def test_a_good_deployment_has_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """A good deployment has no problem, and the check says so about each part."""
    found = findings(monkeypatch)
    assert troubles(found) == set()
    assert set(found) == {
        "settings", "tenant riverside", "key encryption key", "login cookie", "topics", "database", "model",
        "activation",
    }  # fmt: skip


def test_an_unvalidated_model_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator must not take a canary, or a passed check, for a validation."""
    found = findings(monkeypatch)
    assert "CPU baseline" in found["model"].sentence
    assert "unvalidated" in found["activation"].sentence


def test_a_model_that_nobody_activated_is_told_with_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was not activated is reported with the commands that activate it, before the stage starts."""
    other = SERVED.model_copy(update={"weights": "another"})
    monkeypatch.setattr(checking, "run_canary", lambda _feedback: other)
    found = findings(monkeypatch)
    assert troubles(found) == {"activation"}
    assert "Triton serves another" in found["activation"].sentence
    for command in ("counterpoint model check", "counterpoint model activate"):
        assert command in str(found["activation"].remedy)


def test_an_activation_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unreadable activation is reported with the name of the setting."""
    found = findings(monkeypatch, feedback={"activation": tmp_path / "nowhere.json"})
    assert troubles(found) == {"activation"}
    assert "nowhere.json cannot be read" in found["activation"].sentence


def test_missing_weights_are_told_with_the_place_to_mount_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing weights are reported with the path where the operator must mount them."""

    def away(_what: object) -> None:
        raise Unavailable("the feedback model (not_found)")

    monkeypatch.setattr(checking, "run_canary", away)
    mend = str(findings(monkeypatch, feedback={"model": "llm"})["model"].remedy)
    assert "/weights/llama-3.1-8b-instruct" in mend
    assert "WEIGHTS in .env" in mend
    assert "weights" not in str(findings(monkeypatch)["model"].remedy)


def test_no_tenant_means_that_nothing_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration without a tenant is reported with the section to add."""
    found = findings(monkeypatch, tenants={})
    assert "[tenants." in str(found["tenants"].remedy)


@pytest.mark.parametrize("key", [None, "", "short", base64.b64encode(b"k" * 31).decode(), "not base64 ÿ" * 9])
def test_a_key_that_is_none_of_32_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    """A key that is not 32 bytes long is refused with the command that makes a valid one."""
    tenants = {"riverside": {"webhook_secrets": ["whsec_x"], "pseudonym_key": key}}
    database = {"url": "postgresql+psycopg://u@h/d", "key_encryption_key": key}
    found = findings(monkeypatch, tenants=tenants, database=database)
    assert troubles(found) == {"tenant riverside", "key encryption key"}
    assert "openssl rand" in str(found["key encryption key"].remedy)


def test_a_tenant_without_a_webhook_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant without a webhook secret is named, because its deliveries could not be verified."""
    found = findings(monkeypatch, tenants={"riverside": {"pseudonym_key": KEY}})
    assert troubles(found) == {"tenant riverside"}


def test_a_short_cookie_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short cookie secret is refused, because it could be guessed."""
    assert "login cookie" in troubles(findings(monkeypatch, web={"session_secret": "s" * 31}))


def test_a_database_that_is_not_named_says_which_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No default points anywhere."""
    found = findings(monkeypatch, database={"key_encryption_key": KEY})
    assert "COUNTERPOINT_DATABASE__URL" in str(found["database"].remedy)


def test_missing_migrations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing migrations are counted and reported with the command that applies them."""
    monkeypatch.setattr(checking, "pending_migrations", lambda _url: ["0001"])
    assert "counterpoint migrate" in str(findings(monkeypatch)["database"].remedy)


def test_each_difference_of_the_topics_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each difference between the topics and their configuration is reported as a sentence."""
    monkeypatch.setattr(
        checking, "topic_differences", lambda _kafka: ["counterpoint.messages.v1 has 3 partitions instead of 12."]
    )
    found = findings(monkeypatch)
    assert "3 partitions" in found["topics"].sentence
    assert "counterpoint topics" in str(found["topics"].remedy)


@pytest.mark.parametrize(
    ("part", "subject"), [("topic_differences", "broker"), ("pending_migrations", "database"), ("run_canary", "model")]
)
def test_what_is_away_does_not_hide_the_rest(monkeypatch: pytest.MonkeyPatch, part: str, subject: str) -> None:
    """Every part is checked on its own, so one that is away does not hide the others."""

    def away(_what: object) -> Iterator[str]:
        raise Unavailable(f"The {subject}", retry_after=1)

    monkeypatch.setattr(checking, part, away)
    found = findings(monkeypatch)
    assert troubles(found) == {subject}
    assert f"The {subject} is unavailable" in found[subject].sentence


def test_settings_that_cannot_be_read_end_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that cannot be read end the check, because nothing else can be determined."""

    def wrong() -> Settings:
        raise Misconfigured("kafka.partitions: not a number")

    monkeypatch.setattr(checking, "load_settings", wrong)
    (only,) = checking.check_deployment()
    assert (only.subject, bool(only.remedy)) == ("settings", True)


def test_no_sentence_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are pasted into tickets."""
    found = findings(monkeypatch, web={"session_secret": "zeppelin"})
    assert settings_room.required_secret(SecretStr("zeppelin"), "web.session_secret") == "zeppelin"
    assert "zeppelin" not in str(found)
    assert KEY not in str(found)
