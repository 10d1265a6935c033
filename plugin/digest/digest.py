"""What is new between sessions, for one person: gathered here, and printed in a terminal."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from plugin.database.viewer import AccountRole, Viewer
from plugin.digest.lines import session_lines
from plugin.plain_text import SCOPE, counted, printable
from plugin.queue import labels
from plugin.queue.store import Store, open_store
from plugin.queue.views import SessionView
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import LeftOut
from stream.runtime.settings import Settings

DEFAULT_DAYS: Final = 7
"""A week: people in training meet their supervisor about as often."""


@dataclass(frozen=True)
class Digest:
    """What came for one person since then."""

    viewer: Viewer
    since: datetime
    sessions: tuple[SessionView, ...]
    """By need, for a supervisor; by release otherwise."""
    left_out: dict[LeftOut, int]
    """For a supervisor: what came besides and has no feedback."""


def build(store: Store, viewer: Viewer, since: datetime) -> Digest:
    """Gather the digest. Each session's text is read, and each reading is on the trail.

    Raises:
        Unavailable: the database is away.
    """
    opened = (store.open(viewer, session, purpose="digest") for session in store.new_since(viewer, since))
    return Digest(
        viewer=viewer,
        since=since,
        sessions=tuple(view for view in opened if view is not None),
        left_out=store.left_out_since(viewer, since),
    )


def print_digest(settings: Settings, username: str, since: datetime | None, console: Console) -> None:
    """Print what is new for a user; `since` without an offset is UTC, None the last seven days.

    Raises:
        Misconfigured: there is no such user, or one who reads no sessions.
        Unavailable: the database is away.
    """
    with open_store(settings) as store:
        viewer = store.viewer_named(username)
        if viewer is None:
            raise Misconfigured(f"There is no account {username}. Make it with `counterpoint users add`.")
        if viewer.role is AccountRole.OPERATOR:
            raise Misconfigured("An operator reads no sessions, so there is no digest.")
        render(build(store, viewer, _since(since)), console)


def _since(since: datetime | None) -> datetime:
    if since is None:
        return datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)
    return since.replace(tzinfo=UTC) if since.tzinfo is None else since


def render(digest: Digest, console: Console) -> None:
    """Print a digest. Nothing in anybody's words can move the cursor, colour the screen or start a link."""
    since = f"since {digest.since:%Y-%m-%d %H:%M} UTC"
    new = counted(len(digest.sessions), "session")
    console.print(Rule(Text(printable(f"For {digest.viewer.display_name}: {new} {since}"))))
    for view in digest.sessions:
        for text, indent in session_lines(view, digest.viewer.role):
            console.print(Padding(text, (0, 0, 0, indent)))
    for why, count in digest.left_out.items():
        console.print(Text(f"Left out: {counted(count, 'session')}. {labels.LEFT_OUT[why]}."))
    console.print()
    console.print(Text(SCOPE, style="dim"))
