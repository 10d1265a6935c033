"""Settings of the supervisor queue: database and retention, the pages and their logins, what is sent to people."""

from ipaddress import IPv4Network, IPv6Network
from typing import Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator

from stream.runtime.addresses import is_loopback, is_mail_address, is_safe_url
from stream.runtime.settings.section import HttpAddress, Port, SettingsSection

RoleName = Literal["supervisor", "therapist", "operator", "lead", "auditor"]
MAX_RETENTION_DAYS = 36_500
"""A hundred years: more reaches beyond the dates that a database and a program can count back to."""


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
    role_passwords: dict[str, SecretStr] = Field(default_factory=dict)
    """Passwords by stage (sink, web, digest, privacy, rerate), for `counterpoint database roles --apply` alone."""


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
    roles: dict[str, RoleName] = Field(default_factory=dict)
    """The role for each value of that claim that gives one; the first one in this order counts."""
    teams_claim: str = ""
    """The claim that holds teams; without it, an operator puts people into teams."""
    teams: dict[str, str] = Field(default_factory=dict)
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
