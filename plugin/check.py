"""Check everything a deployment needs, and say what is wrong and how to mend it, for `counterpoint check`."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from plugin.crypto.keys import KEY_BYTES, key_from_base64
from plugin.database.migrate import pending_migrations
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.activation import read_activation
from stream.feedback.models.canary import run_canary
from stream.feedback.models.llm import weights_path
from stream.runtime.settings import Settings, load_settings
from stream.runtime.topics import topic_differences
from stream.runtime.triton import tls_failure

MIN_SESSION_SECRET = 32  # characters
ACTIVATION_REMEDY = (
    "Run `counterpoint model check`, then `counterpoint model activate` on its report, and name the file in"
    " feedback.activation. Until then the feedback stage holds its records."
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
    for check in (_check_tenants, _check_secrets, _check_topics, _check_database, _check_model):
        yield from check(settings)


def _check_tenants(settings: Settings) -> Iterator[Finding]:
    if not settings.tenants:
        yield Finding(
            "tenants",
            "No platform is named, so the gateway takes nothing.",
            "Add a section [tenants.NAME] with webhook_secrets and pseudonym_key.",
        )
    for name, tenant in settings.tenants.items():
        subject = f"tenant {name}"
        if not tenant.webhook_secrets:
            yield Finding(subject, "It has no webhook secret.", f"Set tenants.{name}.webhook_secrets (whsec_...).")
        if not _is_key(tenant.pseudonym_key):
            yield Finding(subject, "It has no pseudonym key of 32 bytes.", _key_remedy(f"tenants.{name}.pseudonym_key"))
        elif tenant.webhook_secrets:
            yield Finding(subject, f"{len(tenant.webhook_secrets)} webhook secret(s) and a pseudonym key are set.")


def _check_secrets(settings: Settings) -> Iterator[Finding]:
    if _is_key(settings.database.key_encryption_key, exactly=True):
        yield Finding("key encryption key", "It is set.")
    else:
        yield Finding("key encryption key", "There is none of 32 bytes.", _key_remedy("database.key_encryption_key"))
    secret = settings.web.session_secret
    if secret is None or len(secret.get_secret_value()) < MIN_SESSION_SECRET:
        yield Finding("login cookie", "Its secret is missing or short.", _key_remedy("web.session_secret"))
    else:
        yield Finding("login cookie", "Its secret is set.")


def _check_topics(settings: Settings) -> Iterator[Finding]:
    try:
        differences = topic_differences(settings.kafka)
    except CounterpointError as error:
        yield Finding("broker", str(error), "Start the broker, or correct kafka.bootstrap_servers.")
        return
    for sentence in differences:
        yield Finding(
            "topics", sentence, "Run `counterpoint topics`; where it names a difference it cannot mend, see docs."
        )
    if not differences:
        yield Finding("topics", f"All stand as they should, with {settings.kafka.partitions} partitions.")


def _check_database(settings: Settings) -> Iterator[Finding]:
    if settings.database.url is None:
        yield Finding("database", "database.url is not set.", "Set COUNTERPOINT_DATABASE__URL=postgresql+psycopg://...")
        return
    try:
        steps = pending_migrations(settings.database.url.get_secret_value())
    except CounterpointError as error:
        yield Finding("database", str(error), "Start PostgreSQL, or correct database.url.")
        return
    if steps:
        yield Finding("database", f"{len(steps)} migration(s) are missing.", "Run `counterpoint migrate`.")
    else:
        yield Finding("database", "It answers and its schema is this version's.")


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
        return
    yield Finding("model", f"A canary inference by {where} succeeded: {version.name}.")
    yield _check_activation(settings, version)


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


def _is_key(secret: SecretStr | None, *, exactly: bool = False) -> bool:
    try:
        length = len(key_from_base64("" if secret is None else secret.get_secret_value()))
    except ValueError:
        return False
    return length == KEY_BYTES or not exactly


def _key_remedy(setting: str) -> str:
    return f"Set {setting}, e.g. to the output of: openssl rand -base64 32"
