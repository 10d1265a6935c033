"""What all sections of the settings have in common."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from stream.contracts.errors import Misconfigured
from stream.runtime.addresses import is_loopback

Port = Annotated[int, Field(ge=0, le=65535)]
HttpAddress = Annotated[str, Field(pattern=r"^(https?://[^\s/@?#]+(/[^\s?#]*)?)?$")]
"""An address without a user, a query or a fragment, none of which belongs into a setting; empty where there is none."""


def _require_tls(url: str) -> str:
    if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        raise ValueError("it is reached by https; http is for an address on loopback alone")
    return url


TlsAddress = Annotated[HttpAddress, AfterValidator(_require_tls)]
"""An address to which we send what is private: over TLS, or to this machine itself."""


class SettingsSection(BaseModel):
    """A section of the settings; an unknown name in it is an error, because it is most likely a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def required_secret(secret: SecretStr | None, name: str) -> str:
    """Return the value of a secret that must be set.

    Raises:
        Misconfigured: it is not set; `name` is its place in the settings, e.g. "database.url".
    """
    if secret is None or not secret.get_secret_value():
        variable = "COUNTERPOINT_" + name.upper().replace(".", "__")
        raise Misconfigured(f"{name} is not set. Set {variable}, or put it into a file in COUNTERPOINT_SECRETS_DIR.")
    return secret.get_secret_value()
