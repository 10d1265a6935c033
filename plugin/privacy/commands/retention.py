"""The command `counterpoint retention`."""

from rich.console import Console
from rich.table import Table

from plugin.database.engine import transaction, utc_now
from plugin.plain_text import counted
from plugin.privacy.audit_trail import minimum_days, newest_anchor
from plugin.privacy.commands.common import open_database, progress_bar, say
from plugin.privacy.retention import (
    RetentionCutoffs,
    RetentionReport,
    RetentionRunner,
    count_due,
    find_interrupted_run,
)
from stream.runtime.settings import Settings


def retention(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Remove what is older than the retention periods of the settings, and print a report.

    Raises:
        Unavailable: the database is away.
    """
    now = utc_now()
    cutoffs = RetentionCutoffs.at(now, settings.retention)
    with open_database(settings) as database:
        with transaction(database.engine) as session:
            due, interrupted = count_due(session, cutoffs), find_interrupted_run(session)
        if interrupted is not None:
            say(console, f"The run of {interrupted:%Y-%m-%d %H:%M} UTC was interrupted; this one does the rest.")
        _print_report(console, settings, cutoffs, due, "is due")
        if dry_run:
            say(console, "Nothing was changed (--dry-run).")
            return
        steps = due.texts + due.quotes + due.sessions + due.audit_entries
        with progress_bar(console, "removing", steps) as advance:
            done = RetentionRunner(database.engine, cutoffs, now=utc_now).run(step=advance)
        _print_report(console, settings, cutoffs, done, "done")
        with transaction(database.engine) as session:
            anchor, minimum = newest_anchor(session), minimum_days(session)
        if settings.retention.audit_days < minimum:
            say(console, f"The database keeps the trail {minimum:g} days, as the owner's `counterpoint migrate` set.")
        say(console, "The newest anchor of the trail, to be kept elsewhere:", str(anchor))


def _print_report(
    console: Console, settings: Settings, cutoffs: RetentionCutoffs, report: RetentionReport, column: str
) -> None:
    periods = settings.retention
    table = Table("clock", "days", "ended before (UTC)", column, box=None, pad_edge=False)
    for name, days, before, number, unit in (
        ("text (messages)", periods.text_days, cutoffs.texts, report.texts, "session"),
        ("quotes (words of answers)", periods.quotes_days, cutoffs.quotes, report.quotes, "session"),
        ("assessments (the rest)", periods.assessments_days, cutoffs.assessments, report.sessions, "session"),
        ("audit", periods.audit_days, cutoffs.audit, report.audit_entries, "entry"),
    ):
        amount = counted(number, unit, "entries" if unit == "entry" else None)
        table.add_row(name, f"{days:g}", f"{before:%Y-%m-%d %H:%M}", amount)
    console.print(table)
    if report.held:
        say(console, f"Due, but kept because of a legal hold: {counted(report.held, 'session')}.")
    if report.keys:
        say(console, f"Data keys destroyed, since nothing is left that they decrypt: {report.keys}.")
