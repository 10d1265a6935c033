"""The canonical form in which a filter of a list is stored: codes, ids and days, never words; pure functions."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from plugin.database.needs import Need
from plugin.queue.filters import (
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
    check_filter,
)
from stream.contracts.vocabulary import Mechanism

Form = dict[str, str]
_READ: Final[Mapping[str, Callable[[str], Any]]] = {  # each value has the type of its field
    "therapist": UUID,
    "need": lambda name: Need[name.upper()],
    "state": QueueState,
    "handed": HandedTo,
    "follow_up": FollowUpState,
    "mechanism": Mechanism,
    "ended_from": date.fromisoformat,
    "ended_to": date.fromisoformat,
    "order": QueueOrder,
}
"""How each field of a filter is read from its written form."""


def form_of(chosen: QueueFilter) -> Form:
    """Return a filter in its canonical form; a field that filters nothing is missing."""
    values = ((name, getattr(chosen, name)) for name in _READ)
    return {name: _written(value) for name, value in values if value is not None}


def filter_of(queue_list: QueueList, form: Form) -> QueueFilter | None:
    """Return the filter that a form holds, or None if this version has no such filter of the list."""
    try:
        chosen = QueueFilter(**{name: _READ[name](value) for name, value in form.items()})
        check_filter(queue_list, chosen)
    except (KeyError, ValueError):
        return None
    return chosen


def _written(value: object) -> str:
    if isinstance(value, Need):  # by its name, since its number is its place among the needs
        return value.name.lower()
    return value.isoformat() if isinstance(value, date) else str(value)
