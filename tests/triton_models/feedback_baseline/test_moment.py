"""A request is read as a moment: the counsellor's turn before, the client's turn and the reply, up to a length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triton_models.feedback_baseline.loading import part, request
from training.reader import examples

moment = part("moment")


def read(messages: list[tuple[str, str, str]]) -> moment.Moment:  # type: ignore[name-defined] # loaded by its path
    """Return the moment of messages, each of a part, a role and a text."""
    numbered = [
        {"number": number, "part": where, "role": role, "text": text}
        for number, (where, role, text) in enumerate(messages, 1)
    ]
    return moment.read_request({"schema": "3", "messages": numbered})


def test_a_moment_is_read_as_far_as_in_training() -> None:
    """Texts are cut where those were cut that the reader learned from."""
    assert moment.BEFORE_CHARACTERS == examples.BEFORE_CHARACTERS
    assert moment.TEXT_CHARACTERS == examples.TEXT_CHARACTERS


def test_messages_of_one_side_are_one_text() -> None:
    """Several messages of the client, or of the counsellor, are one turn."""
    found = moment.read_request(request(["no.", "i won't"], ["Okay.", "Fair enough."], "How are you?"))
    assert (found.before, found.client_text, found.reply_text) == ("How are you?", "no. i won't", "Okay. Fair enough.")
    assert [sentence.number for sentence in (*found.client, *found.reply)] == [2, 3, 4, 5]


@pytest.mark.parametrize(("reply", "answered"), [("Okay.", True), ("", True), ([], False)])
def test_a_moment_knows_whether_anybody_replied(reply: str | list[str], answered: bool) -> None:
    """A reply without words is a reply; none at all is none."""
    assert moment.read_request(request("no.", reply)).is_answered is answered


def test_what_came_before_is_the_counsellors_last_turn_alone() -> None:
    """What stands before the turn are the counsellor's words after the client's last ones."""
    found = read(
        [
            ("context", "counsellor", "first"),
            ("context", "client", "second"),
            ("context", "counsellor", "third"),
            ("context", "counsellor", "fourth"),
            ("client_turn", "client", "fifth"),
        ]
    )
    assert found.before == "third fourth"


@pytest.mark.parametrize(
    "context", [[], [("context", "client", "first")], [("context", "counsellor", ""), ("context", "client", "x")]]
)
def test_a_turn_without_a_counsellors_turn_before_it_has_nothing_before_it(context: list[tuple[str, str, str]]) -> None:
    """A turn that opens the conversation, or goes on, is read after an empty text."""
    assert read([*context, ("client_turn", "client", "no")]).before == ""


def test_long_texts_are_cut_at_the_end_that_matters_less() -> None:
    """Of a turn before, its end is read; of a turn and of a reply, their beginning."""
    words = " ".join(f"word{number}" for number in range(600))
    found = moment.read_request(request(words, words, words))
    assert found.before == words[-500:]
    assert found.client_text == found.reply_text == words[:1_000]
    assert found.client_end == words[:1_000][-500:]


@given(st.text(max_size=3_000))
def test_the_pieces_of_a_clients_turn_hold_all_its_words(text: str) -> None:
    """Every run of words of the client's turn stands whole in one of its pieces, however long the turn is."""
    found = moment.read_request(request(text, ""))
    whole = " ".join(sentence.raw for sentence in part("text").sentences(1, text))
    assert all(len(piece) <= 500 for piece in found.client_pieces)
    for start in range(0, len(whole), 37):
        assert any(whole[start : start + 100] in piece for piece in found.client_pieces)


def test_a_short_turn_is_one_piece() -> None:
    """A short turn is one piece, which is read once."""
    found = moment.read_request(request("no. i won't", ""))
    assert found.client_pieces == (found.client_text,)


def test_a_turn_of_countless_sentences_is_read_to_the_fortieth() -> None:
    """A turn of countless sentences is read to the fortieth, since each is read by itself."""
    assert len(moment.read_request(request("no. " * 500, "ok. " * 500)).client) == 40


def test_nothing_at_all_is_a_moment_too() -> None:
    """A turn without a word has no sentence and an empty text."""
    found = moment.read_request(request("🙂", ""))
    assert (found.client, found.client_text, found.client_pieces) == ((), "", ("",))
