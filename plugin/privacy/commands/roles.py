"""The command `counterpoint database roles`."""

from collections.abc import Callable

from plugin.database import roles
from plugin.database.grants import GRANTS, PREFIX
from stream.runtime.settings import Settings, required_secret


def database_roles(settings: Settings, *, apply: bool, say: Callable[[str], object]) -> None:
    """Print the SQL that creates the database roles, or run it.

    Raises:
        Misconfigured: the user of database.url may not create roles.
    """
    if not apply:
        for statement in roles.statements():
            say(f"{statement};")
        return
    passwords = {stage: secret.get_secret_value() for stage, secret in settings.database.role_passwords.items()}
    roles.apply_roles(required_secret(settings.database.url, "database.url"), passwords)
    for stage in GRANTS:
        password = "the one of database.role_passwords" if stage in passwords else "as it was"
        say(f"{PREFIX}{stage}: rights granted; password: {password}")
    say(
        "Now put its role into each stage's own database.url: sink, web, digest; privacy for erase, retention, keys;"
        " rerate for its command."
    )
