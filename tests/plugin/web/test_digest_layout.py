"""Tests of the layout of what is new: moments keep the number that they have on the session's own page."""

from dataclasses import replace
from uuid import uuid4

from plugin.queue.therapist_news import by_therapist
from plugin.web.digest_layout import news_pages
from tests.plugin.web.samples import view


def test_moments_are_numbered_as_on_the_sessions_own_page() -> None:
    """Of a session of two counsellors each has their own moments, with the numbers of the whole session."""
    one = view()
    first = replace(one.moments[0], counsellor="Bo")
    second = replace(first, exchange_id=uuid4(), counsellor="Ada")
    both = replace(one, row=replace(one.row, counsellors=("Bo", "Ada")), moments=(first, second))
    ada, bo = by_therapist([both])
    assert [[page.number for page in news_pages(each.sessions[0])] for each in (ada, bo)] == [[2], [1]]
