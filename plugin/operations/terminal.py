"""Status and dead letters as tables for a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plugin.operations.overview import Overview
from plugin.operations.status import Status


def print_status(found: Status, console: Console) -> None:
    """One table a question, then what is wrong."""
    stages = Table("stage", "ready", "waiting", "oldest waiting", "version", title=None)
    for name, stage in found.stages.items():
        lag = (found.lag or {}).get(name)
        ready = "[red]no answer[/]" if stage.ready is None else "[green]yes[/]" if stage.ready else "[red]no[/]"
        waiting = "" if lag is None else str(lag.records)
        stages.add_row(name, ready, waiting, "" if lag is None else _age(lag.oldest_s), escape(stage.version or ""))
    console.print(stages)
    facts = Table(show_header=False)
    facts.add_row("dead letters, last 24 h", _counted(found.dead_letters_24_h))
    facts.add_row("model", _model(found))
    facts.add_row("oldest unscored session", "not known" if found.lag is None else _age(found.oldest_unscored_s))
    known = found.waiting_for_release is not None
    unreleased = f"{_age(found.oldest_unreleased_s)} ({found.waiting_for_release} waiting)" if known else "not known"
    facts.add_row("oldest unreleased session", unreleased)
    console.print(facts)
    for trouble in found.troubles:
        console.print(trouble, markup=False, highlight=False)
    if not found.troubles:
        console.print("All is well.")


def print_overview(found: Overview, console: Console) -> None:
    """Counts, then stories."""
    if not found.waiting and not found.newest:
        console.print("No dead letter waits.")
    for part, counter in found.counts.items():
        if counter:
            table = Table(part, "dead letters")
            for value, count in counter.most_common():
                table.add_row(value, str(count))
            console.print(table)
    if found.newest:
        stories = Table("id", "set aside (UTC)", "reason", "place", "stage", "topic", "record", "bytes")
        for story in found.newest:
            mark = " (done)" if story["handled"] else ""
            stories.add_row(
                f"{story['id']}{mark}",
                str(story["set_aside_at"]).removesuffix("+00:00"),
                *(str(story[part]) for part in ("reason", "place", "stage", "topic")),
                f"{story['partition']}:{story['offset']}",
                str(story["bytes"]),
            )
        console.print(stories)
    if found.handled is None:
        console.print(
            f"What was replayed or dropped is counted too: {found.why_not_asked}", markup=False, highlight=False
        )
    elif found.handled:
        console.print(f"{found.handled} more on the topic were replayed or dropped (--all shows them).")


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _counted(counts: dict[str, int] | None) -> str:
    if counts is None:
        return "not known"
    return ", ".join(f"{reason} {count}" for reason, count in counts.items()) or "none"


def _model(found: Status) -> str:
    if found.model is None:
        return "not known"
    version = found.model.version
    named = f"{version.get('model', '')} ({version.get('weights', '')}), " if version else ""
    return escape(f"{named}breaker {found.model.breaker}")
