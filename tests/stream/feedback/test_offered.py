"""A written reply is offered once in a session, unless nothing else is as good, and never to a client's first words."""

from stream.contracts.feedback import Alternative
from stream.contracts.vocabulary import Mechanism
from stream.feedback.offered import choose_alternatives


def option(name: str | None) -> Alternative:
    """Return an alternative, with the id of the written exchange that it comes from."""
    return Alternative(text="What matters most?", mechanism=Mechanism.STANCE_ALIGNMENT, written_id=name)


BEST, SECOND, THIRD = option("R-001"), option("R-002"), option("R-003")


def test_the_best_is_offered_where_it_is_new() -> None:
    """What no earlier moment has is offered first."""
    assert choose_alternatives((BEST,), (SECOND,), {"R-002"}, is_opening=False) == (BEST,)


def test_the_first_new_spare_takes_the_place_of_what_was_offered() -> None:
    """In the place of a reply that an earlier moment has stands the first spare that none has."""
    assert choose_alternatives((BEST,), (SECOND, THIRD), {"R-001"}, is_opening=False) == (SECOND,)
    assert choose_alternatives((BEST,), (SECOND, THIRD), {"R-001", "R-002"}, is_opening=False) == (THIRD,)


def test_the_best_is_offered_again_where_nothing_else_is_as_good() -> None:
    """A reply stands twice in a session where there is no other."""
    assert choose_alternatives((BEST,), (), {"R-001"}, is_opening=False) == (BEST,)
    assert choose_alternatives((BEST,), (SECOND,), {"R-001", "R-002"}, is_opening=False) == (BEST,)


def test_what_a_model_worded_stays() -> None:
    """Alternatives without a written source are left as they are, and so is none."""
    own = (option(None), option(None))
    assert choose_alternatives(own, (), {"R-001"}, is_opening=False) == own
    assert choose_alternatives((), (SECOND,), {"R-001"}, is_opening=False) == ()


def test_no_written_reply_is_offered_to_a_clients_first_words() -> None:
    """Where the client has only begun to write no written reply is offered, and what a model worded stays."""
    assert choose_alternatives((BEST,), (SECOND,), set(), is_opening=True) == ()
    own = option(None)
    assert choose_alternatives((own, BEST), (), set(), is_opening=True) == (own,)
