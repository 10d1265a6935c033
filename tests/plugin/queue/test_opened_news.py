"""Tests of reading what is new: the words of each new session, on the trail, of what may still be read."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.queue.digests import Digests
from plugin.queue.news import News
from plugin.queue.opened_news import OpenedNews, open_news
from plugin.queue.store import Store
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, apply_records, record


def read(engine: Engine, people: People) -> OpenedNews:
    """Return what is new for the supervisor a while after sessions came."""
    store = Store(engine, KEK, now=lambda: NOW + timedelta(minutes=5))
    return open_news(store, people.supervisor, request_id="r")


def test_new_sessions_are_opened_and_on_the_trail(engine: Engine, people: People) -> None:
    """Each new session is opened once for the digest, and stands under its counsellor."""
    sent = record()
    apply_records(engine, sent)
    found = read(engine, people)
    assert [view.row.session_id for view in found.sessions] == [sent.session_id]
    (group,) = found.therapists
    assert (group.name, len(group.sessions)) == ("Ana", 1)
    with engine.connect() as connection:
        entries = connection.execute(text("SELECT purpose, object_id, request_id FROM audit")).all()
    assert ("digest", str(sent.session_id), "r") in [tuple(each) for each in entries]


def test_what_is_gone_meanwhile_is_left_out(store: Store, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is erased between the two readings is not there, and disturbs nothing."""
    news = News(NOW, NOW, sessions=(record().session_id,), more=0, changes=())
    monkeypatch.setattr(Digests, "news", lambda *_: news)
    found = open_news(store, people.supervisor)
    assert (found.news, found.sessions, found.therapists) == (news, (), ())
