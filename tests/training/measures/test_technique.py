"""Tests of what the measure of techniques is worth, on turns whose codes are known."""

import json
from pathlib import Path

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism
from tests.stream.measures.samples import opinion
from tests.training.corpora.samples import COLUMNS
from tests.training.measures.samples import conversation, heard_talk
from training.corpora.labels import ReplyLabel
from training.errors import DataError
from training.measures.codes import CODES, names
from training.measures.counsellor_labels import load_codes
from training.measures.technique import (
    CodedTurn,
    agreement,
    coded_turns,
    heard_codes,
    learn_codes,
    main_codes,
    mix_error,
    own_labels,
    presence,
)

Q, R, I = Technique.OPEN_QUESTION, Technique.COMPLEX_REFLECTION, Technique.INFORMATION  # noqa: E741 - short in rows


def coded(text: str, codes: tuple[str, ...], main: Technique, *parts: Technique, talk: str = "A1") -> CodedTurn:
    """Return a counsellor turn with its codes and techniques."""
    return CodedTurn(f"group of {talk}", talk, text, codes, main, main, parts or (main,))


def test_each_technique_has_a_code_of_each_corpus() -> None:
    """Each of the 17 techniques is one code of AnnoMI and one of MIBot."""
    assert all(set(codes) == set(Technique) for codes in CODES.values())
    assert names("annomi") == ["other", "question", "reflection", "therapist_input"]
    assert names("mibot") == ["MICO", "MIIN", "Other", "Q", "R"]


def test_codes_are_read_by_turn(tmp_path: Path) -> None:
    """Codes come by conversation and place of the turn; a turn of several utterances has several."""
    folder = tmp_path / "annomi"
    folder.mkdir()
    rows = [
        (*COLUMNS, "main_therapist_behaviour"),
        ("7", "v", "client", "hi", "n/a"),
        ("7", "v", "therapist", "Hello.", "other"),
        ("7", "v", "therapist", "Why?", "question"),
    ]
    (folder / "x.csv").write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    (tmp_path / "mibot").mkdir()
    said = [{"speaker": "counsellor", "auto_misc_label": "Q"}, {"speaker": "client", "auto_misc_label": "N"}]
    (tmp_path / "mibot" / "0123456789.json").write_text(json.dumps({"utterances": said}), encoding="utf-8")
    talks = [conversation("A7", "hi", "Hello. Why?")]
    assert load_codes(tmp_path, talks) == {"A7": {1: ("other", "question")}, "M01234567": {0: ("Q",)}}
    with pytest.raises(DataError, match="A7"):
        load_codes(tmp_path, [conversation("A7", "hi", "Hello.", "no", "Why?")])


def test_turns_are_coded_by_what_is_heard() -> None:
    """A turn has its main technique, that of the reader alone, and those of its sentences; danger is left out."""
    talk = conversation("A1", "It is hard.", "Okay.", "yes", "It is hard. What helps?")
    opinions = [opinion(), opinion(R), opinion(), opinion(Q), opinion(R), opinion(Q)]
    codes = {"A1": {1: ("other",), 3: ("question",)}}
    nod, asks = coded_turns([heard_talk(talk, opinions)], codes, "annomi")
    assert (nod.main, nod.without_words, nod.codes) == (Technique.MINIMAL, R, ("other",))
    assert (asks.main, asks.parts) == (Q, (R, Q))
    danger = conversation("A1", "I want to kill myself.", "What happened?")
    assert coded_turns([heard_talk(danger)], {"A1": {1: ("question",)}}, "annomi") == []
    assert coded_turns([heard_talk(talk, opinions)], codes, "mibot") == []


def test_codes_of_annomi_are_compared() -> None:
    """The measure's codes stand beside those of a rule, of the commonest code and of what was learned elsewhere."""
    turns = [coded("What helps?", ("question",), Q), coded("Okay.", ("other",), I), coded("Why?", ("question",), R)]
    found = main_codes(turns, lambda texts: ["other"] * len(texts))
    assert found["measure"] == ["question", "therapist_input", "reflection"]
    assert found["rule of question marks"] == ["question", "other", "question"]
    assert found["constant"] == ["question"] * 3


def test_a_plain_classifier_learns_the_codes_of_other_videos() -> None:
    """A classifier that has seen questions and nods of other videos tells these apart."""
    talks = [conversation(f"A{n}", "hi", "what helps you there", "so", "okay right", "well", "okay") for n in range(6)]
    codes = {talk.id: {1: ("question",), 3: ("other",), 5: ("other",)} for talk in talks}
    assert list(learn_codes(talks, codes)(["what helps", "okay"])) == ["question", "other"]


def test_agreement_counts_codes_that_only_one_side_has() -> None:
    """A code that is given where the truth has none of it lowers the others, and is no label of the mean."""
    found = agreement(["a", "a", "b", "b"], ["a", "c", "b", "b"], ["1", "2", "3", "4"], ["a", "b"])
    assert found.f1 == {"a": pytest.approx(2 / 3), "b": 1}
    assert found.macro_f1.value == pytest.approx(5 / 6)


def test_presence_asks_what_is_in_a_turn() -> None:
    """A turn of MIBot holds several codes, which sentences find and a main technique cannot."""
    turns = [coded("x", ("R", "Q"), R, R, Q, talk="M1"), coded("y", ("Q",), Q, talk="M2")]
    heard = heard_codes(turns)
    by_sentence, _ = presence(turns, heard["measure, sentence by sentence"])
    _, by_main = presence(turns, heard["main technique alone"])
    assert by_sentence.value == pytest.approx(2 / 5)  # two codes of five are there, both found
    assert by_main == {"MICO": 0, "MIIN": 0, "Other": 0, "Q": pytest.approx(2 / 3), "R": 1}
    assert heard["constant: every code"] == [frozenset(names("mibot"))] * 2


def test_a_mix_is_compared_session_by_session() -> None:
    """The distance of a session's shares is nothing where they are right; the constant knows other sessions alone."""
    turns = [coded("What?", ("question",), Q, talk="A1"), coded("Hard.", ("reflection",), R, talk="A2")]
    error = mix_error(turns, "annomi")
    assert error["measure"].value == 0
    assert error["constant"].value == 0.5


def test_our_labels_are_of_the_reply_after_a_client_turn() -> None:
    """A label is that of the reply to the client turn of its number."""
    talk = conversation("A1", "hi", "Okay.", "so", "What helps?", "tea")
    label = ReplyLabel({Mechanism.STANCE_ALIGNMENT: Level.NONE}, Technique.CLOSED_QUESTION, None)
    opinions = [opinion(), opinion(), opinion(), opinion(Q), opinion()]
    found = own_labels([heard_talk(talk, opinions)], {("A1", 2): label})
    assert found == (["closed_question"], ["open_question"], ["video/A1"])
