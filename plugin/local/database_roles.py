"""Each stage of this machine with its own role in the database, as in production, not as the owner of the tables."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from sqlalchemy import make_url

from plugin.database.roles import GRANTS, apply_roles, url_as
from stream.contracts.errors import Misconfigured

STAGES: Final = ("sink", "web")
"""The stages that use the database."""


def stage_urls(database_url: str, *, say: Callable[[str], object] = lambda _line: None) -> dict[str, str]:
    """Make the roles, and return each stage's URL; none where the server's user may not make roles.

    Roles belong to the whole server, which several databases of tests share: a password that hangs on the owner's is
    the same for all of them.
    """
    owner = (make_url(database_url).password or "").encode()
    passwords = {stage: hmac.digest(owner, stage.encode(), hashlib.sha256).hex() for stage in GRANTS}
    try:
        apply_roles(database_url, passwords)
    except Misconfigured as error:
        say(f"Every stage uses the database as its owner. {error}")
        return {}
    return {stage: url_as(database_url, stage, passwords[stage]) for stage in STAGES}
