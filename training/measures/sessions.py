"""The transcripts on which measures are evaluated: those that the shipped reader has not seen, as it hears them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from stream.contracts.vocabulary import Role
from stream.feedback.models.reader import READER, load_reader
from stream.measures.hearing import Heard, hear, pairs_to_read
from stream.measures.turns import FinishedSession, SaidMessage, finished_session
from stream.model_repository import version_folder
from training.corpora.labels import TurnId
from training.corpora.transcripts import Conversation, load_transcripts
from training.reader.data import load_examples
from training.reader.folds import fold_of_examples

SHIPPED_FOLD = 0
"""The fold that the reader that ships has not seen (its card)."""
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class HeardTalk:
    """A transcript as a finished session, with what the reader hears in it."""

    talk: Conversation
    session: FinishedSession = field(repr=False)
    heard: Heard = field(repr=False)


def held_out(data: Path) -> list[Conversation]:
    """Return the transcripts whose videos or sessions the shipped reader has not seen, neither turns nor replies."""
    return [talk for talk, fold in with_folds(data) if fold == SHIPPED_FOLD]


def with_folds(data: Path) -> list[tuple[Conversation, int]]:
    """Return all transcripts, each with the fold of its video or session."""
    examples = load_examples(data)
    folds = fold_of_examples(examples.turns, examples.replies)
    return [(talk, folds[talk.group]) for talk in load_transcripts(data) if talk.group in folds]


def turns_alone(talks: Sequence[Conversation], turns: Sequence[TurnId]) -> list[Conversation]:
    """Return single client turns, each with the turn before it, as transcripts of their own, in order."""
    by_id = {talk.id: talk for talk in talks}
    found = []
    for conversation, number in turns:
        talk = by_id[conversation]
        before, turn = next((before, turn) for own, before, turn, _ in talk.client_turns() if own == number)
        found.append(replace(talk, turns=(turn,) if before is None else (before, turn)))
    return found


def as_session(talk: Conversation) -> FinishedSession:
    """Return a transcript as a finished session; transcripts tell no times, so each turn is a second after the last."""
    said = [
        SaidMessage(Role.CLIENT if turn.speaker == "client" else Role.COUNSELLOR, turn.text, place)
        for place, turn in enumerate(talk.turns)
    ]
    return finished_session(said, _LANGUAGE)


def hear_talks(talks: Sequence[Conversation]) -> list[HeardTalk]:
    """Return the transcripts with what the shipped reader hears, read in this process."""
    sessions = [as_session(talk) for talk in talks]
    return [
        HeardTalk(talk, session, heard)
        for talk, session, heard in zip(talks, sessions, hear_sessions(sessions), strict=True)
    ]


def hear_sessions(sessions: Sequence[FinishedSession]) -> list[Heard]:
    """Return what the shipped reader hears in each session, read in this process."""
    module, reader = load_reader(version_folder(READER))
    answers = module.answers(version_folder(READER))
    return [hear(session, reader.read(pairs_to_read(session)), answers) for session in sessions]
