"""Written exchanges are read strictly, and a line that is wrong is named without its text."""

import re
from pathlib import Path
from typing import Any

import pytest

from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.suggestions import find_fault
from tests.training.corpora.samples import exchange, parsed, reply, write_exchanges
from training.corpora.overlap import copied_from_evaluation, evaluation_texts, near_duplicates, stimuli_folder
from training.corpora.written import DANGER, FOLDER, PORTABLE, load_written, read_written
from training.errors import DataError

SHORT = 200
"""Characters of a portable reply: it is read in a few seconds."""


def test_an_exchange_is_read_with_its_turns_as_texts() -> None:
    """The client's messages are one text, and the counsellor's last turn before them is what came before."""
    context = [{"role": role, "text": f"{role} {place}"} for place, role in enumerate(("counsellor", "client") * 2)]
    found = parsed(context=context)
    assert (found.writer, found.before) == ("Z", "counsellor 2")
    assert found.client_text == "I left it it changes nothing"
    assert found.label is ResistanceType.DISCOUNTING
    assert list(found.replies[0].levels) == list(Mechanism)


def test_a_turn_may_open_a_conversation() -> None:
    """A turn without a counsellor's turn before it has an empty text before it."""
    assert parsed(context=[]).before == ""


def test_a_turn_with_critical_content_has_its_kind() -> None:
    """Critical content is one of the known concerns, and has no replies."""
    assert parsed(critical="mania", replies=[], better="").critical is Concern.MANIA


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": "secret"}, "label.*"),
        ({"critical": "secret"}, "critical"),
        ({"client": []}, "client"),
        ({"secret": 1}, "secret"),
        ({"replies": [reply("a", technique="secret")]}, "replies.0.technique"),
        ({"replies": [reply("a", mistake="secret")]}, "replies.0.mistake"),
        ({"replies": [reply("a") | {"levels": {"stance_alignment": 1}}]}, "replies.0.levels"),
        ({"replies": [reply("a", (3, 0, 0, 0))]}, "replies.0.levels.respect_for_autonomy"),
    ],
)
def test_a_wrong_line_is_named_by_its_number_and_its_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    """A line of another shape is named by file, number and field, without a word of it."""
    folder = write_exchanges(tmp_path / "w", exchange(), exchange("Z-002", **change) | {"topic": "hidden words"})
    with pytest.raises(DataError, match=rf"Z\.jsonl, line 2: {field}: \w+$") as caught:
        read_written(folder / "Z.jsonl")
    assert "hidden" not in str(caught.value)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    """A line that is no JSON is named without its words."""
    (tmp_path / "Z.jsonl").write_text("hidden words")
    with pytest.raises(DataError, match=r"line 1: not JSON: json_invalid$"):
        read_written(tmp_path / "Z.jsonl")


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    """All files of a folder are read, in the order of their names."""
    write_exchanges(tmp_path / "w", exchange("Z-001"), name="Z.jsonl")
    write_exchanges(tmp_path / "w", exchange("Y-001"), exchange("Y-002"), name="Y.jsonl")
    assert [each.id for each in load_written(tmp_path / "w")] == ["Y-001", "Y-002", "Z-001"]


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    """An id that stands twice is refused, since labels and folds go by ids."""
    write_exchanges(tmp_path / "w", exchange(), exchange())
    with pytest.raises(DataError, match="the id Z-001 stands twice"):
        load_written(tmp_path / "w")


def test_a_folder_without_exchanges_is_named(tmp_path: Path) -> None:
    """A folder without exchanges is refused."""
    with pytest.raises(DataError, match="holds no written exchange"):
        load_written(tmp_path)


def test_texts_stay_out_of_repr() -> None:
    """The representation of an exchange shows no text."""
    assert "nothing" not in repr(parsed())


SHIPPED = load_written()


def test_the_shipped_exchanges_are_many_by_many_hands() -> None:
    """At least 1,500 client turns by at least eight hands; a third are look-alikes, and 2,000 replies are rated."""
    assert len(SHIPPED) >= 1_500
    assert len({each.writer for each in SHIPPED}) >= 8
    assert sum(each.lookalike is not None for each in SHIPPED) * 10 >= len(SHIPPED) * 3
    assert sum(len(each.replies) for each in SHIPPED) >= 2_000


def test_the_shipped_exchanges_hold_every_kind_of_danger_and_as_many_that_sound_like_it() -> None:
    """At least 250 turns hold critical content of all kinds, and about as many only sound like it."""
    critical = [each for each in SHIPPED if each.critical is not None]
    assert len(critical) >= 250
    assert {each.critical for each in critical} == set(Concern)
    assert sum(each.critical_lookalike for each in SHIPPED) >= 250
    assert not any(each.replies or each.better for each in critical)


def test_evidence_of_a_written_reply_stands_in_it() -> None:
    """Words that are said to carry a level stand in the reply or in the client's turn."""
    for each in SHIPPED:
        for one in each.replies:
            said = [" ".join(one.text), *one.text, each.client_text, *each.client]
            assert all(any(words in text for text in said) for words in one.evidence.values()), each.id


PORTABLE_REPLIES = load_written(PORTABLE)


@pytest.mark.parametrize("kind", list(ResistanceType))
def test_every_type_has_portable_replies(kind: ResistanceType) -> None:
    """Six to eight portable replies are written for each type, and no two of them are alike."""
    own = [each.replies[0].text for each in PORTABLE_REPLIES if each.label == kind]
    assert 6 <= len(own) <= 8
    assert len(set(own)) == len(own)


def test_a_portable_reply_expresses_two_mechanisms_strongly_and_can_be_shown() -> None:
    """Each is one reply, strong in at least two mechanisms, short, and nothing that the gate would drop."""
    for each in PORTABLE_REPLIES:
        (one,) = each.replies
        text = " ".join(one.text)
        assert sum(level == Level.STRONG for level in one.levels.values()) >= 2, each.id
        assert all(words in text for words in one.evidence.values()), each.id
        assert len(text) <= SHORT, each.id
        assert find_fault(text) is None, each.id
        assert not contains_blame(text, ""), each.id


def test_a_portable_reply_has_no_name_and_no_number() -> None:
    """A reply that fits many moments holds no digit, and no capital letter but at a sentence's start or in I."""
    for each in PORTABLE_REPLIES:
        text = each.replies[0].text[0]
        assert not re.search(r"\d|(?<![.?!:] )(?<!^)\b[A-Z](?!\b|')", text), each.id


def test_no_model_learns_from_the_portable_replies() -> None:
    """The portable replies have a hand of their own, which stands in no folder that is learned from."""
    learned = {each.writer for folder in (FOLDER, DANGER) for each in load_written(folder)}
    assert {each.writer for each in PORTABLE_REPLIES}.isdisjoint(learned)


def test_the_portable_replies_copy_nothing() -> None:
    """They repeat one another nowhere, and share five words in a row with no text that models are measured on."""
    assert copied_from_evaluation(PORTABLE_REPLIES, evaluation_texts(stimuli_folder())) == []
    assert near_duplicates(PORTABLE_REPLIES) == []
