"""Print status and dead letters as tables for a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plugin.operations.dead_letter_summary import DeadLetterSummary
from plugin.operations.health_lines import lines_to_look_at
from plugin.operations.quality_words import quality_lines
from plugin.operations.status import Status
from plugin.plain_text import age_words
from stream.runtime.stages import DELIVER


def print_status(status: Status, console: Console) -> None:
    """Print the state of everything as tables, then what is wrong."""
    stages = Table("stage", "ready", "waiting", "oldest waiting", "version", title=None)
    for name, stage in status.stages.items():
        lag = (status.lag or {}).get(name)
        ready = "[red]no answer[/]" if stage.ready is None else "[green]yes[/]" if stage.ready else "[red]no[/]"
        waiting = "" if lag is None else str(lag.records)
        stages.add_row(
            name, ready, waiting, "" if lag is None else age_words(lag.oldest_s), escape(stage.version or "")
        )
    console.print(stages)
    facts = Table(show_header=False)
    facts.add_row("dead letters, last 24 h", _format_counts(status.dead_letters_24_h))
    facts.add_row("model", _format_model(status))
    facts.add_row("oldest unscored session", "not known" if status.lag is None else age_words(status.oldest_unscored_s))
    known = status.waiting_for_release is not None
    unreleased = (
        f"{age_words(status.oldest_unreleased_s)} ({status.waiting_for_release} waiting)" if known else "not known"
    )
    facts.add_row("oldest unreleased session", unreleased)
    if DELIVER.name in status.stages:
        facts.add_row("oldest digest due", age_words(status.digest_due_s) if known else "not known")
    console.print(facts)
    if status.quality is not None:
        for line in quality_lines(status.quality):
            console.print(line, markup=False, highlight=False)
    for trouble in (*status.unanswered, *status.strangers):
        console.print(trouble, markup=False, highlight=False)
    found = list(lines_to_look_at(status))
    for each in found:
        console.print(f"{each.title}: {each.value}", markup=False, highlight=False)
        console.print(f"      {each.remedy}", markup=False, highlight=False)
    if not status.troubles and not found:
        console.print("All is well.")


def print_dead_letters(summary: DeadLetterSummary, console: Console) -> None:
    """Print the counts of dead letters, then the newest stories."""
    if not summary.waiting and not summary.newest:
        console.print("No dead letter waits.")
    for part, counter in summary.counts.items():
        if counter:
            table = Table(part, "dead letters")
            for value, count in counter.most_common():
                table.add_row(value, str(count))
            console.print(table)
    if summary.newest:
        stories = Table("id", "set aside (UTC)", "reason", "place", "mode", "stage", "topic", "record", "bytes")
        for story in summary.newest:
            mark = " (done)" if story["handled"] else ""
            stories.add_row(
                f"{story['id']}{mark}",
                str(story["set_aside_at"]).removesuffix("+00:00"),
                *(str(story[part]) for part in ("reason", "place", "mode", "stage", "topic")),
                f"{story['partition']}:{story['offset']}",
                f"{story['bytes']}{'' if story['kept_bytes'] == story['bytes'] else ' (not kept)'}",
            )
        console.print(stories)
    if summary.handled is None:
        console.print(
            f"What was replayed or dropped is counted too: {summary.why_not_asked}", markup=False, highlight=False
        )
    elif summary.handled:
        console.print(f"{summary.handled} more on the topic were replayed or dropped (--all shows them).")


def _format_counts(counts: dict[str, int] | None) -> str:
    if counts is None:
        return "not known"
    return ", ".join(f"{reason} {count}" for reason, count in counts.items()) or "none"


def _format_model(status: Status) -> str:
    if status.model is None:
        return "not known"
    version = status.model.version
    named = f"{version.get('model', '')} ({version.get('weights', '')}), " if version else ""
    return escape(f"{named}breaker {status.model.breaker}")
