"""Tests of the words of a review: every code has some, and a state names who has it and until when."""

from datetime import UTC, datetime
from uuid import uuid4

from plugin.queue.review_views import Claim, Judgement, Label, Opinion, ReviewProgress, WithholdReason
from plugin.web.review_words import REASONS, said, state
from tests.plugin.web.samples import IN_UTC, row

AT = datetime(2026, 11, 3, 15, 5, tzinfo=UTC)


def test_every_reason_has_words() -> None:
    """Each reason for withholding a statement has words of its own."""
    assert set(REASONS) == set(WithholdReason)
    assert len(set(REASONS.values())) == len(REASONS)


def test_a_label_says_who_thinks_what() -> None:
    """A label's sentence names the supervisor, what she thinks, and her reason, of a statement and of a moment."""
    agreed = Label(Opinion(Judgement.AGREED), "Mara", AT)
    unclear = Label(Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR), "Mara", AT)
    assert (said(agreed), said(unclear)) == ("Mara agrees.", "Mara withholds this: unclear.")
    assert said(agreed, moment=True) == "Mara passes this moment on."
    assert said(unclear, moment=True) == "Mara keeps this moment back: unclear."


def test_a_state_is_that_of_the_claim_before_that_of_the_review() -> None:
    """A claimed session says by whom and until when, a reviewed one what it waits for, and a new one nothing."""
    claim = Claim(uuid4(), "Mara", AT)
    assert state(row(), IN_UTC) is None
    assert state(row(is_reviewed=True), IN_UTC) == ("reviewed", "reviewed, waits for its release")
    assert state(row(is_reviewed=True, claim=claim), IN_UTC) == (
        "claimed",
        "Mara reviews it, until 15:05 UTC at the latest",
    )


def test_a_session_reviewed_in_part_says_how_much_of_it() -> None:
    """What was begun says how many moments are done; before the first one, how many statements were judged."""
    begun, hardly = ReviewProgress(moments=2, statements=7), ReviewProgress(moments=0, statements=1)
    assert state(row(moments=3, progress=begun), IN_UTC) == ("begun", "reviewed in part: 2 of 3 moments reviewed")
    assert state(row(moments=3, progress=hardly), IN_UTC) == (
        "begun",
        "reviewed in part: 0 of 3 moments reviewed, 1 statement judged",
    )
    whole = row(moments=3, is_reviewed=True, progress=ReviewProgress(3, 0))
    assert state(whole, IN_UTC) == ("reviewed", "reviewed, waits for its release")
    claimed = state(row(moments=3, progress=begun, claim=Claim(uuid4(), "Mara", AT)), IN_UTC)
    assert claimed is not None
    assert claimed[1].endswith("at the latest; 2 of 3 moments reviewed")
