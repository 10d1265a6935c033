"""`counterpoint outcomes import`: check a whole file, then send its outcomes to their topic."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from plugin.adapters.webhook import outcome_of
from plugin.outcomes.file import read_outcomes
from plugin.plain_text import counted, join_words
from plugin.tenants import pseudonyms_of
from stream.contracts.outcomes import Outcome
from stream.contracts.topics import OUTCOMES
from stream.runtime import command_clients
from stream.runtime.codec import encode, partition_of
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, send_and_wait
from stream.runtime.settings import KafkaSettings, Settings
from stream.runtime.topics import require_topics

Send = Callable[[Outcome], None]


def import_outcomes(settings: Settings, console: Console, path: Path, tenant: str, *, dry_run: bool) -> None:
    """Send the outcomes of a file that have consent, and say how many and how many have none.

    The same file may be imported again: an outcome that is there already changes nothing.

    Raises:
        Misconfigured: a setting or a line of the file is wrong; nothing was sent.
        Unavailable: the broker is away; some may have been sent.
    """
    pseudonyms = pseudonyms_of(settings.tenants, tenant)
    outcomes = [outcome_of(payload, tenant, pseudonyms) for payload in read_outcomes(path)]
    kept = [each for each in outcomes if each.consent.processing]
    for line in _plan(outcomes, kept):
        console.print(line, markup=False, highlight=False)
    if dry_run:
        console.print("Nothing was sent (--dry-run).")
        return
    require_topics(settings.kafka)
    sent = send_all(settings.kafka, kept)
    console.print(f"{counted(sent, 'outcome')} sent. The sink stores what nobody has withdrawn or erased since.")


def send_all(kafka: KafkaSettings, outcomes: list[Outcome]) -> int:
    """Send outcomes one after the other, each until every in-sync replica has it, and return their number."""
    with command_clients.producer(kafka) as producer:
        for outcome in outcomes:
            record = encode(outcome)
            partition = partition_of(record.key or b"", kafka.partitions)
            send_and_wait(producer, OUTCOMES, record, partition, timeouts=COMMAND_TIMEOUTS)
    return len(outcomes)


def _plan(outcomes: list[Outcome], kept: list[Outcome]) -> Iterator[str]:
    counts = Counter(each.instrument.value for each in outcomes)
    said = join_words([f"{number} {name}" for name, number in sorted(counts.items())])
    conversations = len({each.conversation_id for each in outcomes})
    yield f"{counted(len(outcomes), 'outcome')} of {counted(conversations, 'conversation')}: {said}."
    if without := len(outcomes) - len(kept):
        yield f"{without} of them without consent to processing, which are not sent."
    if repeated := len(outcomes) - len({each.event_id for each in outcomes}):
        yield f"{repeated} of them are in the file more than once, which changes nothing."
