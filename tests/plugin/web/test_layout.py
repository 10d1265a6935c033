"""Tests of the layout of a session: every message in its place, every quote linked, nothing added."""

from dataclasses import replace
from uuid import uuid4

import pytest

from plugin.queue.views import Afterwards, AfterwardsKind
from plugin.web.layout import CUE, NUMBERS, OPEN_CONTEXT, MomentPage, mark_lines, moment_pages
from stream.contracts.feedback import Abstention, Evidence, Rating
from stream.contracts.sessions import Cue
from stream.contracts.vocabulary import Mechanism, NeedsHuman, Verdict
from tests.plugin.samples import MODEL
from tests.plugin.web.samples import RATINGS, TEXT, assessment, evidence, view


@pytest.fixture
def moment() -> MomentPage:
    """Return the layout of the sample's one moment."""
    return moment_pages(view())[0]


def ids_of(lines: object) -> list[str]:
    """Return the message ids of some lines."""
    assert isinstance(lines, tuple)
    return [line.message.message_id for line in lines]


def test_a_moment_stands_in_the_order_of_the_conversation(moment: MomentPage) -> None:
    """A moment shows its context, the client's turn and the reply in the order of the conversation."""
    assert ids_of(moment.earlier + moment.context) == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert ids_of(moment.client_turn) == ["m7"]
    assert ids_of(moment.reply) == ["m8"]


def test_only_the_last_of_the_context_is_open(moment: MomentPage) -> None:
    """Only the last four messages of the context are open; the earlier ones are folded."""
    assert len(moment.context) == OPEN_CONTEXT
    assert ids_of(moment.earlier) == ["m1", "m2"]


def test_context_with_marked_words_never_folds() -> None:
    """Context with marked words is not folded, so that links to the words work."""
    session = view()
    early = Cue(message_id="m2", start=0, end=5, weight=1)
    session = replace(session, moments=(replace(session.moments[0], cues=(early,)),))
    assert ids_of(moment_pages(session)[0].earlier) == ["m1"]


def test_short_context_is_open_whole() -> None:
    """A context of four messages or fewer is not folded."""
    session = view()
    session = replace(session, moments=(replace(session.moments[0], context=("m5", "m6")),))
    laid = moment_pages(session)[0]
    assert (ids_of(laid.earlier), ids_of(laid.context)) == ([], ["m5", "m6"])


def test_lines_together_are_the_messages_word_for_word(moment: MomentPage) -> None:
    """The pieces of each line joined are exactly the text of its message."""
    for line in (*moment.earlier, *moment.context, *moment.client_turn, *moment.reply):
        assert "".join(piece.text for piece in line.pieces) == TEXT[line.message.message_id]


def test_quoted_words_carry_the_number_of_their_mechanism(moment: MomentPage) -> None:
    """Quoted words have the number of their mechanism, and overlapping quotes have both."""
    over = {piece.text: piece.refs for piece in moment.reply[0].pieces if piece.refs}
    assert over == {
        "you are ": ("3",),
        "worn out": ("2", "3"),
        ". Still, ": ("2",),
        "you should": ("1", "2"),
        " try it": ("1",),
        "two more weeks": ("4",),
    }


def test_the_detectors_words_are_marked_as_its_own(moment: MomentPage) -> None:
    """The detector's cues are marked as cues, not as evidence of a mechanism."""
    assert [(p.text, p.refs) for p in moment.client_turn[0].pieces if p.refs] == [("don't see the point", (CUE,))]


def test_cards_stand_in_the_order_of_the_mechanisms() -> None:
    """Cards are in the order of the mechanisms, whatever order the model returned."""
    laid = moment_pages(view(ratings=tuple(reversed(RATINGS))))[0]
    assert [card.rating.mechanism for card in laid.cards] == list(Mechanism)
    assert [card.number for card in laid.cards] == list(NUMBERS.values()) == ["1", "2", "3", "4"]


def test_a_quotation_leads_to_the_line_it_is_from(moment: MomentPage) -> None:
    """Each quote has the anchor of the line it was taken from."""
    assert {quote.anchor for card in moment.cards for quote in card.quotes} == {moment.reply[0].anchor}


def test_a_quotation_of_a_message_that_is_not_shown_has_no_link() -> None:
    """A quote of a message that is not shown is kept, without an anchor."""
    stray = (*RATINGS[:3], RATINGS[3].model_copy(update={"evidence": (evidence("m9", "I have to go"),)}))
    quote = moment_pages(view(ratings=stray))[0].cards[3].quotes[0]
    assert (quote.text, quote.anchor) == ("I have to go", None)


def test_evidence_outside_the_text_marks_nothing() -> None:
    """Evidence outside of the text marks nothing, so that a wrong record still gives a page."""
    beyond = Evidence(message_id="m8", start=500, end=510, quote="not there")
    wrong = (RATINGS[0].model_copy(update={"evidence": (beyond,)}), *RATINGS[1:])
    pieces = moment_pages(view(ratings=wrong))[0].reply[0].pieces
    assert all("1" not in piece.refs for piece in pieces)


def test_strong_mechanisms_are_separate_from_weaker_ones(moment: MomentPage) -> None:
    """Strongly expressed mechanisms are separate from those expressed weakly or not at all."""
    assert [card.number for card in moment.strong] == ["3"]
    assert [card.number for card in moment.weaker] == ["1", "2", "4"]


def test_a_mechanism_without_level_is_neither_strong_nor_weaker() -> None:
    """A mechanism without a level is in neither group, since a person has to rate it."""
    open_ended = Rating(mechanism=Mechanism.EMOTIONAL_RESONANCE, level=None, needs_human=NeedsHuman.EVIDENCE_NOT_FOUND)
    laid = moment_pages(view(ratings=(*RATINGS[:2], open_ended, RATINGS[3])))[0]
    assert [card.number for card in (*laid.strong, *laid.weaker)] == ["1", "2", "4"]


def test_an_abstention_has_no_card_and_no_alternative() -> None:
    """A moment with an abstention has its messages, but no card and no alternative."""
    session = view()
    answer = Abstention(
        assessment_id=uuid4(),
        exchange_id=session.moments[0].exchange_id,
        input_id=uuid4(),
        model=MODEL,
        reason=NeedsHuman.CRITICAL_CONTENT,
    )
    laid = moment_pages(replace(session, moments=(replace(session.moments[0], answer=answer),)))[0]
    assert laid.abstention is answer
    assert (laid.assessment, laid.cards, laid.alternatives) == (None, (), ())
    assert ids_of(laid.reply) == ["m8"]


def test_a_rejected_moment_has_no_card_and_marks_nothing() -> None:
    """A rejected moment, shown for its planted text, has its messages and no card."""
    session = view()
    answer = assessment(uuid4(), session.moments[0].exchange_id).model_copy(update={"verdict": Verdict.REJECTED})
    laid = moment_pages(replace(session, moments=(replace(session.moments[0], answer=answer),)))[0]
    assert (laid.cards, laid.strong, laid.weaker) == ((), (), ())
    assert [piece.refs for piece in laid.reply[0].pieces] == [()]


def test_further_moments_come_after_the_others_on_demand() -> None:
    """Further moments are laid out only on demand, after the others, and numbered on."""
    session = view()
    session = replace(session, further=session.moments * 2)
    assert [page.number for page in moment_pages(session)] == [1]
    assert [page.number for page in moment_pages(session, further=True)] == [1, 2, 3]


def test_moments_are_numbered_and_their_ids_on_the_page_differ() -> None:
    """Moments are numbered, and all their anchors differ even if they share messages."""
    session = view()
    laid = moment_pages(replace(session, moments=session.moments * 2))
    anchors = [line.anchor for page in laid for line in (*page.earlier, *page.context, *page.client_turn, *page.reply)]
    anchors += [card.anchor for page in laid for card in page.cards]
    assert [page.number for page in laid] == [1, 2]
    assert len(anchors) == len(set(anchors)) == 2 * (8 + 4)


def test_what_came_next_stands_apart_with_its_own_ids() -> None:
    """The next turn has its lines, later turns have theirs, and no id on the page occurs twice."""
    after = Afterwards(AfterwardsKind.WENT_ON, (("m3",), ("m5",), ("m9",)))
    session = view()
    session = replace(session, moments=(replace(session.moments[0], afterwards=after),))
    page = moment_pages(session)[0]
    assert (ids_of(page.afterwards.next_turn), ids_of(page.afterwards.later)) == (["m3"], ["m5", "m9"])
    lines = (*page.earlier, *page.context, *page.client_turn, *page.reply)
    lines += (*page.afterwards.next_turn, *page.afterwards.later)
    assert len({line.anchor for line in lines}) == len(lines)


def test_a_next_turn_that_is_a_moment_of_the_page_has_its_number() -> None:
    """A next turn that the page shows as a moment has that moment's number; another one has none."""
    session = view()
    first, second = session.moments[0], replace(session.moments[0], client_turn=("m9",))
    again = Afterwards(AfterwardsKind.RESISTED_AGAIN, (("m9",),))
    for further, number in ((True, 2), (False, None)):
        shown = replace(session, moments=(replace(first, afterwards=again),), further=(second,))
        assert moment_pages(shown, further=further)[0].afterwards.moment == number


def test_a_moment_after_which_nothing_is_known_has_no_lines() -> None:
    """Where nothing is known of what came next, there are no lines and no number."""
    after = moment_pages(view())[0].afterwards
    assert (after.kind, after.next_turn, after.later, after.moment) == (AfterwardsKind.NOT_KNOWN, (), (), None)


def test_a_message_that_is_gone_leaves_a_gap_and_no_error() -> None:
    """A message that is missing from the session is left out of the context without an error."""
    session = view()
    session = replace(session, messages=session.messages[3:])
    assert ids_of(moment_pages(session)[0].context) == ["m4", "m5", "m6"]


def test_a_mark_comes_with_its_messages() -> None:
    """A mark of the session comes with its messages, without highlights."""
    (mark,) = mark_lines(view())
    assert ids_of(mark.lines) == ["m9"]
    assert [piece.refs for piece in mark.lines[0].pieces] == [()]


def test_words_stay_out_of_the_repr(moment: MomentPage) -> None:
    """The representations of the layout's values show no text."""
    shown = repr((moment, mark_lines(view())))
    assert not [text for text in (*TEXT.values(), "you should try it", "decides for") if text in shown]


def test_the_sample_is_of_one_model(moment: MomentPage) -> None:
    """A moment names the model that assessed it."""
    assert moment.model == assessment(uuid4(), uuid4()).model
