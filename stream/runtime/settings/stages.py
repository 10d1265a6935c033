"""Settings of the broker and of the stages between the platforms and the queue, and of the health of all stages."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FilePath, SecretStr, model_validator

from stream.contracts.topics import DEFAULT_PARTITIONS
from stream.runtime.settings.section import Port, SettingsSection

LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
EndRule = Literal["explicit", "idle", "both"]
WithoutNames = Literal["assess", "abstain"]
StageName = Literal["gateway", "stream", "feedback", "measures", "sink", "web", "hear", "deliver"]
IN_PROCESS = "in-process"
"""The value of feedback.triton_url with which the baseline runs in the feedback process, without a server."""


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
    user_passwords: dict[str, SecretStr] = Field(default_factory=dict)
    """Passwords by user (gateway, stream, feedback, sink, hear ...), for `counterpoint kafka users` alone."""

    @model_validator(mode="after")
    def _require_user_for_sasl(self) -> Self:
        if self.security_protocol == "SASL_SSL" and not (self.username and self.password):
            raise ValueError("security_protocol SASL_SSL needs username and password")
        return self


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
    urls: dict[StageName, str] = Field(default_factory=dict)
    """Addresses at which `counterpoint status` asks stages on other machines, e.g. `http://stream-1:8031`."""
