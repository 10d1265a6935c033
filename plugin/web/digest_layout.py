"""The layout of what is new for a person, as its page shows it."""

from typing import Final

from plugin.queue.therapist_news import SessionNews
from plugin.web.layout import MomentPage, moment_pages

NOBODY: Final = "Sessions without a counsellor"


def news_pages(news: SessionNews) -> tuple[MomentPage, ...]:
    """Return the moments of a new session that stand under one counsellor, numbered as on the session's own page."""
    shown = {moment.exchange_id for moment in news.moments}
    return tuple(page for page in moment_pages(news.session) if page.moment.exchange_id in shown)
