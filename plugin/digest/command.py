"""The command `counterpoint digest`."""

from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console

from plugin.database.viewer import AccountRole
from plugin.digest.gather import gather_digest
from plugin.digest.render import render_digest
from plugin.queue.store import open_store
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings

DEFAULT_DAYS: Final = 7
"""A week, since people in training meet their supervisor about as often."""


def print_digest(settings: Settings, username: str, since: datetime | None, console: Console) -> None:
    """Print a user's digest. `since` without an offset is UTC; None means the last seven days.

    Raises:
        Misconfigured: there is no such user, or it is an operator, who reads no sessions.
        Unavailable: the database is away.
    """
    with open_store(settings) as store:
        viewer = store.find_viewer(username)
        if viewer is None:
            raise Misconfigured(f"There is no account {username}. Create it with `counterpoint users add`.")
        if viewer.role is AccountRole.OPERATOR:
            raise Misconfigured("An operator reads no sessions, so there is no digest.")
        render_digest(gather_digest(store, viewer, _since(since)), console)


def _since(since: datetime | None) -> datetime:
    if since is None:
        return datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)
    return since.replace(tzinfo=UTC) if since.tzinfo is None else since
