"""Tests of saved views on a real database: one's own, under names of one's own, as many as fit above a list."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import text

from plugin.database.needs import Need
from plugin.database.viewer import Viewer
from plugin.queue.filters import EVERYTHING, HandedTo, QueueFilter, QueueOrder
from plugin.queue.view_names import MAX_VIEWS
from plugin.queue.views import DecisionOutcome
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.queue.desks import DONE, Desks, desks

__all__ = ["desks"]

RISK = QueueFilter(need=Need.RISK, handed=HandedTo.ME, order=QueueOrder.AGE)
NOT_FOUND, TAKEN = DecisionOutcome.NOT_FOUND, DecisionOutcome.NAME_TAKEN


def save(desks: Desks, name: str, chosen: QueueFilter = RISK, *, by: Viewer | None = None) -> DecisionOutcome:
    """Save a view, and let a minute pass."""
    desks.wait(minutes=1)
    return desks.store.saved_views.save(by or desks.mara, name, chosen)


def names(desks: Desks, viewer: Viewer | None = None) -> list[str]:
    """Return the names of somebody's views, in order."""
    return [view.name for view in desks.store.saved_views.all(viewer or desks.mara)]


def test_a_view_keeps_a_filter_and_an_order(desks: Desks) -> None:
    """A view reads back as it was saved, in the order of saving, and is renamed and removed."""
    assert save(desks, "Mine") is DONE
    assert save(desks, "All of it", EVERYTHING) is DONE
    mine, everything = desks.store.saved_views.all(desks.mara)
    assert (mine.name, mine.chosen, everything.chosen) == ("Mine", RISK, EVERYTHING)
    views = desks.store.saved_views
    assert views.rename(desks.mara, mine.view_id, "Risk") is DONE
    assert views.rename(desks.mara, mine.view_id, "Risk") is DONE, "its own name is not taken"
    assert names(desks) == ["Risk", "All of it"]
    assert views.remove(desks.mara, mine.view_id) is DONE
    assert views.remove(desks.mara, mine.view_id) is NOT_FOUND
    assert names(desks) == ["All of it"]


def test_a_name_stands_for_one_view_and_nothing_is_overwritten(desks: Desks) -> None:
    """A second view of a name, and a renaming to one that is there, are refused and change nothing."""
    save(desks, "Mine")
    save(desks, "Other", EVERYTHING)
    assert save(desks, "Mine", EVERYTHING) is TAKEN
    mine, other = desks.store.saved_views.all(desks.mara)
    assert desks.store.saved_views.rename(desks.mara, other.view_id, "Mine") is TAKEN
    assert desks.store.saved_views.all(desks.mara) == (mine, other)


def test_there_are_as_many_as_stated(desks: Desks) -> None:
    """Once there are as many as may be another one is refused, until one is removed."""
    for number in range(MAX_VIEWS):
        assert save(desks, f"View {number}") is DONE
    assert save(desks, "One more") is DecisionOutcome.FULL
    assert save(desks, "One more", by=desks.nele) is DONE
    desks.store.saved_views.remove(desks.mara, desks.store.saved_views.all(desks.mara)[0].view_id)
    assert save(desks, "One more") is DONE


def test_two_at_the_same_moment_make_no_more_than_stated(desks: Desks) -> None:
    """Of several that are saved at the same moment as the last one, one is done and the others are refused."""
    for number in range(MAX_VIEWS - 1):
        save(desks, f"View {number}")
    together = Barrier(3)

    def act(number: int) -> DecisionOutcome:
        together.wait(DEADLOCK_S)
        return desks.store.saved_views.save(desks.mara, f"Last {number}", RISK)

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(act, range(3)))
    assert outcomes == sorted([DONE, DecisionOutcome.FULL, DecisionOutcome.FULL])


def test_views_are_ones_own(desks: Desks) -> None:
    """Nobody else sees, renames or removes a view; two people may use the same name."""
    save(desks, "Mine")
    save(desks, "Mine", EVERYTHING, by=desks.lena)
    (mine,) = desks.store.saved_views.all(desks.mara)
    views = desks.store.saved_views
    for other in (desks.nele, desks.lena, desks.ana):
        assert views.rename(other, mine.view_id, "Hers") is NOT_FOUND
        assert views.remove(other, mine.view_id) is NOT_FOUND
    assert (names(desks), names(desks, desks.lena), names(desks, desks.nele)) == (["Mine"], ["Mine"], [])
    assert views.rename(desks.mara, uuid4(), "x") is NOT_FOUND


def test_a_therapist_saves_none(desks: Desks) -> None:
    """Who has no waiting list has no view of one."""
    assert save(desks, "Mine", by=desks.ana) is NOT_FOUND
    assert names(desks, desks.ana) == []


def test_a_view_holds_codes_and_its_name_alone(desks: Desks) -> None:
    """What is stored of a filter is codes, ids and days; the trail has the step without the name."""
    save(desks, "A name of Mara\u2019s")
    with desks.engine.connect() as connection:
        assert connection.scalar(text("SELECT chosen FROM saved_views")) == {
            "need": "risk",
            "handed": "me",
            "order": "age",
        }
    ((purpose, kind, outcome),) = desks.trail("purpose", "object_type", "outcome")
    assert (purpose, kind, outcome) == ("saved view added", "saved_view", "done")
    assert "Mara\u2019s" not in repr(desks.trail("*"))


def test_a_filter_of_another_version_can_still_be_removed(desks: Desks) -> None:
    """A view whose filter this version does not have is listed without one, and can be removed."""
    save(desks, "Of old")
    with desks.engine.begin() as connection:
        connection.execute(text("""UPDATE saved_views SET chosen = '{"need": "a need of another version"}'"""))
    (old,) = desks.store.saved_views.all(desks.mara)
    assert old.chosen is None
    assert desks.store.saved_views.remove(desks.mara, old.view_id) is DONE


@pytest.mark.parametrize("how", ["remove", "disable"])
def test_views_go_with_the_account(desks: Desks, how: str) -> None:
    """A removed account leaves no view; one that is disabled finds its views again."""
    save(desks, "Mine")
    getattr(desks.store.accounts, how)(desks.mara.user_id)
    assert count_rows(desks.engine, "saved_views") == {"saved_views": 0 if how == "remove" else 1}
