"""All settings of Counterpoint, read once when a process starts and passed on from there.

Sources, later ones override earlier ones: defaults, `counterpoint.toml` (or the file named in COUNTERPOINT_FILE),
environment variables (`COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=...`, with two underscores between the parts), files in
the folder named in COUNTERPOINT_SECRETS_DIR. A name in any of them that is no setting is refused. Secrets have no
default: a stage that needs one refuses to start without it.
"""

from stream.runtime.settings.loading import Settings, load_settings
from stream.runtime.settings.platforms import (
    ChatwootSettings,
    ConsentSettings,
    MatrixSettings,
    ReaderGrade,
    TenantSettings,
    TwilioSettings,
    WebhookReceiverSettings,
)
from stream.runtime.settings.queue import (
    DatabaseSettings,
    DeliverySettings,
    MailSettings,
    OidcSettings,
    RetentionSettings,
    WebSettings,
)
from stream.runtime.settings.section import required_secret
from stream.runtime.settings.stages import (
    IN_PROCESS,
    FeedbackSettings,
    GatewaySettings,
    KafkaSettings,
    SampleSettings,
    SessionsSettings,
    ShadowSettings,
    StageName,
    WithoutNames,
)

__all__ = [
    "IN_PROCESS",
    "ChatwootSettings",
    "ConsentSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "FeedbackSettings",
    "GatewaySettings",
    "KafkaSettings",
    "MailSettings",
    "MatrixSettings",
    "OidcSettings",
    "ReaderGrade",
    "RetentionSettings",
    "SampleSettings",
    "SessionsSettings",
    "Settings",
    "ShadowSettings",
    "StageName",
    "TenantSettings",
    "TwilioSettings",
    "WebSettings",
    "WebhookReceiverSettings",
    "WithoutNames",
    "load_settings",
    "required_secret",
]
