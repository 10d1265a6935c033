"""Every setting, read once at the start of a process and passed on from there.

Sources, the later ones win: defaults, `counterpoint.toml` (or the file named in COUNTERPOINT_FILE), environment
variables (`COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=...`, two underscores between the parts), files in the folder named
in COUNTERPOINT_SECRETS_DIR. Secrets have no default: a stage that needs one refuses to start without it.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import DEFAULT_PARTITIONS
from stream.contracts.vocabulary import OperatingPoint
from stream.runtime.known_secrets import known
from stream.runtime.logging import LogLevel

Port = Annotated[int, Field(ge=0, le=65535)]
EndRule = Literal["explicit", "idle", "both"]


class Section(BaseModel):
    """A part of the settings; an unknown name in it is an error, for it is most likely a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(Section):
    """How to reach the broker."""

    bootstrap_servers: str = "127.0.0.1:9092"
    partitions: int = Field(default=DEFAULT_PARTITIONS, ge=1, le=1000)
    """Of every topic; fixed for life, for records keep their partition by key."""
    replication: int = Field(default=1, ge=1)
    session_timeout_s: int = Field(default=6, ge=6)
    """After a hard kill the group waits this long for the dead member; 6 s is the broker's own lower bound."""
    dead_letters_in_a_row: int = Field(default=20, ge=1)
    """Records of one partition, none of them usable, after which a stage stops: then it is not the records that are
    broken, and a backlog can be worked off, a drained topic cannot."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    """As Kafka spells it: nothing, TLS, TLS with a user. A password without TLS is not offered."""
    ca_file: FilePath | None = None
    """PEM with the authorities whose broker certificates are believed; without it, the system's."""
    certificate_file: FilePath | None = None
    """PEM with our own certificate and what lies between it and the authority, where the broker asks for one."""
    key_file: FilePath | None = None
    """PEM with its key, if that is not in `certificate_file`."""
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str = ""
    """For SASL_SSL. Each stage has its own: `counterpoint acls` says what each of them needs."""
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _a_user_where_one_is_asked_for(self) -> Self:
        if self.security_protocol == "SASL_SSL" and not (self.username and self.password):
            raise ValueError("security_protocol SASL_SSL needs username and password")
        return self


class Tenant(Section):
    """One chat platform."""

    webhook_secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets (`whsec_...`); two may be live while one is being replaced."""
    pseudonym_key: SecretStr | None = None
    """At least 32 random bytes in base64. Changing it makes everybody a stranger: never change it."""


class Gateway(Section):
    """HTTP in."""

    host: str = "127.0.0.1"
    port: Port = 8010
    body_limit_bytes: int = Field(default=262_144, ge=1024)
    """256 KiB: ten times the longest message a record may hold."""
    timestamp_tolerance_s: int = Field(default=300, ge=1)


class Sessions(Section):
    """When a session ends and whether it gets feedback."""

    end_rule: EndRule = "both"
    idle_s: float = Field(default=1800, gt=0)
    """Broker time without a message after which a session is over."""
    reopen_within_s: float = Field(default=1800, ge=0)
    """A newer message this soon after the close reopens the session."""
    late_within_s: float = Field(default=86_400, ge=0)
    """A late message is placed for this long after the close; later it is dead-lettered."""
    languages: tuple[str, ...] = ("en",)
    """First parts of the language tags the models were made for; an undeclared language is accepted."""
    min_client_messages: int = Field(default=2, ge=1)
    min_words: int = Field(default=10, ge=0)
    """Of client and counsellor together; shorter sessions are left out as too short."""
    detector: str = "linear"
    """`linear`: words alone, thousands a second. `encoder`: finds more, a few milliseconds a message. `triton`: the
    same as `encoder`, asked of the server at `feedback.triton_url`."""
    operating_point: OperatingPoint = OperatingPoint.ALONE
    max_moments: int = Field(default=3, ge=1)
    """Moments shown a session at the operating point `alone`."""


class Feedback(Section):
    """Which model rates, and how it is reached."""

    model: Literal["baseline", "llm"] = "baseline"
    triton_url: str = "127.0.0.1:8001"
    """gRPC address of Triton, or `in-process` for the baseline without a server."""
    lora: str = ""
    """For `llm`: an adapter named in the server's multi_lora.json; empty: the weights alone."""
    activation: Path | None = None
    """What `counterpoint model activate` wrote for the served model; without it the baseline's own, which ships."""
    ca_file: FilePath | None = None
    """PEM with the authorities whose server certificates are believed. With it, Triton is spoken to over TLS."""
    certificate_file: FilePath | None = None
    """PEM with our own certificate, where Triton asks for one (`--grpc-use-ssl-mutual`)."""
    key_file: FilePath | None = None
    """PEM with its key."""
    admin_secret: SecretStr | None = None
    """What Triton wants to hear before it loads a model anew (`--grpc-restricted-protocol=...:admin=SECRET`)."""
    deadline_s: float = Field(default=60, gt=0)
    """For one request: queue, connection and stream together."""
    concurrency: int = Field(default=8, ge=1)


class Database(Section):
    """The supervisor queue."""

    url: SecretStr | None = None
    """postgresql+psycopg://user:password@host/name"""
    key_encryption_key: SecretStr | None = None
    """32 random bytes in base64; wraps the data key of each conversation."""
    previous_key_encryption_keys: tuple[SecretStr, ...] = ()
    """Keys that still open what they wrapped, while `counterpoint keys rotate` exchanges them; then none."""
    role_passwords: dict[str, SecretStr] = {}
    """For `counterpoint database roles --apply` alone: by stage (sink, web, digest, privacy), each its own."""


class Retention(Section):
    """How long what is stored of a finished session is kept, in days since its end. `counterpoint retention` acts."""

    text_days: float = Field(default=90, gt=0)
    """Messages: long enough for supervision to come round to a session; afterwards nobody needs the whole words."""
    quotes_days: float = Field(default=180, gt=0)
    """Reasons, quotations and alternatives of the answers: what a counsellor goes back to while learning from it."""
    assessments_days: float = Field(default=730, gt=0)
    """Everything else of a session, levels included: two years show whether somebody's practice changes."""
    audit_days: float = Field(default=2190, gt=0)
    """The trail: six years, as 45 CFR 164.316(b)(2) asks for what documents the protection of health records."""


class Web(Section):
    """The page."""

    host: str = "127.0.0.1"
    port: Port = 8020
    session_secret: SecretStr | None = None
    """Signs the login cookie; at least 32 random characters."""
    cookie_secure: bool = True
    """Send the cookie over HTTPS only. The demo on loopback turns it off."""


class Health(Section):
    """Where the stages without a page of their own serve /healthz, /readyz and /metrics."""

    host: str = "127.0.0.1"
    stream_port: Port = 8031
    feedback_port: Port = 8032
    sink_port: Port = 8033
    urls: dict[Literal["gateway", "stream", "feedback", "sink", "web"], str] = {}
    """Where `counterpoint status` asks a stage that runs on another machine, e.g. `http://stream-1:8031`."""


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix="COUNTERPOINT_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
        hide_input_in_errors=True,
    )

    log_level: LogLevel = "info"
    demo: bool = False
    """Set by `make demo` alone: the page says that its sessions are made up."""
    kafka: Kafka = Kafka()
    gateway: Gateway = Gateway()
    sessions: Sessions = Sessions()
    feedback: Feedback = Feedback()
    database: Database = Database()
    retention: Retention = Retention()
    web: Web = Web()
    health: Health = Health()
    tenants: dict[str, Tenant] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first."""
        del dotenv_settings
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get("COUNTERPOINT_FILE", "counterpoint.toml")))
        folder = os.environ.get("COUNTERPOINT_SECRETS_DIR")
        if folder is None:
            return init_settings, env_settings, toml
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=folder,
            secrets_dir_missing="error",
            secrets_nested_delimiter="__",
        )
        return init_settings, secrets, env_settings, toml


def load() -> Settings:
    """Read the settings.

    Raises:
        Misconfigured: with one sentence per wrong setting, naming it and never its value; also for a secret that
            everybody knows, outside a demo.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
        raise Misconfigured("Settings are wrong. " + "; ".join(lines)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise Misconfigured(f"Settings cannot be read: {error}") from None
    if not settings.demo and (found := [f"{place} is {what}" for place, what in known(settings)]):
        raise Misconfigured(f"These secrets protect nobody outside a demo: {'; '.join(found)}. Make new ones.")
    return settings


def required(secret: SecretStr | None, name: str) -> str:
    """The secret's value.

    Raises:
        Misconfigured: when it is not set; `name` is its place in the settings, e.g. "database.url".
    """
    if secret is None or not secret.get_secret_value():
        variable = "COUNTERPOINT_" + name.upper().replace(".", "__")
        raise Misconfigured(f"{name} is not set. Set {variable}, or put it into a file in COUNTERPOINT_SECRETS_DIR.")
    return secret.get_secret_value()
