"""Reads all settings from their sources, and says what is wrong with them in one sentence each."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stream.contracts.errors import Misconfigured
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
from stream.runtime.settings.platforms import ReaderGrade, TenantSettings
from stream.runtime.settings.queue import (
    DatabaseSettings,
    DeliverySettings,
    OidcSettings,
    RetentionSettings,
    WebSettings,
)
from stream.runtime.settings.stages import (
    FeedbackSettings,
    GatewaySettings,
    HealthSettings,
    KafkaSettings,
    MeasuresSettings,
    ReaderSettings,
    SampleSettings,
    SessionsSettings,
)


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
