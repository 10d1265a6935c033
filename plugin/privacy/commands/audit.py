"""The commands `counterpoint audit verify` and `counterpoint audit anchor`. They need no key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from sqlalchemy import text
from sqlmodel import Session

from plugin.database.engine import temporary_engine, transaction
from plugin.plain_text import counted
from plugin.privacy.anchors import Anchor, read_anchors
from plugin.privacy.audit_trail import ChainVerification, newest_anchor, verify_chain
from plugin.privacy.commands.common import say
from stream.runtime.settings import Settings, required_secret


def audit_anchor(settings: Settings) -> Anchor:
    """Return the anchor of the newest entry.

    Raises:
        Misconfigured: the role of database.url may not read the trail.
        Unavailable: the database is away.
    """
    with _open_trail(settings) as session:
        return newest_anchor(session)


def audit_verify(settings: Settings, console: Console, *, anchors: Path | None) -> bool:
    """Verify the audit trail and print the result; return whether it is intact.

    Raises:
        Misconfigured: `anchors` is not a file of anchors, or the role of database.url may not read the trail.
        Unavailable: the database is away.
    """
    expected = [] if anchors is None else read_anchors(anchors)
    with _open_trail(settings) as session:
        found = verify_chain(session, expected)
    if found.problem is not None:
        say(console, f"BROKEN. {found.problem}")
        return False
    say(console, _sentence(found))
    if expected:
        say(
            console,
            f"Anchors in it: {found.anchors_found}; of entries that retention removed: {found.anchors_removed}.",
        )
    if found.last is not None:
        say(console, "The newest anchor, to be kept elsewhere:", str(found.last))
    return True


def _sentence(found: ChainVerification) -> str:
    if found.last is None:
        return "The trail is empty."
    entries = counted(found.entries, "entry", "entries")
    removed = f"; retention removed those before {found.first}" if found.first > 1 else ""
    return f"The trail holds: {entries}, {found.first} to {found.last.seq}{removed}."


@contextmanager
def _open_trail(settings: Settings) -> Iterator[Session]:
    with (
        temporary_engine(required_secret(settings.database.url, "database.url")) as engine,
        transaction(engine) as session,
    ):
        # One view of the table to the end: retention may remove entries meanwhile.
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield session
