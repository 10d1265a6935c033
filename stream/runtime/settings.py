"""All settings of Counterpoint, read once when a process starts and passed on from there.

Sources, later ones override earlier ones: defaults, `counterpoint.toml` (or the file named in COUNTERPOINT_FILE),
environment variables (`COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=...`, with two underscores between the parts), files in
the folder named in COUNTERPOINT_SECRETS_DIR. A name in any of them that is no setting is refused. Secrets have no
default: a stage that needs one refuses to start without it.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import DEFAULT_PARTITIONS
from stream.runtime.addresses import is_loopback, is_mail_address
from stream.runtime.known_names import (
    FILE,
    RETIRED,
    SECRETS_DIR,
    nearest_field,
    nearest_file,
    unknown_secret_files,
    unknown_sections,
    unknown_variables,
)
from stream.runtime.known_secrets import publicly_known_secrets
from stream.runtime.logging import LogLevel

Port = Annotated[int, Field(ge=0, le=65535)]
HttpAddress = Annotated[str, Field(pattern=r"^(https?://[^\s/@?#]+(/[^\s?#]*)?)?$")]
"""An address without a user, a query or a fragment, none of which belongs into a setting; empty where there is none."""
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
EndRule = Literal["explicit", "idle", "both"]
WithoutNames = Literal["assess", "abstain"]
RoleName = Literal["supervisor", "therapist", "operator", "lead", "auditor"]
StageName = Literal["gateway", "stream", "feedback", "measures", "sink", "web", "hear", "deliver"]
ReaderGrade = Literal["sure", "possible"]
"""The grade of critical content from which on the reader raises a risk signal, see decision 71."""


class SettingsSection(BaseModel):
    """A section of the settings; an unknown name in it is an error, because it is most likely a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(SettingsSection):
    """Settings of the Kafka clients: the broker's address, its topics, TLS and the user."""

    bootstrap_servers: str = "127.0.0.1:9092"
    partitions: int = Field(default=DEFAULT_PARTITIONS, ge=1, le=1000)
    """Partitions of every topic; fixed for life, because records keep their partition by key."""
    replication: int = Field(default=1, ge=1)
    session_timeout_s: int = Field(default=6, ge=6)
    """Seconds that a consumer group waits for a member that was killed; 6 s is the broker's own lower limit."""
    dead_letters_in_a_row: int = Field(default=20, ge=1)
    """Conversations in a row on one partition with unusable records, after which a stage stops.

    So many in a row mean that something else is wrong than the records. A backlog can be processed later; a topic that
    was turned into dead letters cannot.
    """
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    """The protocol as Kafka spells it: plain, TLS, or TLS with a user. A password without TLS is not offered."""
    ca_file: FilePath | None = None
    """PEM file of the authorities that are trusted for broker certificates; without it, those of the system."""
    certificate_file: FilePath | None = None
    """PEM file of our own certificate and any intermediate ones, if the broker requires a client certificate."""
    key_file: FilePath | None = None
    """PEM file of the certificate's key, if it is not in `certificate_file`."""
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str = ""
    """The user for SASL_SSL. Each stage has its own: `counterpoint acls` prints what each of them needs."""
    password: SecretStr | None = None
    user_passwords: dict[str, SecretStr] = {}
    """Passwords by user (gateway, stream, feedback, sink, hear ...), for `counterpoint kafka users` alone."""

    @model_validator(mode="after")
    def _require_user_for_sasl(self) -> Self:
        if self.security_protocol == "SASL_SSL" and not (self.username and self.password):
            raise ValueError("security_protocol SASL_SSL needs username and password")
        return self


class ConsentSettings(SettingsSection):
    """Settings of consent for a platform whose messages do not say themselves whether their client has consented."""

    field: str = ""
    """The platform's own field that holds consent: `true` or `yes`, or the time from which the client consents."""
    channels: tuple[str, ...] = ()
    """Channels in which every client consents before they can write, by the platform's id; `*` for all of them.

    Without either, and where the field is not set in any other channel, no message is processed.
    """


class ChatwootSettings(SettingsSection):
    """Settings of a platform that is a Chatwoot."""

    allow_unsigned: bool = False
    """Whether deliveries without a signature are taken, of a Chatwoot before 4.11.2.

    They must carry a secret as the password in the webhook's URL; nothing else proves where they come from.
    """
    api_url: HttpAddress = ""
    """The address of the installation, such as https://chat.example; for `counterpoint reconcile` alone."""
    account: str = Field(default="", pattern=r"^[0-9]*$")
    """The number of the account whose conversations are read there."""
    api_token: SecretStr | None = None
    """The access token of a user who sees its inboxes. Nothing is written with it."""

    @field_validator("api_url")
    @classmethod
    def _require_tls(cls, url: str) -> str:
        if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError("the API is reached by https; http is for one on loopback alone")
        return url


class TwilioSettings(SettingsSection):
    """Settings of a platform that is Twilio Conversations."""

    public_url: HttpAddress = ""
    """The URL that Twilio calls, exactly as in its console; its signature covers it."""
    clients: tuple[str, ...] = ("+", "whatsapp:", "messenger:")
    """How the name of an author begins who is a client; every other author is a counsellor.

    A phone number and the address of another channel unless said otherwise; add how visitors of a web chat are named.
    """


class WebhookReceiverSettings(SettingsSection):
    """Settings of a receiver of risk signals, such as the platform's own protocol."""

    url: HttpAddress = ""
    secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets (`whsec_...`); a request is signed with each, so that one can be replaced."""

    @field_validator("url")
    @classmethod
    def _require_tls(cls, url: str) -> str:
        if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError("a receiver is reached by https; http is for one on loopback alone")
        return url


class RiskSettings(SettingsSection):
    """Settings of a platform's risk signals; without a receiver none is raised. See docs/risk-signal.md."""

    receiver: WebhookReceiverSettings = WebhookReceiverSettings()
    """What takes them: the platform's own protocol. The stream stage needs the address alone, `deliver` its secrets."""
    escalation: WebhookReceiverSettings = WebhookReceiverSettings()
    """What takes those that nobody acknowledged; without an address it is `receiver`. `deliver` alone needs it."""
    acknowledge_within_s: float = Field(default=600, ge=0)
    """Seconds from the append of the message after which a signal that nobody acknowledged is escalated; 0 for never.

    Ten minutes: long enough to read the conversation and act first, and a platform that acknowledges none notices soon.
    """
    give_up_after_s: float = Field(default=900, gt=0)
    """Seconds for which a signal is tried again that the receiver does not take; then it becomes a dead letter."""
    reader: ReaderGrade | Literal["off"] = "off"
    """Whether the reader is asked about each client message that the word list has not heard, by the stage `hear`.

    `sure` raises a signal where the reader is sure, `possible` also where it is not: it finds more and errs more often.
    This asks a model about open sessions, so a service decides it for itself.
    """

    @model_validator(mode="after")
    def _require_a_receiver(self) -> Self:
        if self.reader != "off" and not self.receiver.url:
            raise ValueError("reader needs receiver.url: nobody would get its signals")
        return self


class MatrixSettings(SettingsSection):
    """Settings of a platform that is a Matrix homeserver."""

    user: str = Field(default="", pattern=r"^(@[a-z0-9._=/+-]+:[^\s:]+(:[0-9]+)?)?$")
    """The user that the homeserver keeps for Counterpoint, such as @counterpoint:example.org.

    Its removal from a room is a withdrawal of the client's consent.
    """
    counsellors: tuple[str, ...] = ()
    """Regular expressions for the whole user ids of counsellors; everybody else in a room is a client."""
    ends_by_leaving: tuple[Literal["client", "counsellor"], ...] = ("client",)
    """Whose leaving of a room, or removal from it, ends the session."""
    end_event: str = ""
    """The type of a state event with which the platform ends a session, such as org.example.session_end."""

    @field_validator("counsellors")
    @classmethod
    def _require_expressions(cls, patterns: tuple[str, ...]) -> object:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern} is no regular expression: {error.msg}") from None
        return patterns


class TenantSettings(SettingsSection):
    """Settings of one chat platform."""

    platform: str = Field(default="webhook", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """What it speaks: `webhook` (docs/webhook.md), `chatwoot`, `matrix`, `rocketchat`, `twilio`, or another's."""
    webhook_secrets: tuple[SecretStr, ...] = ()
    """The secrets that prove its deliveries; two may be valid while one is being replaced.

    For `webhook` after Standard Webhooks (`whsec_...`), otherwise as the platform shows them.
    """
    pseudonym_key: SecretStr | None = None
    """At least 32 random bytes in base64. Never change it: every person would get a new pseudonym."""
    consent: ConsentSettings = ConsentSettings()
    risk: RiskSettings = RiskSettings()
    bots: tuple[str, ...] = ()
    """Authors that are programs, as the platform names them; what they write is left out."""
    chatwoot: ChatwootSettings = ChatwootSettings()
    twilio: TwilioSettings = TwilioSettings()
    matrix: MatrixSettings = MatrixSettings()
    options: dict[str, str] = {}
    """Settings of another package's adapter, by the names that it gives them."""


class GatewaySettings(SettingsSection):
    """Settings of the gateway's HTTP server."""

    host: str = "127.0.0.1"
    port: Port = 8010
    body_limit_bytes: int = Field(default=262_144, ge=1024)
    """The largest request body; 256 KiB is ten times the longest message that a record may hold."""
    timestamp_tolerance_s: int = Field(default=300, ge=1)
    max_connections: int = Field(default=512, ge=16)
    """Connections at once, three quarters of them from one address; with whole bodies they take 130 MB at most.

    Half as many requests that have come whole are worked on at once; the next one is asked to come back.
    """


class SessionsSettings(SettingsSection):
    """Settings for when a session ends and whether it gets feedback."""

    end_rule: EndRule = "both"
    idle_s: float = Field(default=1800, gt=0)
    """Seconds of broker time without a message after which a session is over."""
    reopen_within_s: float = Field(default=1800, ge=0)
    """Seconds after the close within which a newer message reopens the session."""
    late_within_s: float = Field(default=86_400, ge=0)
    """Seconds after the close for which the text is kept for edits and deletions; later ones go to the database."""
    clock_back_s: float = Field(default=86_400, ge=0)
    """Seconds by which a sender's time may lie before the broker's; an earlier one is moved to this bound."""
    clock_ahead_s: float = Field(default=120, ge=0)
    """Seconds by which a sender's time may lie after the broker's; the gateway refuses a later one."""
    languages: tuple[LanguageCode, ...] = ("en",)
    """The first parts of the language tags that the models were made for (`en`).

    Where no language was declared, or the text is clearly in another one, it is told from the text.
    """
    min_client_messages: int = Field(default=2, ge=1)
    min_words: int = Field(default=10, ge=0)
    """The least number of words of client and counsellor together; shorter sessions are left out as too short."""


class SampleSettings(SettingsSection):
    """Settings of the random sample: sessions that a supervisor looks at without the machine's opinion."""

    share: float = Field(default=0.05, ge=0, le=1)
    """The share of finished sessions: one in twenty, which a supervisor can read beside the queue.

    All messages of a sampled session are stored, as encrypted and for as long as those of moments.
    """
    key: SecretStr | None = None
    """At least 32 random bytes in base64, for the stream stage alone; without it nothing is sampled.

    Chooses the sessions, so that nobody who sends them can; with another key, others are chosen.
    """


IN_PROCESS = "in-process"
"""The value of feedback.triton_url with which the baseline runs in the feedback process, without a server."""


class ShadowSettings(SettingsSection):
    """Settings of a model in shadow, which `counterpoint rerate --model shadow` asks; nobody is shown what it says.

    TLS files and the deadline are those of the section `feedback`.
    """

    model: Literal["", "baseline", "llm"] = ""
    """The kind of the model, as in `feedback.model`; empty where none is in shadow."""
    triton_url: str = ""
    """The gRPC address of its Triton, or `in-process`; empty for the one of `feedback.triton_url`."""
    lora: str = ""
    """As `feedback.lora`."""


class FeedbackSettings(SettingsSection):
    """Settings of the feedback model and of the connection to Triton."""

    model: Literal["baseline", "llm"] = "baseline"
    triton_url: str = "127.0.0.1:8001"
    """The gRPC address of Triton, or `in-process` for the baseline without a server."""
    lora: str = ""
    """The adapter for `llm`, named in the server's multi_lora.json; empty for the weights alone."""
    activation: Path | None = None
    """The activation that `counterpoint model activate` wrote for the served model.

    Without it, the activation of the baseline that comes with the package.
    """
    ca_file: FilePath | None = None
    """PEM file of the authorities that are trusted for Triton's certificate; setting it turns on TLS."""
    certificate_file: FilePath | None = None
    """PEM file of our own certificate, if Triton requires one (`--grpc-use-ssl-mutual`)."""
    key_file: FilePath | None = None
    """PEM file of the certificate's key."""
    admin_secret: SecretStr | None = None
    """The secret that Triton requires to load a model again.

    The server has it from `--grpc-restricted-protocol=...:admin=SECRET`.
    """
    deadline_s: float = Field(default=60, gt=0)
    """Seconds for one request: queue, connection and stream together."""
    without_names: WithoutNames = "assess"
    """What happens to a session whose names the platform has not told: `assess` or `abstain`.

    Names that are recognised in the text are replaced either way, but some stay; with `abstain` no model reads them.
    """
    concurrency: int = Field(default=8, ge=1)
    shadow: ShadowSettings = ShadowSettings()


class ReaderSettings(SettingsSection):
    """Settings of the connection to the reader, for the stages that ask it themselves: measures and hear.

    TLS files, the deadline, the secret and what happens without names are those of the section `feedback`.
    """

    triton_url: str = ""
    """The gRPC address of the Triton that serves the model `reader`, or `in-process`.

    Empty for the one of `feedback.triton_url`, which serves it where the feedback model is the baseline.
    """


class MeasuresSettings(SettingsSection):
    """Settings of the measures of whole sessions, for the stream and the measures stage."""

    enabled: bool = False
    """Whether finished sessions are measured; each close then publishes all messages of its session too, for 3 days."""


class DatabaseSettings(SettingsSection):
    """Settings of the database of the supervisor queue."""

    url: SecretStr | None = None
    """The address of the database: postgresql+psycopg://user:password@host/name"""
    key_encryption_key: SecretStr | None = None
    """32 random bytes in base64; wraps the data key of each conversation."""
    previous_key_encryption_keys: tuple[SecretStr, ...] = ()
    """Earlier keys that can still unwrap data keys.

    Needed until `counterpoint keys rotate` has wrapped all data keys with the new one; empty after that.
    """
    role_passwords: dict[str, SecretStr] = {}
    """Passwords by stage (sink, web, digest, privacy, rerate), for `counterpoint database roles --apply` alone."""


MAX_RETENTION_DAYS = 36_500
"""A hundred years: more reaches beyond the dates that a database and a program can count back to."""


class RetentionSettings(SettingsSection):
    """Settings for how many days after its end each part of a session is kept; used by `counterpoint retention`."""

    text_days: float = Field(default=90, gt=0, le=MAX_RETENTION_DAYS)
    """Days for messages.

    Long enough for supervision to reach a session; after that the complete words are not needed.
    """
    quotes_days: float = Field(default=180, gt=0, le=MAX_RETENTION_DAYS)
    """Days for reasons, quotes and alternatives of the assessments, which counsellors return to while learning."""
    assessments_days: float = Field(default=730, gt=0, le=MAX_RETENTION_DAYS)
    """Days for everything else of a session, levels included: two years show whether a practice changes."""
    audit_days: float = Field(default=2190, gt=0, le=MAX_RETENTION_DAYS)
    """Days for the audit trail.

    Six years, as 45 CFR 164.316(b)(2) requires for documents about the protection of health records.
    """


class WebSettings(SettingsSection):
    """Settings of the pages."""

    host: str = "127.0.0.1"
    port: Port = 8020
    session_secret: SecretStr | None = None
    """The secret that signs the login cookie; at least 32 random characters."""
    login_lifetime_s: int = Field(default=8 * 3600, ge=60)
    """Seconds after which a login ends even in constant use: one working day."""
    login_idle_s: int = Field(default=30 * 60, ge=60)
    """Seconds without a request after which a login ends: an unattended screen in a shared office."""
    cookie_secure: bool = True
    """Whether the cookie is sent over HTTPS only. The demo on loopback turns this off."""
    public_url: HttpAddress = ""
    """The address at which people open the pages, such as https://counterpoint.example.

    Digests lead there, and a provider at which people log in sends them back to it.
    """
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of the reverse proxies whose X-Forwarded-For names the client; headers of all others are ignored.

    Failed logins are limited by the client's address. `docs/operations.md` says what to set behind a proxy.
    """
    time_zone: str = "UTC"
    """The time zone on whose clocks people read times who have chosen none, such as Europe/Berlin."""

    @field_validator("time_zone")
    @classmethod
    def _know_the_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no such time zone; write it as in Europe/Berlin")
        return name

    @field_validator("trusted_proxies")
    @classmethod
    def _trust_somebody_not_everybody(cls, networks: tuple[IPv4Network | IPv6Network, ...]) -> object:
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("a network of all addresses would believe every client; name the proxies' addresses")
        return networks


class MailSettings(SettingsSection):
    """Settings of the mail server by which digests go out."""

    host: str = ""
    """The server; empty where no digest goes out by mail."""
    port: Port = 587
    sender: str = ""
    """The address from which digests come, such as counterpoint@service.example."""
    username: str = ""
    """The user of the server; empty where it asks for none."""
    password: SecretStr | None = None
    starttls: bool = True
    """Whether the connection is turned into TLS before anything is said; only a server on loopback may do without."""
    ca_file: FilePath | None = None
    """PEM file of the authorities that are trusted for the server's certificate; without it, those of the system."""

    @model_validator(mode="after")
    def _protect_what_is_sent(self) -> Self:
        if not self.starttls and self.host and not is_loopback(self.host):
            raise ValueError("starttls can be turned off for a server on loopback alone")
        if self.host and not is_mail_address(self.sender):
            raise ValueError("sender must be a mail address")
        return self


class DeliverySettings(SettingsSection):
    """Settings of `counterpoint deliver`, by which digests reach people and releases are told to programs."""

    mail: MailSettings = MailSettings()
    receivers_key: SecretStr | None = None
    """32 random bytes in base64; encrypts the secrets of stored receivers, of which there are none without it.

    It is another key than that of texts, which the process that sends has not.
    """
    previous_receivers_keys: tuple[SecretStr, ...] = ()
    """Earlier keys that can still decrypt those secrets, until `counterpoint keys rotate` has run."""
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks beside the public internet in which a stored receiver may be, such as 10.0.5.0/24.

    Receivers of the settings file may be anywhere: whoever writes it decides that.
    """

    @property
    def stores_receivers(self) -> bool:
        """Whether there may be stored receivers."""
        return self.receivers_key is not None and bool(self.receivers_key.get_secret_value())

    @property
    def has_receivers(self) -> bool:
        """Whether a digest or a notice of a release could go anywhere."""
        return bool(self.mail.host) or self.stores_receivers


class OidcSettings(SettingsSection):
    """Settings of the login at an OpenID Connect provider; without an issuer there is none. See docs/login.md."""

    issuer: str = ""
    """The issuer exactly as the provider's discovery document names it, e.g. https://id.example/realms/care"""
    client_id: str = ""
    client_secret: SecretStr | None = None
    """The secret of a confidential client; a public client has none."""
    name: str = "your organisation"
    """What the button on the login page calls the provider."""
    ca_file: FilePath | None = None
    """PEM file of the authorities that are trusted for the provider's certificate; without it, the system's."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What the provider is asked for; it must put the claims below into the ID token."""
    roles_claim: str = "roles"
    """The claim that holds roles. The name of a claim, or a path with dots such as `realm_access.roles`."""
    roles: dict[str, RoleName] = {}
    """The role for each value of that claim that gives one; the first one in this order counts."""
    teams_claim: str = ""
    """The claim that holds teams; without it, an operator puts people into teams."""
    teams: dict[str, str] = {}
    """The team for each value of that claim that means one; without any, every value is the name of a team."""
    tenant_claim: str = ""
    """The claim that holds the platform (`tenants.NAME`). Without it, a therapist's is the only one there is."""
    counsellor_claim: str = ""
    """The claim that holds the platform's own reference to a therapist; without it, `counterpoint people` says it."""
    local_login: bool = True
    """Whether people may also log in with a user name and password of Counterpoint."""

    @model_validator(mode="after")
    def _require_what_a_login_needs(self) -> Self:
        if not self.issuer:
            if self.client_id or self.roles or not self.local_login:
                raise ValueError("a login at a provider needs issuer")
            return self
        if not is_safe_url(self.issuer) or "?" in self.issuer:
            raise ValueError("issuer must be an address with https; on loopback, http will do")
        if not self.client_id or not self.roles:
            raise ValueError("a login at a provider needs client_id, and roles by the value of a claim")
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        return self


def is_safe_url(url: str) -> bool:
    """Return whether an address is one of HTTPS, or of HTTP on loopback, without a user or a fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    is_plain = not (parts.fragment or parts.username or parts.password) and url.isprintable()
    is_private = parts.scheme == "https" or (parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"})
    return bool(host) and is_plain and is_private


class HealthSettings(SettingsSection):
    """Settings for the addresses of /healthz, /readyz and /metrics of the stages; never reachable by the public."""

    host: str = "127.0.0.1"
    gateway_port: Port = 8030
    stream_port: Port = 8031
    feedback_port: Port = 8032
    sink_port: Port = 8033
    web_port: Port = 8034
    deliver_port: Port = 8035
    reconcile_port: Port = 8036
    hear_port: Port = 8037
    measures_port: Port = 8038
    urls: dict[StageName, str] = {}
    """Addresses at which `counterpoint status` asks stages on other machines, e.g. `http://stream-1:8031`."""


class Settings(BaseSettings):
    """All settings, in sections."""

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
    """Whether this is a demo, set by `make demo` alone: the pages say that the sessions are made up."""
    kafka: KafkaSettings = KafkaSettings()
    gateway: GatewaySettings = GatewaySettings()
    sessions: SessionsSettings = SessionsSettings()
    sample: SampleSettings = SampleSettings()
    feedback: FeedbackSettings = FeedbackSettings()
    reader: ReaderSettings = ReaderSettings()
    measures: MeasuresSettings = MeasuresSettings()
    database: DatabaseSettings = DatabaseSettings()
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    delivery: DeliverySettings = DeliverySettings()
    oidc: OidcSettings = OidcSettings()
    health: HealthSettings = HealthSettings()
    tenants: dict[str, TenantSettings] = {}

    @property
    def risk_tenants(self) -> frozenset[str]:
        """The tenants whose platform takes risk signals."""
        return frozenset(name for name, tenant in self.tenants.items() if tenant.risk.receiver.url)

    @property
    def reader_url(self) -> str:
        """The address at which the reader is asked, or `in-process`."""
        return self.reader.triton_url or self.feedback.triton_url

    @property
    def heard_tenants(self) -> dict[str, ReaderGrade]:
        """The tenants about whose open sessions the reader is asked, with the grade that raises a signal."""
        return {name: tenant.risk.reader for name, tenant in self.tenants.items() if tenant.risk.reader != "off"}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources of the settings, those with the highest priority first."""
        del dotenv_settings
        toml = TomlConfigSettingsSource(settings_cls, _settings_file())
        folder = os.environ.get(SECRETS_DIR)
        if folder is None:
            return init_settings, env_settings, toml
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=folder,
            secrets_dir_missing="error",
            secrets_nested_delimiter="__",
        )
        return init_settings, secrets, env_settings, toml


def load_settings() -> Settings:
    """Read the settings from all sources.

    Raises:
        Misconfigured: a setting is wrong or a name is none, with one sentence for each that never shows a value; or a
            secret is publicly known and this is not a demo.
    """
    try:
        wrong = [*unknown_variables(Settings, os.environ), *_wrong_in_file()]
        settings = Settings()
        wrong += _wrong_in_secrets(settings)
    except ValidationError as error:
        raise Misconfigured("Settings are wrong. " + "; ".join([*wrong, *_sentences(error)])) from None
    except (OSError, ValueError, RecursionError) as error:
        raise Misconfigured(f"Settings cannot be read: {error}") from None
    if wrong:
        raise Misconfigured("Settings are wrong. " + "; ".join(wrong))
    if not settings.demo and (found := [f"{place} is {reason}" for place, reason in publicly_known_secrets(settings)]):
        raise Misconfigured(f"Only a demo may use publicly known secrets: {'; '.join(found)}. Replace them.")
    return settings


def _settings_file() -> Path:
    return Path(os.environ.get(FILE, "counterpoint.toml"))


def _wrong_in_file() -> list[str]:
    file = _settings_file()
    if not file.exists():
        return [f"{FILE} names {file}, which does not exist; {nearest_file(file)}"] if FILE in os.environ else []
    with file.open("rb") as content:
        return list(unknown_sections(Settings, tomllib.load(content), file))


def _wrong_in_secrets(settings: Settings) -> list[str]:
    folder = os.environ.get(SECRETS_DIR)
    if folder is None:
        return []
    return list(unknown_secret_files(Settings, Path(folder), {path.absolute() for path in _files_named(settings)}))


def _files_named(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _files_named(getattr(value, name))


def _sentences(error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        place = ".".join(str(part) for part in each["loc"])
        if each["type"] == "extra_forbidden" and place in RETIRED:
            yield f"{place} is no setting any more: {RETIRED[place]}"
        elif each["type"] == "extra_forbidden":
            yield f"{place} is no setting; did you mean {nearest_field(Settings, each['loc'])}?"
        elif each["type"] == "path_not_file":
            yield f"{place}: {each['input']} is no file; {nearest_file(Path(each['input']))}"
        else:
            yield f"{place}: {each['msg']}"


def required_secret(secret: SecretStr | None, name: str) -> str:
    """Return the value of a secret that must be set.

    Raises:
        Misconfigured: it is not set; `name` is its place in the settings, e.g. "database.url".
    """
    if secret is None or not secret.get_secret_value():
        variable = "COUNTERPOINT_" + name.upper().replace(".", "__")
        raise Misconfigured(f"{name} is not set. Set {variable}, or put it into a file in COUNTERPOINT_SECRETS_DIR.")
    return secret.get_secret_value()
