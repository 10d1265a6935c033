"""Tests of the words of what is new, and of what became of a digest."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from plugin.database.viewer import AccountRole
from plugin.queue.digest_preferences import Way
from plugin.queue.digests import DeliveryLine, DeliveryState
from plugin.queue.news import Change, ChangeKind
from plugin.web.digest_words import NOTHING_YET, change, latest, what_is_new

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize("kind", ChangeKind)
def test_each_kind_of_change_has_words(kind: ChangeKind) -> None:
    """Each kind of change is said in words that follow a name."""
    assert change(Change(kind, uuid4(), AT, "Ana", AT))[0].islower()


@pytest.mark.parametrize(
    ("state", "attempts", "words"),
    [
        (DeliveryState.SENT, 1, "was sent"),
        (DeliveryState.NOTHING_NEW, 1, "nothing was new"),
        (DeliveryState.FAILED, 7, "check the address"),
        (DeliveryState.WAITING, 0, "on its way"),
        (DeliveryState.WAITING, 2, "tried again"),
    ],
)
def test_each_end_of_a_digest_has_a_sentence(state: DeliveryState, attempts: int, words: str) -> None:
    """What became of a digest is one sentence or two with its day."""
    said = latest(DeliveryLine(date(2026, 11, 30), state, Way.MAIL, attempts, AT))
    assert words in said
    assert "Mon 30 Nov 2026" in said


def test_a_therapist_and_a_supervisor_are_told_differently() -> None:
    """To a therapist sessions are passed on; to a supervisor they are new."""
    assert what_is_new(AccountRole.THERAPIST, 1) == "1 session passed on to you"
    assert what_is_new(AccountRole.SUPERVISOR, 2) == "2 new sessions"


def test_a_lead_is_told_of_no_session() -> None:
    """To the lead a session is no news: the page names what was escalated, and says so where there is nothing."""
    assert what_is_new(AccountRole.LEAD, 0) == "What was escalated, or came to you"
    assert what_is_new(AccountRole.SUPERVISOR, 0) == "Nothing new"
    assert set(NOTHING_YET) == {role for role in AccountRole if role.reads_sessions}
