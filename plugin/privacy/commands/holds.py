"""The commands `counterpoint hold add`, `hold remove` and `hold list`."""

from rich.console import Console
from rich.table import Table

from plugin.database.engine import transaction, utc_now
from plugin.database.tables import TombstoneKind
from plugin.plain_text import counted
from plugin.privacy.commands.common import open_database, say, short_pseudonym
from plugin.privacy.holds import add_hold, list_holds, remove_hold
from plugin.privacy.subjects import resolve_subject
from stream.runtime.settings import Settings


def hold_add(
    settings: Settings, console: Console, *, tenant: str, reference: str, is_pseudonym: bool, reason: str
) -> None:
    """Put a conversation under a legal hold.

    Raises:
        Misconfigured: there is no such tenant, or the reason cannot be used.
    """
    subject = resolve_subject(settings, TombstoneKind.ERASURE, tenant, reference, is_pseudonym=is_pseudonym)
    with open_database(settings) as database, transaction(database.engine) as session:
        sessions = add_hold(session, subject, reason, utc_now())
    stored = counted(sessions, "session")
    say(
        console,
        f"Held: conversation {short_pseudonym(subject.pseudonym)} of {tenant}; {stored} stored now.",
        "Retention skips it, and `erase` refuses it. A withdrawal or an erasure that the platform sends is applied at"
        " the end of the hold; until then the session is shown to nobody.",
        f"Only what is stored is held: text ended less than {settings.retention.text_days:g} days ago, not the topics.",
    )


def hold_remove(settings: Settings, console: Console, *, tenant: str, reference: str, is_pseudonym: bool) -> None:
    """End a legal hold.

    Raises:
        Misconfigured: there is no hold on the conversation.
    """
    subject = resolve_subject(settings, TombstoneKind.ERASURE, tenant, reference, is_pseudonym=is_pseudonym)
    with open_database(settings) as database, transaction(database.engine) as session:
        removal = remove_hold(session, database.kek, subject, utc_now())
    say(
        console,
        f"The hold on {short_pseudonym(subject.pseudonym)} of {tenant} has ended; retention applies to it again.",
    )
    if removal.erased or removal.withdrawn:
        say(
            console,
            f"Done now, since it was requested during the hold: {counted(removal.erased, 'session')} erased,"
            f" {counted(removal.withdrawn, 'session')} withdrawn.",
        )


def hold_list(settings: Settings, console: Console) -> None:
    """Print all legal holds."""
    with open_database(settings) as database, transaction(database.engine) as session:
        rows = list_holds(session)
    if not rows:
        say(console, "There is no hold.")
        return
    table = Table("since (UTC)", "tenant", "conversation (pseudonym)", "reason", box=None, pad_edge=False)
    for row in rows:
        table.add_row(f"{row.added_at:%Y-%m-%d %H:%M}", row.tenant, row.conversation_id, row.reason)
    console.print(table, markup=False)
