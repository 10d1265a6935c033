"""The tenants that wrote to Kafka without being in the settings, as the dead letters of the stream stage tell."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from plugin.operations.dead_letter import DeadLetter
from plugin.operations.dead_letter_topic import read_dead_letters
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.settings import Settings

DAY: Final = timedelta(hours=24)
_NAME: Final = re.compile(rb"([a-z0-9][a-z0-9-]{0,62}):")
REMEDY: Final = (
    "Name the platform in the settings of every stage ([tenants.{name}]), start them again, and send the records again:"
    " counterpoint dead-letters replay --reason-code unknown_tenant. If the name is misspelt, the platform corrects it."
)


def unknown_tenants(letters: Iterable[DeadLetter], known: Collection[str]) -> Mapping[str, int]:
    """Return the tenants that were refused as unknown and still are, with how many dead letters each of them has."""
    names: Counter[str] = Counter()
    for letter in letters:
        found = _NAME.match(letter.key or b"") if letter.reason == DeadLetterReason.UNKNOWN_TENANT else None
        if found is not None and (name := found[1].decode()) not in known:
            names[name] += 1
    return dict(names.most_common())


def recent_unknown_tenants(settings: Settings, *, now: datetime) -> Mapping[str, int]:
    """Return the unknown tenants of the last 24 hours.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the topic does not exist.
    """
    return unknown_tenants(read_dead_letters(settings.kafka, now - DAY), settings.tenants)
