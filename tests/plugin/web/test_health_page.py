"""Tests of the operator's page of health: what it can read, and that it shows no person and no word."""

from tests.plugin.web.conftest import OPERATOR, Browser
from tests.plugin.web.test_pages import words_of


async def test_the_page_shows_what_it_can_read(browser: Browser) -> None:
    """Without broker and stages the page shows the queue's numbers, no name, no word and no link to a session.

    A number that is as it should be stands without advice; one that is not known has some.
    """
    await browser.log_in(OPERATOR)
    answer = await browser.get("/health")
    said = words_of(answer.text)
    assert answer.status_code == 200
    assert "1 session waits" in said or "sessions wait" in said
    assert "0 of 1 session looked at" in said
    assert "could not be asked" in said
    for told in ("Jonas", "Maria", "/sessions/", "worn out"):
        assert told not in answer.text
    lines = [words_of(line) for line in answer.text.split("<li")[1:]]
    fine = [line for line in lines if "as it should be" in line]
    assert any("sessions wait" in line for line in fine)
    assert not any("See that" in line for line in fine)
    assert any("not known" in line and "See that" in line for line in lines)
