"""Everything the reader learns from, put together once for all commands."""

from dataclasses import dataclass
from pathlib import Path

from training.corpora.labels import PLAIN, load_reply_labels, load_turn_labels
from training.corpora.transcripts import load_transcripts
from training.corpora.written import DANGER, load_written
from training.detector import own_set
from training.reader.examples import (
    ReplyExample,
    TurnExample,
    danger_turns,
    line_turns,
    transcript_replies,
    transcript_turns,
    written_replies,
    written_turns,
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Turns and replies to learn from and to be measured on."""

    turns: tuple[TurnExample, ...]
    replies: tuple[ReplyExample, ...]


def load_examples(data: Path) -> Examples:
    """Return all examples: written exchanges and lines of this folder, labelled transcripts of `data`.

    Raises:
        DataError: a file is absent or has another shape.
    """
    talks, exchanges = load_transcripts(data), load_written()
    return Examples(
        (
            *transcript_turns(talks, load_turn_labels()),
            *written_turns(exchanges),
            *danger_turns(load_written(DANGER)),
            *line_turns(own_set.load(own_set.WRITTEN)),
        ),
        (
            *transcript_replies(talks, load_reply_labels()),
            *transcript_replies(talks, load_reply_labels(name=PLAIN), resisted=False),
            *written_replies(exchanges),
        ),
    )
