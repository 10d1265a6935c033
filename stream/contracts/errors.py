"""Exceptions, each named by what the caller does next.

    CounterpointError
    ├── Poison         the record can never be used: dead-letter it, acknowledge it, continue
    ├── Unavailable    a broker, model or database is away: hold the record, keep polling, retry after `retry_after` s
    ├── Denied         the caller has no right to this: refuse, without giving the reason
    ├── TooManyDeadLetters  nearly every record is refused: stop, because the fault is not in the records
    └── Misconfigured  a person must change a setting: stop, print the sentence

None of them ever carries message text, because they are logged.
"""

from typing import ClassVar

from stream.contracts.vocabulary import DeadLetterReason


class CounterpointError(Exception):
    """The base class of all exceptions of Counterpoint."""

    exit_status: ClassVar[int] = 1
    """The exit status of a command that ends with the exception. 1: something did not answer, a restart may help."""


class Poison(CounterpointError):  # noqa: N818 - named by what the caller does, not by what it is
    """A record that no retry can help.

    `place` names a field or a step, never its content; `wanted` says the form that it must have, where that is known.
    """

    def __init__(self, reason: DeadLetterReason, place: str, wanted: str = "") -> None:
        super().__init__(f"{reason.value} at {place}")
        self.reason = reason
        self.place = place
        self.wanted = wanted


class Unavailable(CounterpointError):  # noqa: N818
    """A broker, a model or a database is away. `retry_after` is in seconds."""

    def __init__(self, what: str, retry_after: float = 1.0) -> None:
        super().__init__(f"{what} is unavailable; try again in {retry_after:g} s")
        self.what = what
        self.retry_after = retry_after


class Denied(CounterpointError):  # noqa: N818
    """The caller has no right to this, or its signature is not valid. `why` is for the log, not for the answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class TooManyDeadLetters(CounterpointError):  # noqa: N818
    """Nearly every record is refused: the stage stops, so that a person looks before more records are dead-lettered."""

    exit_status = 3


class Misconfigured(CounterpointError):  # noqa: N818
    """A setting is missing or wrong; the message is a sentence that says how to correct it."""

    exit_status = 2


NO_RESTART_STATUSES = frozenset({Misconfigured.exit_status, TooManyDeadLetters.exit_status})
"""Exit statuses after which an automatic restart would only hide the problem, or do harm."""
