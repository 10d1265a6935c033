"""The reader of the labels of AnnoMI-full: what each annotator heard in each utterance of the therapist.

The full table has the columns of the simple one, and in addition who annotated and the kinds of input, reflection and
question. Some transcripts have a row for each of ten annotators.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.published.rows import Row, choice_of, step_of, table_rows, text_of

KINDS: Final = {
    "therapist_input": ("information", "advice", "negotiation", "options"),
    "reflection": ("simple", "complex"),
    "question": ("open", "closed"),
}
"""The behaviours that have kinds, with the kinds of each; a kind's column is named after its behaviour."""
OTHER: Final = "other"
CODES: Final = (OTHER, *(f"{behaviour}/{kind}" for behaviour, kinds in KINDS.items() for kind in kinds))
_NONE: Final = "n/a"
_COLUMNS: Final = frozenset(
    {
        "transcript_id", "video_url", "utterance_id", "interlocutor", "utterance_text", "annotator_id",
        "main_therapist_behaviour", *(f"{behaviour}_subtype" for behaviour in KINDS),
    }
)  # fmt: skip
_NUMBERS: Final = range(100_000)
"""More utterances than a transcript has, and more annotators."""


@dataclass(frozen=True, slots=True)
class AnnotatedUtterance:
    """An utterance as one annotator labelled it; a client's has no code."""

    place: str
    transcript: str
    group: str
    """The video that the transcript is of."""
    number: int
    annotator: int
    is_client: bool
    text: str = field(repr=False)
    code: str | None
    """The main behaviour with its kind, such as `question/open`; one of `CODES`."""


def read(path: Path) -> list[AnnotatedUtterance]:
    """Return the rows of the table in order.

    Raises:
        Misconfigured: the file has another form, or a row contradicts itself; the message names the line.
    """
    rows = [_utterance(row, place) for place, row in table_rows(path, _COLUMNS, "AnnoMI-full")]
    _check_repetitions(rows)
    return rows


def _check_repetitions(rows: Sequence[AnnotatedUtterance]) -> None:
    """Check that each annotator labelled an utterance once, and that it has the same words in each of its rows."""
    first: dict[tuple[str, int], AnnotatedUtterance] = {}
    by_annotator: dict[tuple[str, int, int], str] = {}
    for row in rows:
        which = (row.transcript, row.number)
        other = by_annotator.setdefault((*which, row.annotator), row.place)
        if other != row.place:
            raise Misconfigured(f"{row.place}: its annotator has the utterance in {other} too. Take one of them out.")
        one = first.setdefault(which, row)
        if (one.is_client, one.text, one.group) != (row.is_client, row.text, row.group):
            raise Misconfigured(f"{row.place}: the utterance has other words than in {one.place}. Copy the file again.")


def by_turn(rows: Sequence[AnnotatedUtterance]) -> Iterator[tuple[str, list[list[AnnotatedUtterance]]]]:
    """Yield each transcript with its turns in order: the rows of one side's utterances in a row, of all annotators."""
    transcripts: dict[str, dict[int, list[AnnotatedUtterance]]] = {}
    for row in rows:
        transcripts.setdefault(row.transcript, {}).setdefault(row.number, []).append(row)
    for transcript, by_number in transcripts.items():
        turns: list[list[AnnotatedUtterance]] = []
        for number in sorted(by_number):
            own = by_number[number]
            if turns and turns[-1][0].is_client == own[0].is_client:
                turns[-1] += own
            else:
                turns.append(list(own))
        yield transcript, turns


def _utterance(row: Row, place: str) -> AnnotatedUtterance:
    is_client = choice_of(row, "interlocutor", place, ("client", "therapist")) == "client"
    return AnnotatedUtterance(
        place,
        text_of(row, "transcript_id", place),
        text_of(row, "video_url", place),
        step_of(row, "utterance_id", place, _NUMBERS),
        step_of(row, "annotator_id", place, _NUMBERS),
        is_client,
        text_of(row, "utterance_text", place),
        None if is_client else _code(row, place),
    )


def _code(row: Row, place: str) -> str:
    behaviour = choice_of(row, "main_therapist_behaviour", place, (*KINDS, OTHER))
    if behaviour == OTHER:
        return OTHER
    kind = choice_of(row, f"{behaviour}_subtype", place, (*KINDS[behaviour], _NONE))
    if kind == _NONE:
        raise Misconfigured(
            f"{place}: main_therapist_behaviour is {behaviour}, and {behaviour}_subtype says no kind. Correct one of"
            " them."
        )
    return f"{behaviour}/{kind}"
