"""The secret that signs the login cookie, as the web stage and `counterpoint check` require it."""

from typing import Final

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required_secret

MIN_SECRET_LENGTH: Final = 32
"""Characters; 16 random ones would be enough, but people type words."""


def session_secret(settings: Settings) -> str:
    """Return the secret of the settings.

    Raises:
        Misconfigured: it is missing or too short.
    """
    secret = required_secret(settings.web.session_secret, "web.session_secret")
    if len(secret) < MIN_SECRET_LENGTH:
        raise Misconfigured(f"web.session_secret is too short: it needs {MIN_SECRET_LENGTH} random characters or more.")
    return secret
