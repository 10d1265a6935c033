"""`counterpoint check`: everything is looked at, and each trouble comes with its remedy."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from plugin import check as checking
from plugin.check import Finding
from plugin.gateway import server
from plugin.outbound.stage import run as deliver
from plugin.sink import sink
from plugin.web import app as web
from plugin.web.provider.connection import Connection
from stream.contracts.errors import Misconfigured, Unavailable
from stream.feedback.models.baseline import InProcessBaseline
from stream.feedback.models.canary import run_canary
from stream.runtime import settings as settings_room
from stream.runtime.health import Health
from stream.runtime.settings import Settings
from stream.workers import feedback_worker, model_worker, session_worker
from tests.fixtures.answering import answering

KEY = base64.b64encode(b"k" * 32).decode()
GOOD: dict[str, Any] = {
    "tenants": {"riverside": {"webhook_secrets": ["whsec_" + KEY], "pseudonym_key": KEY}},
    "database": {"url": "postgresql+psycopg://u@h/d", "key_encryption_key": KEY},
    "web": {"session_secret": "s" * 32},
}


@pytest.fixture(autouse=True)
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broker, database and model are well; their own suites try the real ones."""
    monkeypatch.setattr(checking, "topic_differences", lambda _kafka: [])
    monkeypatch.setattr(checking, "pending_migrations", lambda _url: [])
    monkeypatch.setattr(checking, "check_key_encryption_key", lambda _session, _kek: None)
    monkeypatch.setattr(checking, "check_receivers_key", lambda _session, _key: None)
    monkeypatch.setattr(checking, "run_canary", lambda _feedback: SERVED)
    monkeypatch.setattr(checking, "recent_unknown_tenants", lambda _settings, now: {})  # noqa: ARG005


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
        "settings", "tenant riverside", "connections", "key encryption key", "login cookie", "random sample",
        "digests", "risk signals", "topics", "database", "database keys", "model", "activation", "practice",
        "measures",
    }  # fmt: skip


def test_measures_are_tried_where_they_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without measures nothing is asked; with them the reader is, at its own address, and an absent one is reported."""
    assert "measures.enabled is not set" in findings(monkeypatch)["measures"].sentence
    asked: list[object] = []
    monkeypatch.setattr(checking, "run_reader_canary", asked.append)
    on = {"measures": {"enabled": True}, "reader": {"triton_url": "triton-reader:8001"}}
    assert "triton-reader:8001 succeeded" in findings(monkeypatch, **on)["measures"].sentence
    assert len(asked) == 1

    def away(_settings: object) -> None:
        raise Unavailable("the reader (not_found)")

    monkeypatch.setattr(checking, "run_reader_canary", away)
    found = findings(monkeypatch, **on)
    assert troubles(found) == {"measures"}
    assert "triton-reader:8001 serve the model `reader`" in str(found["measures"].remedy)


def test_an_unvalidated_model_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator must not take a canary, or a passed check, for a validation."""
    found = findings(monkeypatch)
    assert "CPU baseline" in found["model"].sentence
    assert "unvalidated" in found["activation"].sentence


def test_a_model_that_is_not_activated_is_reported_with_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was not activated is reported with the commands that activate it, before the stage starts."""
    other = SERVED.model_copy(update={"weights": "another"})
    monkeypatch.setattr(checking, "run_canary", lambda _feedback: other)
    found = findings(monkeypatch)
    assert troubles(found) == {"activation"}
    assert "Triton serves another" in found["activation"].sentence
    for command in ("counterpoint model check", "counterpoint model activate"):
        assert command in str(found["activation"].remedy)


def test_an_activation_that_cannot_be_read_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unreadable activation is reported with the name of the setting."""
    found = findings(monkeypatch, feedback={"activation": tmp_path / "nowhere.json"})
    assert troubles(found) == {"activation"}
    assert "nowhere.json cannot be read" in found["activation"].sentence


def test_missing_weights_are_reported_with_the_path_to_mount_them(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "[tenants." in found["tenants"].sentence


@pytest.mark.parametrize("key", [None, "", "short", base64.b64encode(b"k" * 31).decode(), "not base64 ÿ" * 9])
def test_a_key_that_is_not_32_bytes_long_is_refused(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
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


def test_a_platform_is_named_with_what_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant's platform is said, with what its deliveries lack and where that is explained."""
    tenant = {"platform": "rocketchat", "webhook_secrets": ["r" * 24], "pseudonym_key": KEY}
    found = findings(monkeypatch, tenants={"meadow": tenant | {"consent": {"channels": ["*"]}}})
    assert troubles(found) == set()
    assert "speaks rocketchat" in found["tenant meadow"].sentence
    assert "no deletions, no signed_body, no signed_time" in found["tenant meadow"].sentence
    assert "lack" not in findings(monkeypatch)["tenant riverside"].sentence
    matrix = {"user": "@counterpoint:example.org", "counsellors": ["@c-.*"]}
    homeserver = tenant | {"platform": "matrix", "matrix": matrix, "consent": {"channels": ["*"]}}
    found = findings(monkeypatch, tenants={"meadow": homeserver})
    assert "no encrypted_rooms, no signed_body" in found["tenant meadow"].sentence


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, '{"data": {"payload": []}}'), "It answers"),
        ((401, ""), "tenants.harbour.chatwoot.api_token: the installation refuses it"),
        ((404, ""), "knows no such account"),
        ((500, ""), "the API of harbour is unavailable"),
    ],
)
def test_a_platforms_api_is_asked(monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], said: str) -> None:
    """The API of a platform is asked with its token, and what it does not answer is trouble of its own."""
    with answering({"/api/v1/accounts/3/conversations": answer}) as url:
        chatwoot = {"api_url": url, "account": "3", "api_token": "a token of this test"}
        tenant = {"platform": "chatwoot", "webhook_secrets": ["r" * 24], "pseudonym_key": KEY, "chatwoot": chatwoot}
        found = findings(monkeypatch, tenants={"harbour": tenant | {"consent": {"channels": ["*"]}}})
    assert said in found["API of harbour"].sentence
    assert troubles(found) == (set() if answer[0] == 200 else {"API of harbour"})


def test_a_platform_of_whose_consent_nothing_is_known_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that does not say who has consented, and settings that do not either, would process nothing."""
    tenant = {"platform": "chatwoot", "webhook_secrets": ["r" * 24], "pseudonym_key": KEY}
    found = findings(monkeypatch, tenants={"meadow": tenant})
    assert troubles(found) == {"tenant meadow"}
    assert "consent.field" in str(found["tenant meadow"].remedy)


def test_a_short_cookie_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short cookie secret is refused, because it could be guessed."""
    assert "login cookie" in troubles(findings(monkeypatch, web={"session_secret": "s" * 31}))


def test_a_database_that_is_not_named_says_which_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing database URL is reported with its variable, because there is no default."""
    found = findings(monkeypatch, database={"key_encryption_key": KEY})
    assert "COUNTERPOINT_DATABASE__URL" in found["database"].sentence


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


def test_a_tenant_that_the_settings_do_not_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that writes to Kafka without being in the settings is named, with what to do about it."""
    monkeypatch.setattr(checking, "recent_unknown_tenants", lambda _settings, now: {"meadow": 7})  # noqa: ARG005
    found = findings(monkeypatch)
    assert troubles(found) == {"tenant meadow"}
    assert "7 records" in found["tenant meadow"].sentence
    assert "[tenants.meadow]" in str(found["tenant meadow"].remedy)
    assert "--reason-code unknown_tenant" in str(found["tenant meadow"].remedy)


@pytest.mark.parametrize(
    ("part", "subject"), [("topic_differences", "broker"), ("pending_migrations", "database"), ("run_canary", "model")]
)
def test_an_unavailable_part_does_not_hide_other_problems(
    monkeypatch: pytest.MonkeyPatch, part: str, subject: str
) -> None:
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


def test_a_key_of_another_database_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key encryption key than the database's is reported, as after a restore with the wrong one."""

    def wrong(_session: object, _kek: object) -> None:
        raise Misconfigured("database.key_encryption_key is not the key")

    monkeypatch.setattr(checking, "check_key_encryption_key", wrong)
    found = findings(monkeypatch)
    assert troubles(found) == {"database keys"}
    assert "is not the key" in found["database keys"].sentence


def test_digests_are_checked_where_they_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a receiver nothing is wrong; with one, `check` refuses what the deliverer refuses, in the same words."""
    assert "None goes out" in findings(monkeypatch)["digests"].sentence
    stored = {"receivers_key": KEY}
    page = {"session_secret": "s" * 32, "public_url": "https://counterpoint.example"}
    good = findings(monkeypatch, delivery=stored, web=page)
    assert troubles(good) == set()
    assert "by stored receivers" in good["digests"].sentence
    for changes in (
        {"delivery": stored},
        {"delivery": {"receivers_key": "c2hvcnQ="}, "web": page},
        {"delivery": {"mail": {"host": "mail.example", "sender": "a@b.example", "username": "u"}}, "web": page},
    ):
        found = findings(monkeypatch, **changes)
        assert troubles(found) == {"digests"}
        with pytest.raises(Misconfigured) as refused:
            deliver(Settings.model_validate(GOOD | changes))
        assert found["digests"].sentence == str(refused.value)


def test_receivers_of_risk_signals_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a receiver nothing is wrong; with one, `check` refuses what the deliverer refuses, in the same words."""
    assert "None is raised" in findings(monkeypatch)["risk signals"].sentence
    platform = GOOD["tenants"]["riverside"]
    hook = {"url": "https://protocol.example/signals", "secrets": ["whsec_" + KEY]}
    good = findings(monkeypatch, tenants={"riverside": platform | {"risk": {"receiver": hook}}})
    assert troubles(good) == set()
    assert "https://protocol.example/signals" in good["risk signals of riverside"].sentence
    without = {"tenants": {"riverside": platform | {"risk": {"receiver": hook | {"secrets": []}}}}}
    found = findings(monkeypatch, **without)
    assert troubles(found) == {"risk signals of riverside"}
    with pytest.raises(Misconfigured) as refused:
        deliver(Settings.model_validate(GOOD | without))
    assert found["risk signals of riverside"].sentence == str(refused.value)


def test_the_reader_is_asked_where_it_is_to_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a platform wants the reader to hear, `check` asks it once, and otherwise says nothing of it."""
    platform = GOOD["tenants"]["riverside"]
    hook = {"url": "https://protocol.example/signals", "secrets": ["whsec_" + KEY]}
    given = {"tenants": {"riverside": platform | {"risk": {"receiver": hook, "reader": "sure"}}}}
    assert "reader" not in findings(monkeypatch)
    monkeypatch.setattr(checking, "run_reader_canary", lambda _settings: None)
    good = findings(monkeypatch, **given)
    assert "messages of riverside" in good["reader"].sentence
    assert "where the reader is sure" in good["risk signals of riverside"].sentence

    def away(_settings: object) -> None:
        raise Unavailable("the reader (unavailable)")

    monkeypatch.setattr(checking, "run_reader_canary", away)
    found = findings(monkeypatch, **given)
    assert troubles(found) == {"reader"}
    assert "by lexicon alone" in str(found["reader"].remedy)


WEAK = base64.b64encode(b"k" * 23).decode()
BROKEN: dict[str, dict[str, object]] = {
    "no tenant": {"tenants": {}},
    "a name in capitals": {"tenants": {"MyApp": GOOD["tenants"]["riverside"]}},
    "a name with a colon": {"tenants": {"my:app": GOOD["tenants"]["riverside"]}},
    "no webhook secret": {"tenants": {"a": {"pseudonym_key": KEY}}},
    "a secret with the version of signatures": {"tenants": {"a": {"webhook_secrets": [f"v1,whsec_{KEY}"]}}},
    "a secret with a line break": {"tenants": {"a": {"webhook_secrets": [f"whsec_{KEY}\n"]}}},
    "a secret after a blank": {"tenants": {"a": {"webhook_secrets": [f" whsec_{KEY}"]}}},
    "a weak secret": {"tenants": {"a": {"webhook_secrets": [f"whsec_{WEAK}"]}}},
    "one weak secret of two": {"tenants": {"a": {"webhook_secrets": [f"whsec_{KEY}", f"whsec_{WEAK}"]}}},
    "a secret of words": {"tenants": {"a": {"webhook_secrets": ["open sesame"]}}},
    "no pseudonym key": {"tenants": {"a": {"webhook_secrets": [f"whsec_{KEY}"]}}},
    "a short pseudonym key": {"tenants": {"a": {"webhook_secrets": [f"whsec_{KEY}"], "pseudonym_key": WEAK}}},
    "a pseudonym key with a line break": {
        "tenants": {"a": {"webhook_secrets": [f"whsec_{KEY}"], "pseudonym_key": f"{KEY}\n"}}
    },
    "an unknown platform": {"tenants": {"a": GOOD["tenants"]["riverside"] | {"platform": "zulip"}}},
    "a Twilio without its URL": {"tenants": {"a": GOOD["tenants"]["riverside"] | {"platform": "twilio"}}},
    "a short token": {"tenants": {"a": {"platform": "rocketchat", "webhook_secrets": ["short"], "pseudonym_key": KEY}}},
    "a consent that the generic webhook says itself": {
        "tenants": {"a": GOOD["tenants"]["riverside"] | {"consent": {"field": "consent"}}}
    },
    "more connections than files": {"gateway": {"max_connections": 10**9}},
    "no database": {"database": {"key_encryption_key": KEY}},
    "another database": {"database": {"url": "mysql://u@h/d", "key_encryption_key": KEY}},
    "words for a URL": {"database": {"url": "on the second floor", "key_encryption_key": KEY}},
    "no key encryption key": {"database": {"url": "postgresql+psycopg://u@h/d"}},
    "a short key encryption key": {"database": {"url": "postgresql+psycopg://u@h/d", "key_encryption_key": WEAK}},
    "a long key encryption key": {
        "database": {
            "url": "postgresql+psycopg://u@h/d",
            "key_encryption_key": base64.b64encode(b"k" * 33).decode(),
        }
    },
    "a broken earlier key": {
        "database": {
            "url": "postgresql+psycopg://u@h/d",
            "key_encryption_key": KEY,
            "previous_key_encryption_keys": [WEAK],
        }
    },
    "no session secret": {"web": {}},
    "a short session secret": {"web": {"session_secret": "s" * 31}},
    "no activation": {"feedback": {"activation": "/nowhere/activation.json"}},
    "an activation that is none": {"feedback": {"activation": __file__}},
    "a language model without a server": {"feedback": {"model": "llm", "triton_url": "in-process"}},
}
"""Settings that pydantic takes and a stage does not."""


class Started(BaseException):
    """What ends a stage that refuses nothing and would now begin its work."""


def refusals(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the sentences with which stages refuse to start with these settings."""

    def started(*_arguments: object, **_more: object) -> None:
        raise Started

    def enter(build: Callable[..., Any], *_: object, **__: object) -> None:
        async def begin() -> None:
            async with build(Path(), None, Health()):
                raise Started

        asyncio.run(begin())

    for module in (session_worker, model_worker):
        monkeypatch.setattr(module.topics, "require_topics", lambda _kafka: None)
        monkeypatch.setattr(module, "run_app", enter)
        monkeypatch.setattr(module, "create_app", started)
    monkeypatch.setattr(server, "listen", started)
    monkeypatch.setattr(sink, "serve", started)
    monkeypatch.setattr(web, "serving", started)
    said = set()
    for run in (server.run, session_worker.run, feedback_worker.run, sink.run, web.run):
        try:
            run(settings)
        except Misconfigured as error:
            said.add(str(error))
        except Started:
            pass
    return said


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_the_check_refuses_what_a_stage_refuses_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """The check refuses what a stage refuses at its start, and nothing else, with the sentence of that stage."""
    if "llm" in str(changes):
        monkeypatch.setattr(checking, "run_canary", run_canary)
    settings = Settings.model_validate(GOOD | changes)
    found = findings(monkeypatch, **changes)
    told = {finding.sentence for finding in found.values() if finding.remedy}
    refused = refusals(settings, monkeypatch)
    assert refused
    assert told == refused


def test_a_model_that_is_away_hides_no_activation_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An unusable activation is reported even while Triton is unavailable."""

    def away(_feedback: object) -> None:
        raise Unavailable("the feedback model")

    monkeypatch.setattr(checking, "run_canary", away)
    found = findings(monkeypatch, feedback={"activation": tmp_path / "nowhere.json"})
    assert troubles(found) == {"model", "activation"}


def test_the_check_accepts_what_every_stage_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With good settings every stage comes to its work, and the check says that all is well."""
    assert refusals(Settings.model_validate(GOOD), monkeypatch) == set()
    assert troubles(findings(monkeypatch)) == set()


PROVIDER: dict[str, Any] = {
    "issuer": "http://127.0.0.1:9/care",
    "client_id": "counterpoint",
    "roles": {"lead": "supervisor"},
}
PAGES = GOOD["web"] | {"public_url": "https://page.example"}


def test_a_provider_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check asks the provider at which people log in, and says that passwords work on without it."""
    found = findings(monkeypatch, oidc=PROVIDER, web=PAGES)
    assert troubles(found) == {"provider"}
    assert "http://127.0.0.1:9/care: no connection" in found["provider"].sentence
    assert "Passwords of Counterpoint work on" in str(found["provider"].remedy)


def test_what_the_web_stage_refuses_about_the_provider_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check refuses an address of ours without HTTPS, as the web stage does at its start."""
    found = findings(monkeypatch, oidc=PROVIDER, web=PAGES | {"public_url": "http://127.0.0.1:8020"})
    assert "web.public_url must begin with https" in found["provider"].sentence


def test_a_provider_that_answers_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check says that the provider answers, once its discovery document was read."""
    document = {
        "issuer": PROVIDER["issuer"],
        **dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), "https://id.example"),
    }

    async def read(_connection: Connection, url: str) -> dict[str, Any]:
        assert url == "http://127.0.0.1:9/care/.well-known/openid-configuration"
        return document

    monkeypatch.setattr(Connection, "read", read)
    found = findings(monkeypatch, oidc=PROVIDER, web=PAGES)
    assert troubles(found) == set()
    assert "people may log in there" in found["provider"].sentence
