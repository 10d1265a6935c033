"""Reads the labels of public transcripts: ids and labels alone, made by a language model from a written codebook."""

from dataclasses import dataclass
from pathlib import Path

from stream.contracts.rubric import MISTAKES, Technique
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from training.errors import DataError

FOLDER = Path(__file__).parent / "labels"
TurnId = tuple[str, int]
"""A conversation, and the number of a client turn in it, from 1."""
RESISTED, PLAIN, SECOND_RATER = (
    "reply-levels.tsv",
    "reply-levels-plain.tsv",
    "reply-levels-second-rater.tsv",
)
"""The files with the levels of replies: to client turns that resist, to others, and to some of either once more."""
BORDERLINE = 0.6
"""The weight of a label that its coder called borderline, or that a second coder did not give."""
_NOTHING = "-"
_CODES = {mistake.code: mistake.code for mistake in MISTAKES}


@dataclass(frozen=True, slots=True)
class TurnLabels:
    """The PsyFIRE labels: which conversations were read to their end, and which of their client turns resist."""

    read: frozenset[str]
    resisting: dict[TurnId, tuple[ResistanceType, float]]
    """The behaviour of a resisting turn, and the weight of the label."""
    doubted: frozenset[TurnId]
    """Turns on which a second coder differed."""

    def of(self, turn: TurnId) -> tuple[ResistanceType | None, float]:
        """Return the behaviour of a turn, or None if it does not resist, with the weight of the label."""
        kind, weight = self.resisting.get(turn, (None, 1.0))
        return kind, min(weight, BORDERLINE) if turn in self.doubted else weight


@dataclass(frozen=True, slots=True)
class ReplyLabel:
    """The levels of a reply to a client turn; a mechanism that the rater could not rate is absent."""

    levels: dict[Mechanism, Level]
    technique: Technique
    mistake: str | None


def load_turn_labels(folder: Path = FOLDER) -> TurnLabels:
    """Return the labels of client turns.

    Raises:
        DataError: a line has another shape.
    """
    read, first = _coder(folder / "psyfire.tsv")
    read_twice, second = _coder(folder / "psyfire-second-coder.tsv")
    twice = {turn for turn in {*first, *second} if turn[0] in read_twice}
    doubted = {turn for turn in twice if _kind(first, turn) != _kind(second, turn)}
    return TurnLabels(frozenset(read), first, frozenset(doubted))


def _kind(labels: dict[TurnId, tuple[ResistanceType, float]], turn: TurnId) -> ResistanceType | None:
    return labels[turn][0] if turn in labels else None


def _coder(path: Path) -> tuple[set[str], dict[TurnId, tuple[ResistanceType, float]]]:
    read: set[str] = set()
    labels: dict[TurnId, tuple[ResistanceType, float]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match line.split("\t"):
            case [conversation, "done"]:
                read.add(conversation)
            case [conversation, turn, kind, confidence]:
                try:
                    weight = 1.0 if int(confidence) > 1 else BORDERLINE
                    labels[conversation, int(turn.removeprefix("C"))] = (ResistanceType(kind), weight)
                except ValueError:
                    raise DataError(f"{path}, line {number}: not a turn, a behaviour and a confidence") from None
            case _:
                raise DataError(f"{path}, line {number}: not two or four columns")
    return read, labels


def load_reply_labels(folder: Path = FOLDER, name: str = RESISTED) -> dict[TurnId, ReplyLabel]:
    """Return the levels of the replies that follow client turns; `name` is one of the files.

    Raises:
        DataError: a line has another shape.
    """
    path = folder / name
    found: dict[TurnId, ReplyLabel] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            conversation, turn, *levels, technique, mistake = line.split("\t")
            rated = zip(Mechanism, levels, strict=True)
            found[conversation, int(turn.removeprefix("C"))] = ReplyLabel(
                {mechanism: Level(int(level)) for mechanism, level in rated if level != "x"},
                Technique(technique),
                None if mistake == _NOTHING else _CODES[mistake],
            )
        except (KeyError, ValueError):
            raise DataError(f"{path}, line {number}: not a turn, four levels, a technique and a mistake") from None
    return found
