"""The commands as an operator meets them: what is said before, while and after. The work is in the files beside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database import roles
from plugin.database.engine import connect, transaction, utc_now
from plugin.database.key_encryption_key import key_encryption_key
from plugin.database.tables import ForgottenKind
from plugin.database.tombstones import Subject
from plugin.plain_text import counted
from plugin.privacy import holds, rotation, trail
from plugin.privacy.announce import on_topic
from plugin.privacy.copies import Copies, copies, last
from plugin.privacy.erasure import Erased, Eraser
from plugin.privacy.retention import Clocks, Keeper, Report, broken_off, due
from plugin.privacy.subjects import Found, stored, subject
from stream.runtime.settings import Settings, required
from stream.runtime.topics import kept

_NAMES: Final = {
    ForgottenKind.ERASURE: "the conversation",
    ForgottenKind.CLIENT: "the client",
    ForgottenKind.COUNSELLOR: "the therapist",
}
_SHOWN: Final = 12
"""Letters of a pseudonym: enough to tell it apart, and to look it up."""


@dataclass(frozen=True)
class _Place:
    """Database and key of the settings."""

    engine: Engine
    kek: KeyEncryptionKey


@contextmanager
def _place(settings: Settings) -> Iterator[_Place]:
    engine = connect(required(settings.database.url, "database.url"))
    try:
        yield _Place(engine, key_encryption_key(settings))
    finally:
        engine.dispose()


def erase(
    settings: Settings,
    console: Console,
    *,
    kind: ForgottenKind,
    tenant: str,
    reference: str,
    is_pseudonym: bool,
    dry_run: bool,
    confirm: Callable[[str], bool] | None,
) -> bool:
    """Erase, and say what that means; whether nothing is left to do. `confirm` asks before, None: nobody is asked.

    Raises:
        Misconfigured: there is no such tenant, or a setting is missing.
        Unavailable: database or broker are away.
    """
    meant = subject(settings, kind, tenant, reference, is_pseudonym=is_pseudonym)
    with _place(settings) as place:
        with transaction(place.engine) as session:
            found = stored(session, meant)
        _say(console, *_plan(meant, found))
        if dry_run:
            _say(console, "Nothing was changed (--dry-run).")
            return True
        if kind is ForgottenKind.ERASURE and found.held:
            _say(console, _refused())
            return False
        if confirm is not None and not confirm("Erase this for good?"):
            _say(console, "Nothing was changed.")
            return True
        configs = kept(settings.kafka)
        with on_topic(settings.kafka) as announce:
            eraser = Eraser(place.engine, place.kek, announce, now=utc_now)
            with _bar(console, "erasing", len(found.conversations)) as step:
                erased = eraser.erase(meant, step=lambda: step(1))
        gone = copies(configs, utc_now())
        if erased.complete:
            eraser.prove(erased, last(gone))
    _tell_erased(console, erased, gone)
    return erased.complete


def _plan(meant: Subject, found: Found) -> Iterator[str]:
    sessions, conversations = counted(found.sessions, "session"), counted(len(found.conversations), "conversation")
    who = f"{_NAMES[meant.kind]} {meant.pseudonym[:_SHOWN]}… of {meant.tenant}"
    yield f"To erase: {who}. Stored: {sessions}, {conversations}."
    if not found.sessions:
        yield "Nothing of it is stored (yet). What is still open or on its way goes too, and nothing comes back."
    if found.with_others:
        yield f"In {found.with_others} of them another client wrote too; they go as a whole."
    if meant.kind is ForgottenKind.COUNSELLOR:
        yield "Sessions of the same clients with other counsellors stay. The login, if there is one, stays too."
    if found.held:
        yield f"Under a legal hold, so they stay: {counted(len(found.held), 'conversation')} ({_short(found.held)})."


def _refused() -> str:
    return (
        "Nothing was erased: the conversation is under a legal hold, and what is needed for legal claims may be kept"
        " (GDPR Art. 17(3)(e)). End it with `counterpoint hold remove`, then run this again."
    )


def _tell_erased(console: Console, erased: Erased, gone: list[Copies]) -> None:
    until = f"{erased.requested_at:%Y-%m-%d %H:%M:%S} UTC"
    begun = "This went on with an erasure that was broken off. " if erased.goes_on else ""
    _say(
        console,
        f"{begun}Erasure {erased.erasure_id}, asked for at {until}.",
        f"Removed: {counted(erased.sessions, 'session')}; destroyed: {counted(erased.keys, 'data key')}.",
    )
    if not erased.complete:
        _say(
            console,
            f"NOT DONE: {counted(len(erased.held), 'conversation')} under a legal hold stay ({_short(erased.held)}),"
            " and sessions that are not stored yet were not reached. Run this again when the hold has ended.",
        )
        return
    _say(
        console,
        "Told to every stage: what is open or on its way goes too."
        f" Records about sessions that began before {until} are refused from now on, whatever sends them again."
        " What begins later is new, and not meant.",
    )
    table = Table("topic", "last copy gone by (UTC)", "why", box=None, pad_edge=False)
    for each in gone:
        table.add_row(each.topic, "never" if each.gone_at is None else f"{each.gone_at:%Y-%m-%d %H:%M}", each.why)
    console.print(table)
    latest = last(gone)
    _say(
        console,
        "The last copy on the broker is never gone: mend the topics with `counterpoint topics`."
        if latest is None
        else f"The last copy on the broker is gone by {latest:%Y-%m-%d %H:%M} UTC, if every stage is up to date now.",
        "Not reached: backups made before now. After restoring one, run this command again.",
    )


def retention(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Do what the clocks ask for, and report it.

    Raises:
        Unavailable: the database is away.
    """
    now = utc_now()
    clocks = Clocks.at(now, settings.retention)
    with _place(settings) as place:
        with transaction(place.engine) as session:
            wanted, broken = due(session, clocks), broken_off(session)
        if broken is not None:
            _say(console, f"The run of {broken:%Y-%m-%d %H:%M} UTC was broken off; this one does the rest.")
        _report(console, settings, clocks, wanted, "is due")
        if dry_run:
            _say(console, "Nothing was changed (--dry-run).")
            return
        steps = wanted.texts + wanted.quotes + wanted.sessions + wanted.audit_entries
        with _bar(console, "removing", steps) as step:
            done = Keeper(place.engine, clocks, now=utc_now).run(step=step)
        _report(console, settings, clocks, done, "done")
        with transaction(place.engine) as session:
            _say(console, f"Anchor of the trail, to be kept elsewhere: {trail.anchor_of(session)}")


def _report(console: Console, settings: Settings, clocks: Clocks, report: Report, what: str) -> None:
    clock = settings.retention
    table = Table("clock", "days", "ended before (UTC)", what, box=None, pad_edge=False)
    for name, days, before, number, unit in (
        ("text (messages)", clock.text_days, clocks.texts, report.texts, "session"),
        ("quotes (words of answers)", clock.quotes_days, clocks.quotes, report.quotes, "session"),
        ("assessments (the rest)", clock.assessments_days, clocks.assessments, report.sessions, "session"),
        ("audit", clock.audit_days, clocks.audit, report.audit_entries, "entry"),
    ):
        shown = counted(number, unit, "entries" if unit == "entry" else None)
        table.add_row(name, f"{days:g}", f"{before:%Y-%m-%d %H:%M}", shown)
    console.print(table)
    if report.held:
        _say(console, f"Kept for a legal hold though due: {counted(report.held, 'session')}.")
    if report.keys:
        _say(console, f"Data keys destroyed, for nothing is left that they open: {report.keys}.")


def hold_add(
    settings: Settings, console: Console, *, tenant: str, reference: str, is_pseudonym: bool, reason: str
) -> None:
    """Hold a conversation.

    Raises:
        Misconfigured: no such tenant, or no usable reason.
    """
    meant = subject(settings, ForgottenKind.ERASURE, tenant, reference, is_pseudonym=is_pseudonym)
    with _place(settings) as place, transaction(place.engine) as session:
        sessions = holds.add(session, meant, reason, utc_now())
    _say(
        console,
        f"Held: conversation {meant.pseudonym[:_SHOWN]}… of {tenant}; {counted(sessions, 'session')} stored now.",
        "Retention passes it over, `erase` refuses it. A withdrawal or an erasure that the platform sends is kept for"
        " the end of the hold; until then the session is shown to nobody.",
        f"Only what is stored is held: text ended less than {settings.retention.text_days:g} days ago, not the topics.",
    )


def hold_remove(settings: Settings, console: Console, *, tenant: str, reference: str, is_pseudonym: bool) -> None:
    """End a hold.

    Raises:
        Misconfigured: there is none.
    """
    meant = subject(settings, ForgottenKind.ERASURE, tenant, reference, is_pseudonym=is_pseudonym)
    with _place(settings) as place, transaction(place.engine) as session:
        ended = holds.remove(session, place.kek, meant, utc_now())
    _say(console, f"The hold on {meant.pseudonym[:_SHOWN]}… of {tenant} has ended; its clocks go on where they are.")
    if ended.erased or ended.withdrawn:
        _say(
            console,
            f"Done now, for it was asked for meanwhile: {counted(ended.erased, 'session')} erased,"
            f" {counted(ended.withdrawn, 'session')} taken back.",
        )


def hold_list(settings: Settings, console: Console) -> None:
    """Show all holds."""
    with _place(settings) as place, transaction(place.engine) as session:
        found = holds.listed(session)
    if not found:
        _say(console, "There is no hold.")
        return
    table = Table("since (UTC)", "tenant", "conversation (pseudonym)", "reason", box=None, pad_edge=False)
    for row in found:
        table.add_row(f"{row.added_at:%Y-%m-%d %H:%M}", row.tenant, row.conversation_id, row.reason)
    console.print(table, markup=False)


def keys_rotate(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Wrap all data keys with the present key.

    Raises:
        Misconfigured: a key is missing.
        Unavailable: the database is away.
    """
    with _place(settings) as place:
        with transaction(place.engine) as session:
            found = rotation.standing(session)
        table = Table("key", "data keys", "", box=None, pad_edge=False)
        for key, count in sorted(found.by_key.items()):
            known = "in the settings" if key in place.kek.ids else "MISSING"
            table.add_row(key, str(count), "the present one" if key == place.kek.id else known)
        console.print(table)
        rotation.check(place.kek, found)
        waiting = found.waiting(place.kek)
        if not waiting or dry_run:
            _say(
                console, f"{counted(waiting, 'data key')} to wrap anew." + (" Nothing was changed." if dry_run else "")
            )
        else:
            with _bar(console, "wrapping", waiting) as step:
                done = rotation.rotate(place.engine, place.kek, step=step)
            _say(console, f"{counted(done, 'data key')} wrapped anew with key {place.kek.id}.")
    if not dry_run and settings.database.previous_key_encryption_keys:
        _say(
            console,
            "Nothing in the database needs database.previous_key_encryption_keys any more. Take it out of every stage's"
            " settings. Backups made before now still need it: keep the old key for as long as you keep them.",
        )


def audit_verify(settings: Settings, console: Console, *, anchor: str | None) -> bool:
    """Prove the trail; whether it holds.

    Raises:
        Misconfigured: what was given is no anchor.
    """
    given = None if anchor is None else trail.Anchor.parse(anchor)
    with _place(settings) as place, transaction(place.engine) as session:
        proof = trail.verify(session, given)
    if proof.broken is not None:
        _say(console, f"BROKEN. {proof.broken}")
        return False
    if proof.last is None:
        _say(console, "The trail is empty.")
        return True
    gone = f"; those before {proof.first} went by retention" if proof.first > 1 else ""
    _say(
        console,
        f"The trail holds: {counted(proof.entries, 'entry', 'entries')}, {proof.first} to {proof.last.seq}{gone}.",
        *(["The anchor that was given is in it."] if given is not None else []),
        f"Anchor, to be kept elsewhere: {proof.last}",
    )
    return True


def database_roles(settings: Settings, *, apply: bool, say: Callable[[str], object]) -> None:
    """Print the SQL of the roles, or run it.

    Raises:
        Misconfigured: the user of database.url may not make roles.
    """
    if not apply:
        for statement in roles.statements():
            say(f"{statement};")
        return
    passwords = {stage: secret.get_secret_value() for stage, secret in settings.database.role_passwords.items()}
    roles.apply_roles(required(settings.database.url, "database.url"), passwords)
    for stage in roles.GRANTS:
        password = "the one of database.role_passwords" if stage in passwords else "as it was"
        say(f"{roles.PREFIX}{stage}: rights granted; password: {password}")
    say("Now let each stage's own database.url name its role: sink, web, digest; privacy for erase, retention, keys.")


@contextmanager
def _bar(console: Console, what: str, total: int) -> Iterator[Callable[[int], object]]:
    """A progress bar; what it is given are steps done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda done: progress.advance(task, done)


def _short(pseudonyms: tuple[str, ...]) -> str:
    few = ", ".join(f"{name[:_SHOWN]}…" for name in pseudonyms[:3])
    return few if len(pseudonyms) <= 3 else f"{few} and {len(pseudonyms) - 3} more"  # noqa: PLR2004 - the three shown


def _say(console: Console, *sentences: str) -> None:
    for sentence in sentences:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


__all__ = [
    "audit_verify",
    "database_roles",
    "erase",
    "hold_add",
    "hold_list",
    "hold_remove",
    "keys_rotate",
    "retention",
]
