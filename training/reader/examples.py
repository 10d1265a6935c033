"""The examples that the reader learns from and is measured on, from written exchanges and labelled transcripts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from stream.contracts.vocabulary import Level, Mechanism
from stream.detection.lexicons import find_concerns
from training.corpora.labels import ReplyLabel, TurnId, TurnLabels
from training.corpora.transcripts import Conversation
from training.corpora.written import WrittenExchange
from training.detector.own_set import WrittenLine
from training.reader.targets import CRITICAL, MISTAKE_CODES, NONE, RESISTANCE, TECHNIQUES

UNKNOWN = -1
"""The target of a question that nobody answered for an example; it adds nothing to the loss."""
# Characters that are read: the end of what came before, the whole of nearly every turn and reply. Both fit the tokens
# that the reader takes (network.py).
BEFORE_CHARACTERS = 500
TEXT_CHARACTERS = 1_000
HARMLESS_EVERY = 10
"""Of ten turns of a transcript one teaches what is not critical: as many as there are written ones of that kind."""


@dataclass(frozen=True, slots=True)
class TurnExample:
    """A client turn after a counsellor's turn, with what is known of it. `group` is never split."""

    id: str
    source: str
    """The corpus, or `written`, `danger` or `lines`."""
    group: str
    before: str = field(repr=False)
    text: str = field(repr=False)
    resistance: int
    weight: float = 1.0
    critical: int = UNKNOWN
    look_alike: bool = False
    critical_look_alike: bool = False

    @property
    def resists(self) -> bool:
        """Whether the turn is labelled as resistance."""
        return self.resistance > 0


@dataclass(frozen=True, slots=True)
class ReplyExample:
    """A reply to a client turn with its levels; `UNKNOWN` where a mechanism could not be rated."""

    id: str
    source: str
    group: str
    before: str = field(repr=False)
    """The client's turn."""
    text: str = field(repr=False)
    levels: tuple[int, ...]
    technique: int = UNKNOWN
    mistake: int = UNKNOWN
    resisted: bool = True
    """Whether the client's turn resists: of such replies the levels are shown to people. Other replies only teach."""


def written_turns(exchanges: Sequence[WrittenExchange]) -> list[TurnExample]:
    """Return the client turn of each written exchange; groups are writers."""
    return _written_turns(exchanges, "written", "writer")


def danger_turns(exchanges: Sequence[WrittenExchange]) -> list[TurnExample]:
    """Return the client turns that were written about danger alone; groups are writers."""
    # Whether these resist was not asked.
    return [replace(turn, resistance=UNKNOWN) for turn in _written_turns(exchanges, "danger", "danger")]


def _written_turns(exchanges: Sequence[WrittenExchange], source: str, group: str) -> list[TurnExample]:
    return [
        TurnExample(
            exchange.id,
            source,
            f"{group}-{exchange.writer}",
            exchange.before[-BEFORE_CHARACTERS:],
            exchange.client_text[:TEXT_CHARACTERS],
            # A critical turn may resist too, but nobody is asked: it has no level and no verdict.
            UNKNOWN if exchange.critical else RESISTANCE.index(exchange.label),
            critical=CRITICAL.index(exchange.critical or NONE),
            look_alike=exchange.lookalike is not None,
            critical_look_alike=exchange.critical_lookalike,
        )
        for exchange in exchanges
    ]


def written_replies(exchanges: Sequence[WrittenExchange]) -> list[ReplyExample]:
    """Return the two replies of each written exchange."""
    return [
        ReplyExample(
            f"{exchange.id}/{number}",
            "written",
            f"writer-{exchange.writer}",
            exchange.client_text[-BEFORE_CHARACTERS:],
            " ".join(reply.text)[:TEXT_CHARACTERS],
            tuple(int(reply.levels[mechanism]) for mechanism in Mechanism),
            TECHNIQUES.index(reply.technique),
            MISTAKE_CODES.index(reply.mistake or NONE),
        )
        for exchange in exchanges
        for number, reply in enumerate(exchange.replies, start=1)
    ]


def line_turns(lines: Sequence[WrittenLine]) -> list[TurnExample]:
    """Return single written lines as turns; all of them are one group."""
    return [
        TurnExample(
            line.id,
            "lines",
            "lines",
            line.counsellor,
            line.client,
            RESISTANCE.index(line.behaviour if line.kind == "resistance" else NONE),
            critical=0,
            look_alike=line.kind == "look_alike",
        )
        for line in lines
    ]


def transcript_turns(conversations: Sequence[Conversation], labels: TurnLabels) -> list[TurnExample]:
    """Return the client turns of all transcripts that were read to their end."""
    return [turn for talk in conversations if talk.id in labels.read for turn in _turns(talk, labels)]


def _turns(talk: Conversation, labels: TurnLabels) -> Iterator[TurnExample]:
    for number, before, turn, _ in talk.client_turns():
        kind, weight = labels.of((talk.id, number))
        yield TurnExample(
            f"{talk.id}/{number}",
            talk.corpus,
            talk.group,
            before.text[-BEFORE_CHARACTERS:] if before else "",
            turn.text[:TEXT_CHARACTERS],
            RESISTANCE.index(kind or NONE),
            weight,
            _critical(number, turn.text),
        )


def _critical(number: int, text: str) -> int:
    """Return what is known of critical content in a transcript's turn: none in a few, nothing in the rest.

    Nobody labelled it there. All turns as harmless taught the reader that danger is what a written corpus sounds like;
    and where the lexicon hears some, nobody says that there is none.
    """
    return 0 if number % HARMLESS_EVERY == 0 and not find_concerns(text) else UNKNOWN


def transcript_replies(
    conversations: Sequence[Conversation], labels: dict[TurnId, ReplyLabel], *, resisted: bool = True
) -> list[ReplyExample]:
    """Return the rated replies of all transcripts; `resisted` says whether the labels are of turns that resist."""
    return [reply for talk in conversations for reply in _replies(talk, labels, resisted=resisted)]


def _replies(talk: Conversation, labels: dict[TurnId, ReplyLabel], *, resisted: bool) -> Iterator[ReplyExample]:
    for number, _, turn, reply in talk.client_turns():
        label = labels.get((talk.id, number))
        if label is None or reply is None or not label.levels:
            continue
        levels: dict[Mechanism, Level] = label.levels
        yield ReplyExample(
            f"{talk.id}/{number}",
            talk.corpus,
            talk.group,
            turn.text[-BEFORE_CHARACTERS:],
            reply.text[:TEXT_CHARACTERS],
            tuple(int(levels.get(mechanism, UNKNOWN)) for mechanism in Mechanism),
            TECHNIQUES.index(label.technique),
            MISTAKE_CODES.index(label.mistake or NONE),
            resisted,
        )


def pairs_of(examples: Sequence[TurnExample] | Sequence[ReplyExample]) -> list[tuple[str, str]]:
    """Return the two texts of each example."""
    return [(each.before, each.text) for each in examples]
