"""The command `counterpoint audit verify`."""

from rich.console import Console

from plugin.database.engine import transaction
from plugin.plain_text import counted
from plugin.privacy.audit_trail import Anchor, verify_chain
from plugin.privacy.commands.common import open_database, say
from stream.runtime.settings import Settings


def audit_verify(settings: Settings, console: Console, *, anchor: str | None) -> bool:
    """Verify the audit trail and print the result; return whether it is intact.

    Raises:
        Misconfigured: `anchor` is not an anchor.
    """
    expected = None if anchor is None else Anchor.parse(anchor)
    with open_database(settings) as database, transaction(database.engine) as session:
        verification = verify_chain(session, expected)
    if verification.problem is not None:
        say(console, f"BROKEN. {verification.problem}")
        return False
    if verification.last is None:
        say(console, "The trail is empty.")
        return True
    entries = counted(verification.entries, "entry", "entries")
    removed = f"; retention removed those before {verification.first}" if verification.first > 1 else ""
    say(
        console,
        f"The trail holds: {entries}, {verification.first} to {verification.last.seq}{removed}.",
        *(["The anchor that was given is in it."] if expected is not None else []),
        f"Anchor, to be kept elsewhere: {verification.last}",
    )
    return True
