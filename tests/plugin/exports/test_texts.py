"""The text of an export has each name by one placeholder, and nothing where the words had their time."""

from dataclasses import replace

from sqlalchemy import Engine

from plugin.database.engine import transaction
from plugin.database.viewer import Viewer
from plugin.exports.reviews import read_reviews
from plugin.exports.texts import SessionTexts, hide_names
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, level_of, rating_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import SessionView
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Mechanism
from tests.plugin.conftest import People
from tests.plugin.exports.samples import typed_record
from tests.plugin.samples import SAID, apply_records

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY


def opened(store: Store, viewer: Viewer, sent: FeedbackRecord) -> SessionView:
    """Return the session as its supervisor opens it."""
    view = store.open(viewer, sent.session_id)
    assert view is not None
    return view


def test_a_name_has_one_placeholder_in_the_whole_session(store: Store, engine: Engine, people: People) -> None:
    """A name that is introduced once, and the therapist's, are hidden wherever they stand, each by one placeholder."""
    sent = typed_record(client_text="My name is Karola.")
    apply_records(engine, sent)
    hide = hide_names(opened(store, people.supervisor, sent), ["Ana Weber"])
    first, again = hide("Karola wrote to Ana."), hide("Ana, and karola!")
    assert "Karola" not in first
    assert "Ana" not in first + again
    assert set(first.replace(".", "").split()) & set(again.replace(",", "").replace("!", "").split()) >= {
        "[COUNSELLOR_1]",
        "[NAME_1]",
    }


def test_each_statement_has_its_own_words(store: Store, engine: Engine, people: People) -> None:
    """A rating has its reason, strengths and suggestions have their words, moment and verdict the turns alone."""
    sent = typed_record()
    apply_records(engine, sent)
    view = opened(store, people.supervisor, sent)
    with transaction(engine, people.supervisor.user_id) as session:
        (review,) = read_reviews(session, people.supervisor, [sent.session_id])
        session.expunge_all()
    (moment,) = review.moments
    texts = SessionTexts(view, lambda words: words)
    for statement in (MOMENT, VERDICT):
        assert texts(moment, str(statement)) == dict(zip(("client_turn", "reply"), SAID, strict=True))
    assert texts(moment, str(rating_of(AUTONOMY)))["words"] == f"How far the reply expresses {AUTONOMY.value}."
    assert texts(moment, str(level_of(AUTONOMY))) == texts(moment, str(rating_of(AUTONOMY)))
    assert texts(moment, str(STRENGTHS))["words"] == "It takes the client's words seriously."
    assert "worth your time" in texts(moment, str(suggestion(1)))["words"]
    assert "words" not in texts(moment, str(suggestion(2)))
    gone = SessionTexts(replace(view, messages=(), moments=()), lambda words: words)
    assert gone(moment, str(MOMENT)) == {}


def test_words_that_had_their_time_are_not_said_to_be_a_reason(store: Store, engine: Engine, people: People) -> None:
    """Once quotes and messages are removed, a rating has no text: not even the sentence that says so on the page."""
    sent = typed_record()
    apply_records(engine, sent)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE answers SET words = NULL")
        connection.exec_driver_sql("DELETE FROM messages")
    view = opened(store, people.supervisor, sent)
    with transaction(engine, people.supervisor.user_id) as session:
        (review,) = read_reviews(session, people.supervisor, [sent.session_id])
        session.expunge_all()
    assert SessionTexts(view, lambda words: words)(review.moments[0], str(rating_of(AUTONOMY))) == {}
