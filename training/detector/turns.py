"""The client turns that the detector learns from: labelled transcripts, written exchanges and single written lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stream.detection import DetectorInput
from training.corpora.labels import load_turn_labels
from training.corpora.transcripts import load_transcripts
from training.corpora.written import load_written
from training.detector import own_set
from training.reader.examples import UNKNOWN, TurnExample, line_turns, transcript_turns, written_turns

TRANSCRIPTS = ("annomi", "mibot")
"""The sources of real turns: spoken and typed."""


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """A client turn with what is known of it, and the messages in which the detector meets it."""

    example: TurnExample
    messages: tuple[str, ...] = field(repr=False)

    @property
    def source(self) -> str:
        """The corpus that the turn comes from."""
        return self.example.source

    @property
    def group(self) -> str:
        """The conversation or the writer, which is never split between training and test."""
        return self.example.group

    @property
    def resists(self) -> bool:
        """Whether the turn is labelled as resistance."""
        return self.example.resists

    @property
    def critical(self) -> bool:
        """Whether the turn was written to hold critical content."""
        return self.example.critical > 0

    @property
    def worth_reading(self) -> bool:
        """Whether the detector should flag the turn: it resists, or it holds critical content."""
        return self.resists or self.critical

    @property
    def labelled(self) -> bool:
        """Whether it is known that the turn is worth reading, or that it is not."""
        return self.critical or self.example.resistance != UNKNOWN

    @property
    def whole(self) -> DetectorInput:
        """The whole turn as one input, from which the model learns."""
        return DetectorInput(self.example.text, self.example.before or None)

    def inputs(self) -> list[DetectorInput]:
        """Return an input for each message, as the detector gets them."""
        return [DetectorInput(message, self.example.before or None) for message in self.messages]


def load(data: Path) -> list[LabelledTurn]:
    """Return all labelled turns: transcripts of `data`, and what was written for this project.

    Raises:
        DataError: a file is absent or has another shape.
    """
    exchanges = load_written()
    spoken = [
        *transcript_turns(load_transcripts(data), load_turn_labels()),
        *line_turns(own_set.load(own_set.WRITTEN)),
    ]
    return [
        *(LabelledTurn(turn, (turn.text,)) for turn in spoken),
        *(
            LabelledTurn(turn, exchange.client)
            for turn, exchange in zip(written_turns(exchanges), exchanges, strict=True)
        ),
    ]


def of_source(turns: Sequence[LabelledTurn], source: str) -> list[LabelledTurn]:
    """Return the turns of one source, in order."""
    return [turn for turn in turns if turn.source == source]
