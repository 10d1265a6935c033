"""Made-up transcripts as the evaluation of measures hears them."""

from collections.abc import Sequence

from stream.feedback.models.reader import Opinion
from stream.measures.hearing import hear, pairs_to_read
from tests.stream.measures.samples import ANSWERS, drawn
from training.corpora.transcripts import Conversation, Corpus, Turn
from training.measures.sessions import HeardTalk, as_session


def conversation(name: str, *texts: str, corpus: Corpus = "annomi", group: str | None = None) -> Conversation:
    """Return a transcript in which client and counsellor take turns, the client first."""
    turns = (Turn("counsellor" if number % 2 else "client", text) for number, text in enumerate(texts))
    return Conversation(name, corpus, group or f"video/{name}", tuple(turns))


def heard_talk(talk: Conversation, opinions: Sequence[Opinion] | None = None) -> HeardTalk:
    """Return a transcript with what a made-up reader hears in it."""
    session = as_session(talk)
    return HeardTalk(talk, session, hear(session, opinions or drawn(pairs_to_read(session)), ANSWERS))
