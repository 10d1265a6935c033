"""Create a database role for each stage of this machine, as in production, instead of using the owner of the tables."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from sqlalchemy import make_url

from plugin.database.grants import GRANTS
from plugin.database.roles import apply_roles, url_for_role
from stream.contracts.errors import Misconfigured
from stream.runtime.stages import STAGES

_OTHER_NAMES: Final = {"deliver": "digest"}
"""The role of a stage where it has another name than the stage."""


def create_stage_roles(database_url: str, *, say: Callable[[str], object] = lambda _line: None) -> dict[str, str]:
    """Create the roles, and return each stage's database URL; none where the server's user may not create roles."""
    passwords = role_passwords(database_url)
    try:
        apply_roles(database_url, passwords)
    except Misconfigured as error:
        say(f"Every stage uses the database as its owner. {error}")
        return {}
    roles = {stage.name: _OTHER_NAMES.get(stage.name, stage.name) for stage in STAGES}
    return {name: url_for_role(database_url, role, passwords[role]) for name, role in roles.items() if role in GRANTS}


def role_passwords(database_url: str) -> dict[str, str]:
    """Return a password for each role, derived from the owner's.

    Roles belong to the whole server, which several databases of tests share: so it is the same for all of them.
    """
    owner = (make_url(database_url).password or "").encode()
    return {stage: hmac.digest(owner, stage.encode(), hashlib.sha256).hex() for stage in GRANTS}
