"""The command `counterpoint erase`."""

from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console
from rich.table import Table

from plugin.database.engine import transaction, utc_now
from plugin.database.tables import TombstoneKind
from plugin.database.tombstones import Subject
from plugin.plain_text import counted
from plugin.privacy.announce import kafka_erasure_announcer
from plugin.privacy.commands.common import open_database, progress_bar, say, short_pseudonym, short_pseudonyms
from plugin.privacy.erasure import Eraser, ErasureResult
from plugin.privacy.subjects import SubjectData, find_subject_data, resolve_subject
from plugin.privacy.topic_expiry import TopicExpiry, last_expiry, topic_expiries
from stream.runtime.settings import Settings
from stream.runtime.topics import require_topics, topic_configs

_NAMES: Final = {
    TombstoneKind.ERASURE: "the conversation",
    TombstoneKind.CLIENT: "the client",
    TombstoneKind.COUNSELLOR: "the therapist",
}
_HELD: Final = (
    "Nothing was erased: the conversation is under a legal hold, and what is needed for legal claims may be kept"
    " (GDPR Art. 17(3)(e)). End it with `counterpoint hold remove`, then run this again."
)


def erase(
    settings: Settings,
    console: Console,
    *,
    kind: TombstoneKind,
    tenant: str,
    reference: str,
    is_pseudonym: bool,
    dry_run: bool,
    confirm: Callable[[str], bool] | None,
) -> bool:
    """Erase a subject and print what that means; return whether nothing is left to do.

    `confirm` asks the user before anything is changed; None means that nobody is asked.

    Raises:
        Misconfigured: there is no such tenant, or a setting is missing.
        Unavailable: the database or the broker is away.
    """
    subject = resolve_subject(settings, kind, tenant, reference, is_pseudonym=is_pseudonym)
    require_topics(settings.kafka)  # with another number of partitions the announcement would miss people
    with open_database(settings) as database:
        with transaction(database.engine) as session:
            data = find_subject_data(session, subject)
        say(console, *_plan(subject, data))
        if dry_run:
            say(console, "Nothing was changed (--dry-run).")
            return True
        if kind is TombstoneKind.ERASURE and data.held:
            say(console, _HELD)
            return False
        if confirm is not None and not confirm("Erase this for good?"):
            say(console, "Nothing was changed.")
            return True
        configs = topic_configs(settings.kafka)
        with kafka_erasure_announcer(settings.kafka) as announcer:
            eraser = Eraser(database.engine, database.kek, announcer, now=utc_now)
            with progress_bar(console, "erasing", len(data.conversations)) as advance:
                result = eraser.erase(subject, step=lambda: advance(1))
        expiries = topic_expiries(configs, utc_now())
        if result.complete:
            eraser.finish(result, last_expiry(expiries))
    _print_result(console, result, expiries)
    return result.complete


def _plan(subject: Subject, data: SubjectData) -> Iterator[str]:
    sessions, conversations = counted(data.sessions, "session"), counted(len(data.conversations), "conversation")
    name = f"{_NAMES[subject.kind]} {short_pseudonym(subject.pseudonym)} of {subject.tenant}"
    yield f"To erase: {name}. Stored: {sessions}, {conversations}."
    if not data.sessions:
        yield "Nothing of it is stored (yet). What is still open or on its way is erased too, and cannot be stored."
    if data.shared:
        yield f"In {data.shared} of them another client wrote too; they are erased as a whole."
    if subject.kind is TombstoneKind.COUNSELLOR:
        yield "Sessions of the same clients with other counsellors stay."
        yield "The login, if there is one, is closed for good, and its names are removed."
    if data.held:
        held = counted(len(data.held), "conversation")
        yield f"Under a legal hold, so not erased: {held} ({short_pseudonyms(data.held)})."


def _print_result(console: Console, result: ErasureResult, expiries: list[TopicExpiry]) -> None:
    until = f"{result.until:%Y-%m-%d %H:%M:%S} UTC"
    resumed = "This run resumed an erasure that was interrupted. " if result.resumed else ""
    say(
        console,
        f"{resumed}Erasure {result.erasure_id}, of everything that began up to {until}.",
        f"Removed: {counted(result.sessions, 'session')}; destroyed: {counted(result.keys, 'data key')}.",
    )
    if result.left and not result.held:
        say(console, f"NOT DONE: {counted(result.left, 'session')} is still stored. Run this again.")
        return
    if not result.complete:
        held = counted(len(result.held), "conversation")
        say(
            console,
            f"NOT DONE: {held} under a legal hold stay ({short_pseudonyms(result.held)}),"
            " and sessions that are not stored yet were not reached. Run this again when the hold has ended.",
        )
        return
    say(
        console,
        "Announced to every stage: what is still open or on its way is erased too."
        f" Records about sessions that began before {until} are refused from now on, even if they are sent again."
        " Sessions that begin later are not affected.",
    )
    table = Table("topic", "last copy gone by (UTC)", "why", box=None, pad_edge=False)
    for expiry in expiries:
        expires_at = "never" if expiry.expires_at is None else f"{expiry.expires_at:%Y-%m-%d %H:%M}"
        table.add_row(expiry.topic, expires_at, expiry.reason)
    console.print(table)
    latest = last_expiry(expiries)
    say(
        console,
        "The last copy on the broker is never deleted: correct the topics with `counterpoint topics`."
        if latest is None
        else f"The last copy on the broker is gone by {latest:%Y-%m-%d %H:%M} UTC, if every stage is up to date now.",
        "Not reached: backups made before now. After restoring one, run this command again.",
    )
