"""Tests of what is new by counsellor: names by the alphabet, sessions by need, each with its own moments."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from plugin.database.needs import Need
from plugin.queue.therapist_news import by_therapist
from plugin.queue.views import SessionView
from tests.plugin.web.samples import START, TEXT, view


def session(*counsellors: str, need: Need = Need.OTHER, days: int = 0) -> SessionView:
    """Return a session of these counsellors that ended on a day, with the sample's moment answered by the first."""
    one = view()
    row = replace(
        one.row, session_id=uuid4(), counsellors=counsellors, need=need, ended_at=START + timedelta(days=days)
    )
    moment = replace(one.moments[0], counsellor=counsellors[0] if counsellors else None)
    return replace(one, row=row, moments=(moment,))


def names_of(*sessions: SessionView) -> list[str | None]:
    """Return the names of the groups, in order."""
    return [each.name for each in by_therapist(sessions)]


def test_counsellors_stand_by_the_alphabet() -> None:
    """Counsellors stand by the alphabet without accents and capitals, whatever they need."""
    named = [session(name, need=need) for name, need in zip(["zeno", "Émile", "Ada", "bo"], Need, strict=False)]
    assert names_of(*named) == ["Ada", "bo", "Émile", "zeno"]


def test_the_sessions_of_each_stand_by_need_and_the_oldest_first() -> None:
    """The sessions of a counsellor stand in order of need, those of one need by age."""
    last, second, first = session("Ada", days=1), session("Ada"), session("Ada", need=Need.RISK, days=5)
    (ada,) = by_therapist([last, second, first])
    assert [each.session for each in ada.sessions] == [first, second, last]


def test_a_session_of_two_stands_under_each_with_own_moments() -> None:
    """A session with two counsellors stands under both, and a moment under the one who replied."""
    groups = by_therapist([session("Bo", "Ada")])
    assert [(each.name, len(each.sessions[0].moments)) for each in groups] == [("Ada", 0), ("Bo", 1)]


def test_a_moment_of_several_stands_under_each() -> None:
    """A moment that several people answered stands under each counsellor of the session."""
    one = session("Bo", "Ada")
    several = replace(one, moments=(replace(one.moments[0], counsellor=None),))
    assert [len(each.sessions[0].moments) for each in by_therapist([several])] == [1, 1]


def test_a_session_without_a_counsellor_has_a_group_of_its_own() -> None:
    """A session that no counsellor has answered is not lost: it comes first, without a name."""
    group, ada = by_therapist([session("Ada", need=Need.RISK), session()])
    assert (group.name, len(group.sessions[0].moments), ada.name) == (None, 1, "Ada")


def test_the_words_of_a_session_are_those_of_its_moments() -> None:
    """Beside the moments of a counsellor stand their client turns and replies in order, and no other message."""
    bo, ada = by_therapist([session("Bo", "Ada")])[::-1]
    assert [each.text for each in bo.sessions[0].messages] == [TEXT["m7"], TEXT["m8"]]
    assert ada.sessions[0].messages == ()


def test_nothing_is_nothing() -> None:
    """Without sessions there is no group."""
    assert by_therapist([]) == ()
