"""The command `counterpoint replay` and its output on screen."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from plugin.replay.sending import NO_ENDS, ReplayResult, send_conversations
from plugin.replay.sources import ASSERTED_CONSENT, Format, Source, load_source
from plugin.replay.timeline import parse_speed
from stream.runtime.settings import Settings

NO_CONSENT = "no_consent"
_EXAMPLES = 5


def replay(
    path: Path,
    settings: Settings,
    *,
    tenant: str,
    speed: str,
    source_format: Format,
    run: str,
    console: Console,
) -> int:
    """Replay a file or a folder through the gateway and print the counts.

    Returns:
        0, or 1 when the gateway refused something for another reason than missing consent.

    Raises:
        Misconfigured: the path, a line in it, the speed or the tenant is wrong; nothing has been sent.
        Denied: the gateway does not know the tenant or the secret.
        Unavailable: the gateway does not answer; repeat the same command to continue.
    """
    replayed = replay_source(
        load_source(path, source_format), settings, tenant=tenant, speed=speed, run=run, console=console
    )
    return 1 if set(replayed.refused) - {NO_CONSENT} else 0


def replay_source(
    source: Source,
    settings: Settings,
    *,
    tenant: str,
    speed: str,
    run: str,
    console: Console,
    ends: Mapping[str, datetime] = NO_ENDS,
) -> ReplayResult:
    """Send the conversations of a source with a progress bar and print the counts; `ends` as in `send_conversations`.

    Raises:
        Misconfigured: the speed or the tenant is wrong; nothing has been sent.
        Denied: the gateway does not know the tenant or the secret.
        Unavailable: the gateway does not answer.
    """
    pace = parse_speed(speed)
    if asserted := sorted(source.formats & ASSERTED_CONSENT):
        console.print(f"Consent to processing is asserted for the corpora read here ({', '.join(asserted)}).")
    for sentence in source.damaged():
        console.print(sentence, markup=False, highlight=False)
    if source.not_read:
        examples = ", ".join(source.not_read[:_EXAMPLES])
        console.print(f"Not read: {len(source.not_read)} files ({examples}).", markup=False, highlight=False)
    with progress_bar(console) as progress:
        total = sum(len(conversation.events) for conversation in source.conversations)
        task = progress.add_task(f"Replaying {len(source.conversations)} conversations", total=total)
        replayed = asyncio.run(
            send_conversations(
                source.conversations,
                settings,
                tenant=tenant,
                speed=pace,
                run=run,
                ends=ends,
                sent=lambda: progress.advance(task),
            )
        )
    print_counts(replayed, console)
    return replayed


def progress_bar(console: Console) -> Progress:
    """Return a progress bar that counts events."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def print_counts(replayed: ReplayResult, console: Console) -> None:
    """Print how many events were accepted, and how many were refused for each reason."""
    console.print(
        f"{len(replayed.conversations)} conversations, {replayed.messages} messages; "
        f"{replayed.accepted} events accepted, {replayed.refused.total()} refused."
    )
    for reason, count in replayed.refused.most_common():
        console.print(f"  {count} {reason}", markup=False)
