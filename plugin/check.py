"""Check everything a deployment needs, and say what is wrong and how to mend it, for `counterpoint check`."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from plugin.adapters.registry import OWN, WEBHOOK
from plugin.database.engine import DRIVER, connect, temporary_engine, transaction
from plugin.database.key_encryption_key import check_key_encryption_key, key_encryption_key
from plugin.database.migrate import pending_migrations
from plugin.database.receivers_key import receivers_key
from plugin.gateway.tenants import known_tenants
from plugin.http_connections import require_open_files
from plugin.operations.unknown_tenants import REMEDY, recent_unknown_tenants
from plugin.outbound.risk_stage import escalation_receiver, risk_receiver
from plugin.outbound.stage import public_url_of, receivers_of
from plugin.outbound.stored_receivers import check_receivers_key
from plugin.outbound.webhook import SignedWebhook
from plugin.plain_text import join_words
from plugin.reconcile.chatwoot_api import ChatwootApi
from plugin.web.provider.connection import ProviderAwayError
from plugin.web.provider.provider import Provider
from plugin.web.session_secret import session_secret
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.activation import read_activation
from stream.feedback.models.canary import run_canary, run_reader_canary
from stream.feedback.models.llm import weights_path
from stream.runtime.settings import ConsentSettings, Settings, TenantSettings, load_settings, required_secret
from stream.runtime.topics import topic_differences
from stream.runtime.triton import tls_failure
from stream.workers.sample_rule import sample_rule

_HEARD: Mapping[str, str] = {
    "off": "by the word list",
    "sure": "by the word list and where the reader is sure",
    "possible": "by the word list and wherever the reader hears something",
}
URL_EXAMPLE = f"{DRIVER}://user:password@host/name"
ACTIVATION_REMEDY = (
    "Run `counterpoint model check`, then `counterpoint model activate` on its report, and name the file in"
    " feedback.activation. Until then the feedback stage holds its records, and no practised reply gets levels."
)
WEIGHTS_REMEDY = (
    "Triton loads the weights from {path}, as triton_models/feedback_llm/1/model.json says: get Llama-3.1-8B-Instruct"
    " from its licensor, mount its folder there (WEIGHTS in .env), and name it under `weights` in config.pbtxt."
)


@dataclass(frozen=True)
class Finding:
    """The result of checking one thing. `remedy` says what to do, and is None when all is well."""

    subject: str
    sentence: str
    remedy: str | None = None


def check_deployment() -> Iterator[Finding]:
    """Check one thing after the other; a part that cannot be checked does not hide the others."""
    try:
        settings = load_settings()
    except Misconfigured as error:
        yield Finding("settings", str(error), "Correct counterpoint.toml or the variable, then run this again.")
        return
    yield Finding("settings", "They are well formed.")
    checks = (
        _check_tenants,
        _check_rules,
        _check_topics,
        _check_database,
        _check_model,
        _check_reader,
        _check_measures,
    )
    for check in checks:
        yield from check(settings)


def _check_tenants(settings: Settings) -> Iterator[Finding]:
    if not settings.tenants:
        yield _tried("tenants", lambda: known_tenants({}), "", "Until then the gateway does not start.")
    for name, tenant in settings.tenants.items():
        yield _check_tenant(name, tenant)
        if tenant.chatwoot.api_url:
            yield _check_api(name, tenant)


def _check_tenant(name: str, settings: TenantSettings) -> Finding:
    """Try a tenant as the gateway does, and say what its platform speaks and does not have."""
    subject = f"tenant {name}"
    try:
        tenant = known_tenants({name: settings})[name]
    except Misconfigured as error:
        of_webhook = "; a webhook secret is whsec_ and the same" if settings.platform == WEBHOOK else ""
        return Finding(subject, str(error), f"{_key_remedy(f'tenants.{name}.pseudonym_key')}{of_webhook}.")
    said = f"It speaks {settings.platform}; {len(tenant.secrets)} webhook secret(s) and a pseudonym key are set."
    if tenant.adapter.lacks:
        said += (
            f" The platform has no {', no '.join(sorted(tenant.adapter.lacks))}: docs/adapters.md says what that means."
        )
    if settings.platform in OWN.keys() - {WEBHOOK} and settings.consent == ConsentSettings():
        remedy = f"Set tenants.{name}.consent.field or tenants.{name}.consent.channels: docs/platforms has examples."
        return Finding(subject, f"{said} Nothing says who has consented, so no message is processed.", remedy)
    return Finding(subject, said)


def _check_api(name: str, settings: TenantSettings) -> Finding:
    """Ask a platform's API as `counterpoint reconcile` does, without its waiting."""
    remedy = (
        f"Correct tenants.{name}.chatwoot, or look at the installation. Until then what its deliveries lose is lost."
    )

    def first() -> None:
        with ChatwootApi(name, settings, sleep=lambda _seconds: None) as api:
            next(api.resolved(datetime.now(UTC)), None)

    return _tried(f"API of {name}", first, "It answers; `counterpoint reconcile` can ask it.", remedy)


def _check_rules(settings: Settings) -> Iterator[Finding]:
    """Try what stages require at their start, each by the function with which the stage itself requires it."""
    connections = settings.gateway.max_connections
    yield _tried(
        "connections",
        lambda: require_open_files(connections, "gateway.max_connections", write=lambda _limits: None),
        f"The gateway may have {connections} at once.",
        "The limit of the gateway's own process counts, where it is another than this one's.",
    )
    yield _tried(
        "key encryption key",
        lambda: key_encryption_key(settings),
        "It is set.",
        _key_remedy("database.key_encryption_key"),
    )
    yield _tried(
        "login cookie", lambda: session_secret(settings), "Its secret is set.", _key_remedy("web.session_secret")
    )
    sampled = f"A share of {settings.sample.share:g} of the sessions is sampled."
    yield _tried(
        "random sample",
        lambda: sample_rule(settings.sample),
        "No session is sampled, since sample.key is not set." if settings.sample.key is None else sampled,
        _key_remedy("sample.key"),
    )
    if settings.oidc.issuer:
        yield _check_provider(settings)
    yield _check_digests(settings)
    yield from _check_risk(settings)


def _check_digests(settings: Settings) -> Finding:
    """Try what `counterpoint deliver` requires at its start, where a digest could go anywhere."""
    if not settings.delivery.has_receivers:
        return Finding("digests", "None goes out, since neither delivery.mail.host nor delivery.receivers_key is set.")
    delivery = settings.delivery
    ways = [*(["mail"] if delivery.mail.host else []), *(["stored receivers"] if delivery.stores_receivers else [])]

    def require() -> None:
        receivers_of(settings)
        public_url_of(settings)
        if delivery.stores_receivers:
            receivers_key(delivery)

    return _tried(
        "digests",
        require,
        f"`counterpoint deliver` can start; they go out by {join_words(ways)}.",
        "Correct the sections delivery and web of the settings; docs/operations.md, Digests, explains them.",
    )


def _check_risk(settings: Settings) -> Iterator[Finding]:
    """Try what `counterpoint deliver` requires of the receivers of risk signals; none is asked."""
    if not settings.risk_tenants:
        yield Finding("risk signals", "None is raised, since no tenants.NAME.risk.receiver is set.")
    for tenant in sorted(settings.risk_tenants):
        risk = settings.tenants[tenant].risk
        escalated = (
            f"within {risk.acknowledge_within_s:g} s somebody must acknowledge them"
            if risk.acknowledge_within_s
            else "nobody has to acknowledge them"
        )
        yield _tried(
            f"risk signals of {tenant}",
            partial(_risk_receivers, settings, tenant),
            f"They go to {risk.receiver.url}, {_HEARD[risk.reader]}; {escalated}. `counterpoint receivers test"
            f" {tenant}/risk` tries it.",
            f"Correct tenants.{tenant}.risk; docs/risk-signal.md explains it. The stream stage alone needs no secrets.",
        )


def _check_reader(settings: Settings) -> Iterator[Finding]:
    """Ask the reader as `counterpoint hear` does, where a platform wants it to hear."""
    if not settings.heard_tenants:
        return
    yield _tried(
        "reader",
        lambda: run_reader_canary(settings),
        f"It answers; `counterpoint hear` asks it about messages of {join_words(sorted(settings.heard_tenants))}.",
        f"{_reader_remedy(settings)} Until then risk signals are by lexicon alone.",
    )


def _risk_receivers(settings: Settings, tenant: str) -> tuple[SignedWebhook, SignedWebhook]:
    return risk_receiver(settings, tenant), escalation_receiver(settings, tenant)


def _check_provider(settings: Settings) -> Finding:
    """Try what the web stage requires of the login at a provider, and whether the provider answers."""
    try:
        found = asyncio.run(Provider(settings, now=time.time).look_up())
    except Misconfigured as error:
        return Finding("provider", str(error), "Correct the section oidc of the settings; docs/login.md explains it.")
    except ProviderAwayError as error:
        remedy = "Look at the provider, or correct oidc.issuer and oidc.ca_file. Passwords of Counterpoint work on."
        return Finding("provider", f"{settings.oidc.issuer}: {error.what}.", remedy)
    return Finding("provider", f"{found.issuer} answers; people may log in there.")


def _tried(subject: str, require: Callable[[], object], all_well: str, remedy: str) -> Finding:
    try:
        require()
    except CounterpointError as error:
        return Finding(subject, str(error), remedy)
    return Finding(subject, all_well)


def _check_topics(settings: Settings) -> Iterator[Finding]:
    try:
        differences = topic_differences(settings.kafka)
    except CounterpointError as error:
        yield Finding("broker", str(error), "Start the broker, or correct kafka.bootstrap_servers.")
        return
    yield from _check_unknown_tenants(settings)
    for sentence in differences:
        yield Finding(
            "topics", sentence, "Run `counterpoint topics`; where it names a difference it cannot mend, see docs."
        )
    if not differences:
        yield Finding("topics", f"All stand as they should, with {settings.kafka.partitions} partitions.")


def _check_unknown_tenants(settings: Settings) -> Iterator[Finding]:
    try:
        unknown = recent_unknown_tenants(settings, now=datetime.now(UTC))
    except CounterpointError:
        return  # the topics' own finding says why
    for name, count in unknown.items():
        yield Finding(
            f"tenant {name}",
            f"It wrote {count} records to Kafka within a day, and the settings name no such platform.",
            REMEDY.format(name=name),
        )


def _check_database(settings: Settings) -> Iterator[Finding]:
    try:
        url = required_secret(settings.database.url, "database.url")
        connect(url).dispose()  # what a stage does at its start; it connects later
        steps = pending_migrations(url)
    except CounterpointError as error:
        yield Finding("database", str(error), f"Start PostgreSQL, or correct database.url: {URL_EXAMPLE}.")
        return
    if steps:
        yield Finding("database", f"{len(steps)} migration(s) are missing.", "Run `counterpoint migrate`.")
    else:
        yield Finding("database", "It answers and its schema is this version's.")
        yield from _check_wrapped_keys(settings, url)


def _check_wrapped_keys(settings: Settings, url: str) -> Iterator[Finding]:
    try:
        kek = key_encryption_key(settings)
    except Misconfigured:
        return  # told already
    try:
        with temporary_engine(url) as engine, transaction(engine) as session:
            check_key_encryption_key(session, kek)
    except CounterpointError as error:
        yield Finding("database keys", str(error), "Put the key back that this database was filled with.")
        return
    yield Finding("database keys", "The key encryption key is the one that wrapped them.")
    yield from _check_receivers(settings, url)


def _check_receivers(settings: Settings, url: str) -> Iterator[Finding]:
    try:
        key = receivers_key(settings.delivery)
    except Misconfigured:
        return  # there are none, or it was told already
    try:
        with temporary_engine(url) as engine, transaction(engine) as session:
            check_receivers_key(session, key)
    except CounterpointError as error:
        yield Finding("stored receivers", str(error), "Put the key back, or add the receivers anew.")
        return
    yield Finding("stored receivers", "Their secrets can be opened. `counterpoint receivers list` shows them.")


def _check_model(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.feedback.model} at {settings.feedback.triton_url}"
    try:
        version = run_canary(settings.feedback)
    except CounterpointError as error:
        reason = tls_failure(settings.feedback)
        sentence = f"{error}. The server at {settings.feedback.triton_url}: {reason}" if reason else str(error)
        remedy = "Look at Triton's log, or correct feedback.model and feedback.triton_url."
        if settings.feedback.model == "llm":
            remedy += f" {WEIGHTS_REMEDY.format(path=weights_path())}"
        yield Finding("model", sentence, remedy)
        try:
            read_activation(settings.feedback.activation)
        except Misconfigured as unreadable:
            yield Finding("activation", str(unreadable), ACTIVATION_REMEDY)
        return
    yield Finding("model", f"A canary inference by {where} succeeded: {version.name}.")
    yield _check_activation(settings, version)
    if settings.feedback.without_names == "abstain":
        yield Finding("practice", "There is no practice box, since feedback.without_names is abstain.")
    else:
        yield Finding("practice", "The page asks this model too, so the machine of the web stage must reach it.")


def _check_measures(settings: Settings) -> Iterator[Finding]:
    """Ask the reader as the measures stage does at its start, where measures are on."""
    if not settings.measures.enabled:
        yield Finding("measures", "No session is measured, since measures.enabled is not set.")
        return
    yield _tried(
        "measures",
        lambda: run_reader_canary(settings),
        f"A canary inference by the reader at {settings.reader_url} succeeded; sessions are measured, unvalidated.",
        f"{_reader_remedy(settings)} Until then transcripts wait 3 days.",
    )


def _reader_remedy(settings: Settings) -> str:
    return (
        f"Have Triton at {settings.reader_url} serve the model `reader` of this release, or correct reader.triton_url."
    )


def _check_activation(settings: Settings, version: ModelVersion) -> Finding:
    try:
        activation = read_activation(settings.feedback.activation)
    except Misconfigured as error:
        return Finding("activation", str(error), ACTIVATION_REMEDY)
    if activation.key != version.key:
        sentence = f"It is for {activation.name} (weights {activation.weights}), and Triton serves {version.weights}."
        return Finding("activation", sentence, ACTIVATION_REMEDY)
    said = "validated" if activation.validated else "unvalidated: its agreement with clinicians has not been measured"
    return Finding("activation", f"{version.name} passed its model check and is activated; {said}.")


def _key_remedy(setting: str) -> str:
    return f"Set {setting}, e.g. to the output of: openssl rand -base64 32"
