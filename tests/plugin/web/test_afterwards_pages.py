"""Tests of what pages say of the client's next words: an observation beside the moment, and hostile words as text."""

import re
from collections.abc import Callable

import pytest

from plugin.queue.views import AfterwardsKind
from plugin.web.afterwards_words import FOR_SUPERVISOR, FOR_THERAPIST, NO_CAUSE
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import Counts
from tests.plugin.web.conftest import LEFT_OUT, RELEASED, WAITING, Browser, address
from tests.plugin.web.samples import TEXT, record
from tests.plugin.web.test_pages import HOSTILE, long_record, words_of

Put = Callable[[FeedbackRecord], None]


@pytest.mark.parametrize("words", [FOR_SUPERVISOR, FOR_THERAPIST])
def test_every_kind_has_words_that_name_no_cause(words: dict[AfterwardsKind, str]) -> None:
    """Every kind has a sentence, and none of them says that the reply was the reason or was good or bad."""
    assert set(words) == set(AfterwardsKind)
    for kind, sentence in words.items():
        assert kind is AfterwardsKind.NOT_KNOWN or sentence.startswith("Afterwards the client ")
        assert not re.search(r"\b(because|therefore|led|made|so that|worked|helped|good|bad)\b", sentence)


def test_a_therapist_reads_of_resistance_as_of_a_possibility() -> None:
    """A therapist reads that the client may have pulled back again, as in the rest of the page."""
    assert "may have pulled back" in FOR_THERAPIST[AfterwardsKind.RESISTED_AGAIN]
    assert "resist" not in " ".join(FOR_THERAPIST.values())


async def test_a_supervisor_reads_what_came_next_with_its_words(supervisor: Browser) -> None:
    """Beside the moment stand the observation, the client's next words, and that it names no reason."""
    page = (await supervisor.get(address(WAITING.session_id))).text
    said = words_of(page)
    assert f"What the client did next {FOR_SUPERVISOR[AfterwardsKind.RESISTED_AGAIN]} Client" in said
    assert f"{TEXT['m9']} {NO_CAUSE}" in said
    assert 'id="moment1-next-line1"' in page


async def test_a_therapist_reads_it_too(therapist: Browser) -> None:
    """A therapist reads after his reply what the client wrote next, and nothing of marks that are not his."""
    said = words_of((await therapist.get(address(RELEASED.session_id))).text)
    assert f"{FOR_THERAPIST[AfterwardsKind.ANSWERED_BRIEFLY]} Client" in said
    assert f"{TEXT['m9']} {NO_CAUSE}" in said
    assert said.index(TEXT["m8"][:20]) < said.index(TEXT["m9"]) < said.index("What can be heard in your reply")


async def test_what_is_not_known_is_called_so(supervisor: Browser, put: Put) -> None:
    """Where messages of the session are not stored, the page says that it is not known, and shows no words."""
    sent = record("gaps", "counsellor-1", counts=Counts(messages=30, client_messages=14))
    put(sent)
    page = (await supervisor.get(address(sent.session_id))).text
    assert FOR_SUPERVISOR[AfterwardsKind.NOT_KNOWN] in words_of(page)
    assert "moment1-next" not in page
    assert NO_CAUSE not in words_of(page)


async def test_a_next_turn_that_is_a_moment_is_linked_and_later_ones_are_folded(supervisor: Browser, put: Put) -> None:
    """A next turn that is a moment of the page links to it; the two turns after it are folded."""
    whole = long_record()
    sent = whole.model_copy(update={"counts": Counts(messages=12, client_messages=6, counsellor_messages=6)})
    put(sent)
    page = (await supervisor.get(address(sent.session_id, "?further=yes"))).text
    assert '<a href="#moment2">Moment 2</a>' in page
    assert "2 later messages of the client" in words_of(page)
    found = re.findall(r'\bid="([^"]+)"', page)
    assert len(found) == len(set(found))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target


async def test_a_session_without_moments_says_nothing_of_it(supervisor: Browser) -> None:
    """A session that was left out has no such part."""
    assert "What the client did next" not in (await supervisor.get(address(LEFT_OUT.session_id))).text


async def test_hostile_next_words_are_text(supervisor: Browser, therapist: Browser, put: Put) -> None:
    """Hostile words in the next turns are shown as text to both, and never executed."""
    messages = (*WAITING.messages[:8], WAITING.messages[8].model_copy(update={"text": HOSTILE}))
    sent = record("hostile-next", "counsellor-1", messages=messages, marks=())
    put(sent)
    path = address(sent.session_id)
    for_supervisor = await supervisor.get(path)
    await supervisor.post(f"{path}/release", revision="1")
    for answer in (for_supervisor, await therapist.get(path)):
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert "<img src=x" not in answer.text
        assert answer.text.count("&lt;img src=x onerror=alert(2)&gt;") == 1
