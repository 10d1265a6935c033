"""A sample session written by us, as the feedback topic carries it and as the page shows it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from plugin.database.needs import Facts, Need
from plugin.queue.views import MessageView, MomentView, SessionRow, SessionView
from plugin.web.times import Times
from stream.contracts import ids
from stream.contracts.feedback import Alternative, Assessment, Evidence, FeedbackRecord, Rating
from stream.contracts.sessions import Counts, Cue, Exchange, Mark, SessionMessage
from stream.contracts.vocabulary import EndReason, Level, MarkKind, Mechanism, ResistanceType, Role, Verdict
from tests.plugin.samples import DETECTOR, MODEL, closed_session

START = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
IN_UTC = Times(UTC)
"""The words for times as somebody reads them who chose no zone."""
TENANT = "helpline"
WORDS: tuple[tuple[str, Role, str], ...] = (
    ("m1", Role.CLIENT, "Hi again"),
    ("m2", Role.COUNSELLOR, "Hello, good that you are here. How was your week?"),
    ("m3", Role.CLIENT, "So so. The same as always."),
    ("m4", Role.COUNSELLOR, "Last time we spoke about writing down one thought each evening."),
    ("m5", Role.CLIENT, "I didn't do it"),
    ("m6", Role.COUNSELLOR, "What got in the way?"),
    ("m7", Role.CLIENT, "Honestly I don't see the point. <b>Nothing</b> changes \U0001f644 I'm not doing that"),
    ("m8", Role.COUNSELLOR, "It sounds as if you are worn out. Still, you should try it for two more weeks."),
    ("m9", Role.CLIENT, "I have to go"),
)
TEXT = {message_id: text for message_id, _, text in WORDS}


def evidence(message_id: str, quote: str) -> Evidence:
    """Return evidence that quotes words of the sample."""
    start = TEXT[message_id].index(quote)
    return Evidence(message_id=message_id, start=start, end=start + len(quote), quote=quote)


def cue(message_id: str, words: str) -> Cue:
    """Return a cue of the detector on words of the sample."""
    found = evidence(message_id, words)
    return Cue(message_id=message_id, start=found.start, end=found.end, weight=1.5)


RATINGS = (
    Rating(
        mechanism=Mechanism.RESPECT_FOR_AUTONOMY,
        level=Level.NONE,
        reason="It decides for the client (\u201cyou should\u201d).",
        evidence=(evidence("m8", "you should try it"),),
    ),
    Rating(
        mechanism=Mechanism.STANCE_ALIGNMENT,
        level=Level.WEAK,
        reason="It takes up the tiredness, then argues.",
        evidence=(evidence("m8", "worn out. Still, you should"),),
    ),
    Rating(
        mechanism=Mechanism.EMOTIONAL_RESONANCE,
        level=Level.STRONG,
        reason="It names what the words suggest.",
        evidence=(evidence("m8", "you are worn out"),),
    ),
    Rating(
        mechanism=Mechanism.CONVERSATIONAL_ORIENTATION,
        level=Level.WEAK,
        reason="It points to the next weeks only.",
        evidence=(evidence("m8", "two more weeks"),),
    ),
)
ALTERNATIVE = Alternative(
    text="You keep trying, and nothing changes. What would you want our time to be for today?",
    mechanism=Mechanism.RESPECT_FOR_AUTONOMY,
    written_id="S-014",
    written_for="Two months of this and nothing has moved.",
    score=0.815,
)


def assessment(session: UUID, exchange: UUID, ratings: tuple[Rating, ...] = RATINGS) -> Assessment:
    """Return the baseline's assessment of the sample's moment."""
    shown = ids.input_id((message_id, 0) for message_id in TEXT)
    return Assessment(
        assessment_id=ids.assessment_id(session, exchange, shown, MODEL.key),
        exchange_id=exchange,
        input_id=shown,
        model=MODEL,
        verdict=Verdict.CONFIRMED,
        resistance_type=ResistanceType.PESSIMISM,
        confidence=0.9,
        ratings=ratings,
        strengths=("It stays friendly.",),
        alternatives=(ALTERNATIVE,),
    )


def record(conversation_id: str, counsellor: str, *, revision: int = 1, **changes: object) -> FeedbackRecord:
    """Return the sample as the sink gets it: an assessed moment (m7, answered by m8) and an unanswered one (m9)."""
    session = ids.session_id(TENANT, conversation_id, "m1")
    exchange = ids.exchange_id(session, "m7")
    whole = closed_session(
        START,
        tenant=TENANT,
        conversation_id=conversation_id,
        session_id=session,
        revision=revision,
        counts=Counts(messages=9, client_messages=5, counsellor_messages=4, client_turns=5, flagged_turns=2),
        counsellors=(counsellor,),
        messages=tuple(
            SessionMessage(
                message_id=message_id,
                revision=0,
                role=role,
                author=counsellor if role is Role.COUNSELLOR else "client-1",
                text=text,
                sent_at=START + timedelta(minutes=4 * at),
            )
            for at, (message_id, role, text) in enumerate(WORDS)
        ),
        exchanges=(
            Exchange(
                exchange_id=exchange,
                context=("m1", "m2", "m3", "m4", "m5", "m6"),
                client_turn=("m7",),
                reply=("m8",),
                counsellor=counsellor,
                score=0.93,
                cues=(cue("m7", "don't see the point"),),
            ),
        ),
        marks=(
            Mark(
                kind=MarkKind.UNANSWERED_MOMENT,
                message_ids=("m9",),
                resistance_type=ResistanceType.UNWILLINGNESS,
                model=MODEL,
            ),
        ),
        assessments=(assessment(session, exchange),),
    )
    return whole.model_copy(update=changes)


def row(**changes: object) -> SessionRow:
    """Return the sample as a row of a supervisor's queue."""
    values: dict[str, object] = {
        "session_id": ids.session_id(TENANT, "conversation-1", "m1"),
        "tenant": TENANT,
        "counsellors": ("Jonas Weber",),
        "started_at": START,
        "ended_at": START + timedelta(minutes=45),
        "end_reason": EndReason.EXPLICIT,
        "revision": 1,
        "need": Need.OTHER,
        "facts": Facts(),
        "moments": 1,
        "counts": Counts(messages=9),
        "left_out": None,
        "decision": None,
    }
    return SessionRow(**{**values, **changes})  # type: ignore[arg-type]


def view(ratings: tuple[Rating, ...] = RATINGS) -> SessionView:
    """Return the sample as a supervisor opens it."""
    stored = record("conversation-1", "counsellor-1")
    exchange = stored.exchanges[0]
    return SessionView(
        row=row(),
        language="en",
        consent=stored.consent,
        closed_at=stored.closed_at,
        messages=tuple(
            MessageView(m.message_id, m.role, "Jonas Weber" if m.role is Role.COUNSELLOR else "", m.sent_at, m.text)
            for m in stored.messages
        ),
        moments=(
            MomentView(
                exchange_id=exchange.exchange_id,
                context=exchange.context,
                client_turn=exchange.client_turn,
                reply=exchange.reply,
                counsellor="Jonas Weber",
                score=exchange.score,
                cues=exchange.cues,
                answer=assessment(stored.session_id, exchange.exchange_id, ratings),
            ),
        ),
        further=(),
        not_confirmed=0,
        marks=stored.marks,
        detector=DETECTOR,
    )
