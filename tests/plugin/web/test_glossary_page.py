"""Tests of the glossary page: every mechanism and level from the rubric, every other word once, and links that lead."""

import html
import re

import pytest

from plugin.queue.afterwards import BRIEF_WORDS
from plugin.web.glossary import TERMS
from stream.contracts.rubric import LEVEL_TITLES, RUBRIC, RUBRIC_VERSION, anchor
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, THERAPIST, Browser


async def glossary(browser: Browser) -> str:
    """Return the glossary page as its reader sees it, without tags."""
    page = (await browser.get("/glossary")).text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("person", [SUPERVISOR, THERAPIST, OPERATOR])
async def test_everybody_reads_what_a_mechanism_is_with_an_example_of_each_level(browser: Browser, person: str) -> None:
    """Everybody who is logged in reads each mechanism with its definition and each level with an example."""
    await browser.log_in(person)
    said = await glossary(browser)
    for entry in RUBRIC.values():
        assert f"{entry.title} {entry.definition}" in said
        for level, meaning in entry.levels.items():
            example = meaning.examples[0]
            assert f"{LEVEL_TITLES[level]} {meaning.definition}" in said
            assert f"A client writes {example.client} The reply {example.reply}" in said
    assert f"version {RUBRIC_VERSION}" in said


async def test_every_entry_has_an_anchor_of_its_own(supervisor: Browser) -> None:
    """Every mechanism and every other term is the target of one link of the contents, and no id occurs twice."""
    page = (await supervisor.get("/glossary")).text
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    wanted = [anchor(mechanism) for mechanism in RUBRIC] + [term.anchor for term in TERMS]
    assert re.findall(r'<li><a href="#([^"]+)"', page) == wanted
    assert set(wanted) <= set(ids)


async def test_each_entry_leads_to_all_of_the_rubric(supervisor: Browser) -> None:
    """Each mechanism has a link to its part of the rubric, which is there."""
    links = re.findall(r'href="/rubric#([^"]+)"', (await supervisor.get("/glossary")).text)
    rubric = (await supervisor.get("/rubric")).text
    assert links == [anchor(mechanism) for mechanism in RUBRIC]
    assert all(f'id="{link}"' in rubric for link in links)


async def test_the_rule_of_what_came_next_is_told(supervisor: Browser) -> None:
    """The glossary tells the rule behind "Afterwards", with its number of words, and calls it no effect."""
    said = await glossary(supervisor)
    assert f"at most {BRIEF_WORDS} words (answered briefly)" in said
    assert "It is what came next, not what the reply did." in said


async def test_every_page_leads_to_the_glossary(supervisor: Browser) -> None:
    """The glossary is in the navigation."""
    assert '<a href="/glossary">Glossary</a>' in (await supervisor.get("/")).text
