"""What is marked where nobody replied: the turns that the detector flags, and those of them that the reader confirms.

Transcripts that end on a client's turn end on a goodbye, mostly. The reader's verdict is made from the turn and the one
before it alone, so all turns of a transcript say what it is worth where a client leaves in the middle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.feedback.models.reader import READER
from stream.model_repository import version_folder
from training.corpora.transcripts import load_transcripts
from training.detector.evaluation import Scored
from training.detector.measures import ThresholdMetrics, threshold_metrics
from training.detector.turns import TRANSCRIPTS
from training.reader.evaluate import resistance_scores
from training.reader.folds import finished_folds
from training.reader.served import read_served

OUT_OF_FOLD = Path(__file__).parents[1] / "reader" / "out_of_fold" / "both"


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """How often a mark is right in one source, by the flag alone and by the reader's verdict on what is flagged."""

    source: str
    turns: int
    resisting: int
    flagged: ThresholdMetrics
    read: int
    """The number of turns on which a reader that saw nothing of their group has a verdict."""
    confirmed: ThresholdMetrics
    """Among these."""


def turns_without_reply(data: Path) -> frozenset[str]:
    """Return the ids of the client turns on which a transcript of `data` ends."""
    return frozenset(
        f"{talk.id}/{number}"
        for talk in load_transcripts(data)
        for number, _, _, reply in talk.client_turns()
        if reply is None
    )


def out_of_fold_verdicts(answers: Path = OUT_OF_FOLD) -> dict[str, bool]:
    """Return by turn whether a reader that saw nothing of its group confirms it, at the threshold that ships.

    Raises:
        DataError: no fold is finished.
    """
    found, served = finished_folds(answers), read_served(version_folder(READER))
    scores = resistance_scores(found.turns)
    return {turn: bool(score >= served.confirm) for turn, score in zip(found.turn_ids, scores, strict=True)}


def unanswered_rows(
    scored: Sequence[Scored], without_reply: Iterable[str], verdicts: Mapping[str, bool]
) -> list[UnansweredRow]:
    """Measure all turns of each kind of transcript, then those without a reply."""
    last = frozenset(without_reply)
    rows = []
    for source in TRANSCRIPTS:
        own = [each for each in scored if each.turn.source == source]
        rows.append(_row(f"{source}, every turn", own, verdicts))
        rows.append(_row(f"{source}, no reply", [each for each in own if each.turn.example.id in last], verdicts))
    return rows


def _row(source: str, scored: Sequence[Scored], verdicts: Mapping[str, bool]) -> UnansweredRow:
    read = [each for each in scored if each.turn.example.id in verdicts]
    return UnansweredRow(
        source,
        len(scored),
        sum(each.turn.resists for each in scored),
        threshold_metrics([each.turn.resists for each in scored], [each.flagged for each in scored]),
        len(read),
        threshold_metrics(
            [each.turn.resists for each in read],
            [each.flagged and verdicts[each.turn.example.id] for each in read],
        ),
    )
