"""`counterpoint check`: look at everything a deployment needs and say in sentences what is wrong and how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from plugin.crypto.keys import KEY_BYTES, key_from_base64
from plugin.database.migrate import pending
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.activation import read_activation
from stream.feedback.models.canary import canary
from stream.feedback.models.llm import weights_path
from stream.runtime.settings import Feedback, Settings, load
from stream.runtime.tls import client_context, handshake_trouble
from stream.runtime.topics import compare

MIN_COOKIE_SECRET = 32  # characters
ACTIVATE = (
    "Run `counterpoint model check`, then `counterpoint model activate` on its report, and name the file in"
    " feedback.activation. Until then the feedback stage holds its records."
)
WEIGHTS = (
    "Triton loads the weights from {path}, as triton_models/feedback_llm/1/model.json says: get Llama-3.1-8B-Instruct"
    " from its licensor, mount its folder there (WEIGHTS in .env), and name it under `weights` in config.pbtxt."
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `mend` is None when it is well, otherwise what to do."""

    about: str
    sentence: str
    mend: str | None = None


Look = Callable[[Settings], Iterator[Finding]]


def check() -> Iterator[Finding]:
    """Look at one thing after the other; a part that cannot be looked at does not hide the others."""
    try:
        settings = load()
    except Misconfigured as error:
        yield Finding("settings", str(error), "Correct counterpoint.toml or the variable, then run this again.")
        return
    yield Finding("settings", "They are well formed.")
    for look in (_tenants, _secrets, _topics, _database, _model):
        yield from look(settings)


def _tenants(settings: Settings) -> Iterator[Finding]:
    if not settings.tenants:
        yield Finding(
            "tenants",
            "No platform is named, so the gateway takes nothing.",
            "Add a section [tenants.NAME] with webhook_secrets and pseudonym_key.",
        )
    for name, tenant in settings.tenants.items():
        about = f"tenant {name}"
        if not tenant.webhook_secrets:
            yield Finding(about, "It has no webhook secret.", f"Set tenants.{name}.webhook_secrets (whsec_...).")
        if not _is_key(tenant.pseudonym_key):
            yield Finding(about, "It has no pseudonym key of 32 bytes.", _make_key(f"tenants.{name}.pseudonym_key"))
        elif tenant.webhook_secrets:
            yield Finding(about, f"{len(tenant.webhook_secrets)} webhook secret(s) and a pseudonym key are set.")


def _secrets(settings: Settings) -> Iterator[Finding]:
    if _is_key(settings.database.key_encryption_key, exactly=True):
        yield Finding("key encryption key", "It is set.")
    else:
        yield Finding("key encryption key", "There is none of 32 bytes.", _make_key("database.key_encryption_key"))
    secret = settings.web.session_secret
    if secret is None or len(secret.get_secret_value()) < MIN_COOKIE_SECRET:
        yield Finding("login cookie", "Its secret is missing or short.", _make_key("web.session_secret"))
    else:
        yield Finding("login cookie", "Its secret is set.")


def _topics(settings: Settings) -> Iterator[Finding]:
    try:
        differences = compare(settings.kafka)
    except CounterpointError as error:
        yield Finding("broker", str(error), "Start the broker, or correct kafka.bootstrap_servers.")
        return
    for sentence in differences:
        yield Finding(
            "topics", sentence, "Run `counterpoint topics`; where it names a difference it cannot mend, see docs."
        )
    if not differences:
        yield Finding("topics", f"All stand as they should, with {settings.kafka.partitions} partitions.")


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database.url is None:
        yield Finding("database", "database.url is not set.", "Set COUNTERPOINT_DATABASE__URL=postgresql+psycopg://...")
        return
    try:
        steps = pending(settings.database.url.get_secret_value())
    except CounterpointError as error:
        yield Finding("database", str(error), "Start PostgreSQL, or correct database.url.")
        return
    if steps:
        yield Finding("database", f"{len(steps)} migration(s) are missing.", "Run `counterpoint migrate`.")
    else:
        yield Finding("database", "It answers and its schema is this version's.")


def _model(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.feedback.model} at {settings.feedback.triton_url}"
    try:
        version = canary(settings.feedback)
    except CounterpointError as error:
        mend = "Look at Triton's log, or correct feedback.model and feedback.triton_url."
        if settings.feedback.model == "llm":
            mend += f" {WEIGHTS.format(path=weights_path())}"
        yield Finding("model", f"{error}{_over_tls(settings.feedback)}", mend)
        return
    yield Finding("model", f"A canary inference by {where} succeeded: {version.name}.")
    yield _activation(settings, version)


def _over_tls(feedback: Feedback) -> str:
    """Why TLS with Triton does not come about: gRPC says only that it cannot connect."""
    if feedback.ca_file is None:
        return ""
    try:
        context = client_context(feedback.ca_file, feedback.certificate_file, feedback.key_file, where="feedback")
    except Misconfigured:
        return ""  # the canary's own error says it
    trouble = handshake_trouble(feedback.triton_url, context).sentence
    return f". The server at {feedback.triton_url}: {trouble}" if trouble else ""


def _activation(settings: Settings, version: ModelVersion) -> Finding:
    try:
        activation = read_activation(settings.feedback.activation)
    except Misconfigured as error:
        return Finding("activation", str(error), ACTIVATE)
    if activation.key != version.key:
        sentence = f"It is for {activation.name} (weights {activation.weights}), and Triton serves {version.weights}."
        return Finding("activation", sentence, ACTIVATE)
    said = "validated" if activation.validated else "unvalidated: its agreement with clinicians has not been measured"
    return Finding("activation", f"{version.name} passed its model check and is activated; {said}.")


def _is_key(secret: SecretStr | None, *, exactly: bool = False) -> bool:
    try:
        length = len(key_from_base64("" if secret is None else secret.get_secret_value()))
    except ValueError:
        return False
    return length == KEY_BYTES or not exactly


def _make_key(setting: str) -> str:
    return f"Set {setting}, e.g. to the output of: openssl rand -base64 32"
