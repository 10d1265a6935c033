"""A feedback record under the bound of a record."""

from stream.contracts.feedback import Abstention, FeedbackRecord
from stream.contracts.ids import exchange_id
from stream.contracts.vocabulary import NeedsHuman
from stream.feedback.size import fit_to_max_size
from tests.stream.feedback.builders import LLM, SESSION, record


def session(*scores: float) -> FeedbackRecord:
    """Return a feedback record with one abstention for each score."""
    outline = record()
    first = outline.exchanges[0]
    exchanges = tuple(
        first.model_copy(update={"exchange_id": exchange_id(SESSION, f"x-{n}"), "score": score})
        for n, score in enumerate(scores)
    )
    abstentions = tuple(
        Abstention(
            assessment_id=SESSION,
            exchange_id=one.exchange_id,
            input_id=SESSION,
            model=LLM,
            reason=NeedsHuman.MODEL_FAILED,
        )
        for one in exchanges
    )
    fields = {**outline.model_dump(exclude={"known_names"}), "exchanges": exchanges, "abstentions": abstentions}
    return FeedbackRecord(**fields)


def size(feedback: FeedbackRecord) -> int:
    """Bytes on the topic."""
    return len(feedback.model_dump_json(exclude_none=True).encode())


def test_a_record_that_fits_is_left_as_it_is() -> None:
    """A record that fits is left unchanged."""
    whole = session(0.5, 0.9)
    assert fit_to_max_size(whole, size(whole)) == whole


def test_the_lowest_score_goes_first_with_its_answer_and_is_counted() -> None:
    """The exchange with the lowest score is removed first, with its answer, and counted."""
    whole = session(0.7, 0.5, 0.9)
    smaller = fit_to_max_size(whole, size(whole) - 1)
    assert [one.score for one in smaller.exchanges] == [0.7, 0.9]
    assert [one.exchange_id for one in smaller.abstentions] == [one.exchange_id for one in smaller.exchanges]
    assert smaller.counts.exchanges_dropped_for_size == 1


def test_nothing_but_exchanges_is_ever_dropped() -> None:
    """The session record kept the bound without answers, so this always ends there."""
    smaller = fit_to_max_size(session(0.5, 0.9), 10)
    assert (smaller.exchanges, smaller.abstentions) == ((), ())
    assert smaller.counts.exchanges_dropped_for_size == 2
    assert len(smaller.messages) == 3
