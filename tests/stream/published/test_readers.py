"""What the reader of each published corpus makes of a good file, which was made up for these tests."""

from pathlib import Path

import pytest

from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import Principle
from stream.contracts.vocabulary import Role
from stream.published import annomi_full, failed_esconv, oncoco, psychocounsel, thousand_voices
from tests.stream.published.samples import (
    ANNOMI,
    CANARY,
    GOOD,
    ONCOCO,
    PAIRS,
    annotated,
    as_csv,
    as_lines,
    write,
)


class TestThousandVoices:
    """Tests of Thousand Voices of Trauma: one conversation a file."""

    def test_the_name_of_the_file_says_whose_conversation_it_is(self, tmp_path: Path) -> None:
        """A conversation has client and phase from the file's name, and its lines in order without their speaker."""
        (talk,) = thousand_voices.read(write(tmp_path, "thousand-voices"))
        assert (talk.name, talk.group, thousand_voices.phase_of(talk)) == ("12-P10", "12", "P10")
        assert [said.role for said in talk.utterances] == [Role.COUNSELLOR, Role.CLIENT, Role.CLIENT, Role.COUNSELLOR]
        assert talk.utterances[1].text == f"I would rather not: it was loud. {CANARY}"

    @pytest.mark.parametrize(
        "name", ["12_P10_conversations.json", "012_p5_conversation.json", "1_P11_conversation.json"]
    )
    def test_both_published_spellings_are_read(self, tmp_path: Path, name: str) -> None:
        """The spelling of the card, with an s, is read as well as that of the files."""
        (tmp_path / name).write_text(GOOD["thousand-voices"])
        assert len(thousand_voices.read(tmp_path / name)) == 1

    @pytest.mark.parametrize("name", ["talk.json", "12_P9_conversation.json", "x_P10_conversation.json"])
    def test_another_name_is_refused(self, tmp_path: Path, name: str) -> None:
        """A file whose name says no client or no phase of the corpus is refused, since nothing else says it."""
        (tmp_path / name).write_text(GOOD["thousand-voices"])
        with pytest.raises(Misconfigured, match="Give it its published name"):
            thousand_voices.read(tmp_path / name)


class TestFailedEsconv:
    """Tests of FailedESConv: all conversations in one file."""

    def test_the_listener_is_the_counsellor(self, tmp_path: Path) -> None:
        """The listener supports and the speaker seeks support; strategies and marks stand beside their utterances."""
        talk, other = failed_esconv.read(write(tmp_path, "failed-esconv"))
        assert [(said.role, said.code, said.score) for said in talk.utterances] == [
            (Role.COUNSELLOR, "questions", None),
            (Role.CLIENT, None, 2),
            (Role.COUNSELLOR, "self_disclosure", None),
            (Role.CLIENT, None, None),
        ]
        assert talk.utterances[0].text == "What brings you here?"
        assert (talk.name, other.name) == ("1", "2")

    def test_the_survey_becomes_scores_before_and_after(self, tmp_path: Path) -> None:
        """The seeker's answers are scores of the conversation; who did not answer has none."""
        talk, other = failed_esconv.read(write(tmp_path, "failed-esconv"))
        assert talk.scores == {"emotion_before": 4, "emotion_after": 5, "empathy_after": 2, "relevance_after": 1}
        assert other.scores == {}


class TestAnnomiFull:
    """Tests of the labels of AnnoMI-full."""

    def test_a_code_is_the_behaviour_with_its_kind(self, tmp_path: Path) -> None:
        """A therapist's row has the main behaviour with its kind, for each annotator; a client's row has none."""
        rows = annomi_full.read(write(tmp_path, "annomi-full"))
        assert [(row.number, row.annotator, row.code) for row in rows] == [
            (0, 3, "question/open"),
            (1, 3, None),
            (2, 3, "reflection/complex"),
            (2, 4, "reflection/simple"),
            (3, 3, "other"),
        ]
        assert {row.code for row in rows if row.code} <= set(annomi_full.CODES)

    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    def test_other_delimiters_and_upper_case_are_read(self, tmp_path: Path, delimiter: str) -> None:
        """A table with another delimiter and names in upper case gives the same."""
        expected = annomi_full.read(write(tmp_path, "annomi-full"))
        header, rows = as_csv(ANNOMI, delimiter).split("\n", 1)
        assert annomi_full.read(write(tmp_path, "annomi-full", f"{header.upper()}\n{rows}")) == expected

    def test_turns_are_in_the_order_of_their_numbers(self, tmp_path: Path) -> None:
        """A turn is a run of one side by the utterances' numbers, whatever the order of the rows."""
        rows = [
            annotated(2, "b", "other"),
            annotated(10, "d"),
            annotated(1, "a", "question", "open"),
            annotated(9, "c"),
        ]
        (found,) = annomi_full.by_turn(annomi_full.read(write(tmp_path, "annomi-full", as_csv(rows))))
        assert found[0] == "7"
        assert [[row.text for row in turn] for turn in found[1]] == [["a", "b"], ["c", "d"]]


class TestOncoco:
    """Tests of OnCoCo 1.0: single messages with codes."""

    def test_a_message_loses_its_side_and_its_code_the_stars(self, tmp_path: Path) -> None:
        """The side before the text is taken off, in both languages, and stars in a code say nothing."""
        found = oncoco.read(write(tmp_path, "oncoco"))
        assert [(each.role, each.language, each.code) for each in found] == [
            (Role.COUNSELLOR, "en", "CO-IF-AC-RE-RCR"),
            (Role.CLIENT, "en", "CL-IF-ACP-Rej"),
            (Role.COUNSELLOR, "de", "CO-FA"),
            (Role.COUNSELLOR, "en", "CO-IF-AC-RF-RC"),
        ]
        assert [each.text for each in found[1:]] == ["No, not that.", "Moin!", "what is it: work, or home?"]

    def test_the_table_and_the_lines_give_the_same(self, tmp_path: Path) -> None:
        """The corpus is published in two forms, which give the same but for the places."""
        lines = oncoco.read(write(tmp_path, "oncoco"))
        table = oncoco.read(write(tmp_path, "oncoco", as_csv(ONCOCO)))
        assert [(each.id, each.text) for each in table] == [(each.id, each.text) for each in lines]
        assert table[1].place.endswith("line 3")

    def test_the_text_of_the_readmes_example_is_found(self, tmp_path: Path) -> None:
        """A row with `text_en` in place of `text`, as the README shows one, is read."""
        row = {name: value for name, value in ONCOCO[1].items() if name != "text"} | {"text_en": "Client: No."}
        (found,) = oncoco.read(write(tmp_path, "oncoco", as_lines([row])))
        assert found.text == "No."


class TestPsychocounsel:
    """Tests of PsychoCounsel-Preference: pairs of rated replies."""

    def test_a_pair_has_both_replies_with_seven_ratings(self, tmp_path: Path) -> None:
        """A row is a pair of its statement's group, with `staging` as the stage of change."""
        one, other = psychocounsel.read(write(tmp_path, "psychocounsel"))
        assert (one.id, other.id, one.group) == ("s1-1", "s1-2", "s1")
        assert one.replies == ("That was hard.", "Get a cat.")
        assert [dict(each) for each in one.ratings] == [dict.fromkeys(Principle, 5), dict.fromkeys(Principle, 3)]

    def test_a_table_is_read_too(self, tmp_path: Path) -> None:
        """The rows may be written as CSV."""
        assert psychocounsel.read(write(tmp_path, "psychocounsel", as_csv(PAIRS))) == psychocounsel.read(
            write(tmp_path, "psychocounsel")
        )
