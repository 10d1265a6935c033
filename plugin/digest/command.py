"""The command `counterpoint digest`."""

import os
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console

from plugin.database.viewer import AccountRole
from plugin.digest.gather import gather_digest
from plugin.digest.render import render_digest
from plugin.queue.store import open_store
from stream.contracts.errors import Denied, Misconfigured
from stream.runtime.settings import Settings

DEFAULT_DAYS: Final = 7
"""A week, since people in training meet their supervisor about as often."""


def print_digest(settings: Settings, username: str, password: str, since: datetime | None, console: Console) -> None:
    """Print a person's digest. `since` without an offset is UTC; None means the last seven days.

    The person's password is asked whatever role of the database the command has, since the owner of the tables sees
    every session. The audit trail names the person, and the operating system's user who ran the command.

    Raises:
        Denied: there is no such account, or the password is not its own.
        Misconfigured: the account is one of a role that reads no sessions, or that of a lead.
        Unavailable: the database is away.
    """
    caller = f"digest, uid {os.getuid()}"
    with open_store(settings) as store:
        viewer = store.authenticate(username, password, request_id=caller)
        if viewer is None:
            raise Denied("There is no account with this name and password.")
        if not viewer.role.reads_sessions:
            raise Misconfigured(f"An {viewer.role.value} reads no sessions, so there is no digest.")
        if viewer.role is AccountRole.LEAD:
            raise Misconfigured("This would open every new session of every team. What was escalated is on /digest.")
        viewer = store.viewer(viewer.user_id) or viewer  # with their time zone, which says what is due today
        render_digest(gather_digest(store, viewer, _since(since), request_id=caller), console)


def _since(since: datetime | None) -> datetime:
    if since is None:
        return datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)
    return since.replace(tzinfo=UTC) if since.tzinfo is None else since
