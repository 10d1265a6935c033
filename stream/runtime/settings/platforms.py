"""Settings of the chat platforms: how each of them is read, consent, and who takes its risk signals."""

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from stream.runtime.settings.section import HttpAddress, SettingsSection, TlsAddress

ReaderGrade = Literal["sure", "possible"]
"""The grade of critical content from which on the reader raises a risk signal, see decision 71."""


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
    api_url: TlsAddress = ""
    """The address of the installation, such as https://chat.example; for `counterpoint reconcile` alone."""
    account: str = Field(default="", pattern=r"^[0-9]*$")
    """The number of the account whose conversations are read there."""
    api_token: SecretStr | None = None
    """The access token of a user who sees its inboxes. Nothing is written with it."""


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

    url: TlsAddress = ""
    secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets (`whsec_...`); a request is signed with each, so that one can be replaced."""


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
    options: dict[str, str] = Field(default_factory=dict)
    """Settings of another package's adapter, by the names that it gives them."""
