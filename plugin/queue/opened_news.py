"""Reading of what is new for one person, with the words of each new session; nothing is marked as read by it."""

from dataclasses import dataclass
from typing import Final

from plugin.database.viewer import Viewer
from plugin.queue.news import News
from plugin.queue.store import Store
from plugin.queue.therapist_news import TherapistNews, by_therapist
from plugin.queue.views import SessionView

DIGEST: Final = "digest"
"""The purpose of opening a session for its news, as for `counterpoint digest`."""


@dataclass(frozen=True)
class OpenedNews:
    """What is new for one person, with the new sessions that they may still see."""

    news: News
    sessions: tuple[SessionView, ...]

    @property
    def therapists(self) -> tuple[TherapistNews, ...]:
        """The sessions by counsellor, in the order of the alphabet."""
        return by_therapist(self.sessions)


def open_news(store: Store, viewer: Viewer, *, request_id: str = "") -> OpenedNews:
    """Return what is new for a person since they last said that they have read; the trail records each session.

    Raises:
        Unavailable: the database is away.
    """
    news = store.digests.news(viewer)
    opened = (store.open(viewer, each, purpose=DIGEST, request_id=request_id) for each in news.sessions)
    return OpenedNews(news, tuple(view for view in opened if view is not None))
