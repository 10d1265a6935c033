"""Tests of what the measures show on published corpora, on files and with a reader that were made up for them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Role
from stream.measures.hearing import Heard, hear, pairs_to_read
from stream.measures.turns import FinishedSession
from stream.published import annomi_full, failed_esconv, oncoco, thousand_voices
from stream.published.conversations import PublishedConversation, PublishedUtterance
from tests.stream.measures.samples import ANSWERS, drawn, opinion
from tests.stream.published.samples import ONCOCO, annotated, as_csv, as_lines, write
from training.errors import DataError
from training.measures.codes import ANNOMI_FULL, ONCOCO_FAMILY
from training.measures.codes import ONCOCO as ONCOCO_OF
from training.measures.published import (
    Hear,
    annotators,
    commonest,
    compare_annomi,
    compare_oncoco,
    course_means,
    goes_with_marks,
    hear_conversations,
    marked_replies,
    silenced,
    trajectory_means,
)

pytestmark = pytest.mark.usefixtures("few_resamples")


def hears(*techniques: Technique) -> Hear:
    """Return a reader that hears one technique in every pair, or by chance if none is named."""

    def of(sessions: Sequence[FinishedSession]) -> list[Heard]:
        found = []
        for session in sessions:
            pairs = pairs_to_read(session)
            opinions = [opinion(techniques[0]) for _ in pairs] if techniques else drawn(pairs)
            found.append(hear(session, opinions, ANSWERS))
        return found

    return of


def talk(name: str, *said: tuple[Role, str, int | None]) -> PublishedConversation:
    """Return a conversation in which some utterances have a mark."""
    utterances = (PublishedUtterance(name, role, text, score=mark) for role, text, mark in said)
    return PublishedConversation(name, name, tuple(utterances))


def test_each_technique_is_one_code_of_each_corpus() -> None:
    """Each of the 17 techniques is one code of AnnoMI-full and one family of OnCoCo's 38 codes."""
    assert set(ANNOMI_FULL) == set(ONCOCO_OF) == set(Technique)
    assert set(ANNOMI_FULL.values()) <= set(annomi_full.CODES)
    assert set(ONCOCO_FAMILY.values()) == set(ONCOCO_OF.values())
    assert len(ONCOCO_FAMILY) == 38


def test_course_and_distress_are_said_of_each_conversation(tmp_path: Path) -> None:
    """Conversations of a corpus are measured as sessions are; what is too short for a trajectory has none."""
    talks = thousand_voices.read(write(tmp_path, "thousand-voices"))
    found = hear_conversations(talks, hears())
    assert [turn.role for turn in found[0].session.turns] == [Role.COUNSELLOR, Role.CLIENT, Role.COUNSELLOR]
    sessions, words = course_means(found)["counsellor_words"]
    assert sessions == 1
    assert words.value == pytest.approx(15 / 26)
    assert trajectory_means(found) == {}
    assert silenced(found) == 0


def test_danger_is_counted_and_has_no_trajectory() -> None:
    """A conversation with critical content is counted as one that has no trajectory."""
    talks = [talk("1", (Role.CLIENT, "I want to kill myself.", None), (Role.COUNSELLOR, "What happened?", None))]
    assert silenced(hear_conversations(talks, hears())) == 1


def test_a_mark_is_about_the_reply_before_it(tmp_path: Path) -> None:
    """A mark stands on the client turn after the reply that it is about; the first one of a turn counts."""
    found = hear_conversations(failed_esconv.read(write(tmp_path, "failed-esconv")), hears())
    (row,) = marked_replies(found)
    assert (row.group, row.mark, row.given["length in words"]) == ("1", 2, 4)
    early = talk("1", (Role.CLIENT, "hello", 5), (Role.COUNSELLOR, "hi", None))
    assert marked_replies(hear_conversations([early], hears())) == []


def test_marks_are_set_beside_estimates_and_length() -> None:
    """Marks that grow with the length of the reply go with it wholly, and with nothing where all are equal."""
    talks = [
        talk(str(n), (Role.CLIENT, "so", None), (Role.COUNSELLOR, "well " * n, None), (Role.CLIENT, "ok", n))
        for n in range(1, 6)
    ]
    rows = marked_replies(hear_conversations(talks, hears(Technique.INFORMATION)))
    assert goes_with_marks(rows)["length in words"].value == pytest.approx(1)
    assert goes_with_marks([]) == {}


def test_kinds_are_compared_on_new_videos_alone(tmp_path: Path) -> None:
    """Of transcripts whose video the reader has not seen, each turn of the therapist is compared by its first code."""
    rows = annomi_full.read(write(tmp_path, "annomi-full"))
    compared = compare_annomi(rows, frozenset(), hears(Technique.OPEN_QUESTION))
    assert compared.truth == ["question/open", "reflection/complex"]
    assert compared.given == ["question/open"] * 2
    seen = compare_annomi(rows, frozenset({rows[0].group}), hears())
    assert seen.truth == []


def test_annotators_are_set_beside_each_other(tmp_path: Path) -> None:
    """Each two annotators of one utterance are compared, and clients' utterances are left out."""
    rows = [annotated(0, "Why?", "question", "open", annotator=each) for each in (1, 2, 3)] + [annotated(1, "no")]
    compared = annotators(annomi_full.read(write(tmp_path, "annomi-full", as_csv(rows))))
    assert (len(compared.truth), set(compared.truth)) == (3, {"question/open"})


def test_messages_are_compared_by_family_in_english_alone(tmp_path: Path) -> None:
    """Of OnCoCo the English messages of counsellors are compared, by the families of their codes."""
    messages = oncoco.read(write(tmp_path, "oncoco"))
    compared = compare_oncoco(messages, hears(Technique.CLOSED_QUESTION))
    assert (compared.truth, compared.given) == (["reflection", "question"], ["question", "question"])
    assert commonest(compared) == ["reflection"] * 2


def test_a_code_that_the_corpus_does_not_have_is_named_by_its_place(tmp_path: Path) -> None:
    """A code of counsellors that is none of the 38 is refused, since its family would be guessed."""
    row = ONCOCO[3] | {"code": "CO-IF-New"}
    messages = oncoco.read(write(tmp_path, "oncoco", as_lines([row])))
    with pytest.raises(DataError, match="line 1: its code is none"):
        compare_oncoco(messages, hears())
