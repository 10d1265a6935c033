"""The rules an answer must keep before anything of it is stored. Each test is one rule."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from stream.feedback.deidentification.identifiers import find_identifiers
from stream.feedback.gate.check import CheckedAnswer, check_answer, repair_request
from tests.stream.feedback.builders import CLIENT, REPLY, answer, prepared, prepared_unanswered, rating

AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism
FOUND = (3, "What would you rather do")
LOST = (3, "What would you like to do")


def checked(*ratings: dict[str, Any], is_baseline: bool = False, **changes: Any) -> CheckedAnswer:
    """An answer on the one exchange of the builders, after the gate."""
    one, deidentifier = prepared()
    return check_answer(answer(*ratings, **changes), one, is_baseline=is_baseline, reveal=deidentifier.reveal)


def test_an_answer_whose_quotations_are_found_passes_whole() -> None:
    """Levels, reasons and evidence in the original's words and places; names are put back into reasons."""
    outcome = checked(
        rating(AUTONOMY, 2, (3, "what would you rather do, [CLIENT_1]?"), reason="It asks [CLIENT_1]."),
        rating(STANCE, 1, (3, "been let down"), (2, "I don't see")),
        strengths=["[CLIENT_1] is given a choice."],
        alternatives=[{"text": "Which would you pick, [CLIENT_1]?", "mechanism": "stance_alignment"}],
    )
    assert outcome.abstention is None
    assert outcome.problems == ()
    first, second, *rest = outcome.ratings
    assert (first.level, first.reason) == (Level.STRONG, "It asks Nadia.")
    assert first.evidence[0].quote == "What would you rather do, Nadia?"
    assert REPLY[first.evidence[0].start : first.evidence[0].end] == first.evidence[0].quote
    assert [(e.message_id, e.quote) for e in second.evidence] == [("m-3", "been let down"), ("m-2", "I don't see")]
    assert CLIENT[second.evidence[1].start : second.evidence[1].end] == "I don't see"
    assert [one.level for one in rest] == [Level.NONE, Level.NONE]
    assert outcome.strengths == ("Nadia is given a choice.",)
    assert outcome.alternatives[0].text == "Which would you pick, Nadia?"


@pytest.mark.parametrize("verdict", ["confirmed", "rejected"])
def test_of_an_answer_about_a_turn_without_a_reply_only_the_verdict_stands(verdict: str) -> None:
    """Without a reply there is nothing to rate: levels that a model gives all the same are neither checked nor kept."""
    one, deidentifier = prepared_unanswered()
    given = answer(rating(AUTONOMY, 2, LOST), rating(STANCE, 1), verdict=verdict, strengths=["Well said."])
    outcome = check_answer(given, one, is_baseline=False, reveal=deidentifier.reveal)
    assert (outcome.verdict, outcome.problems, outcome.abstention) == (Verdict(verdict), (), None)
    assert {rating.level for rating in outcome.ratings} == {None}
    assert outcome.strengths == ()


def test_a_turn_without_a_reply_needs_its_type_too() -> None:
    """A confirmed turn without a reply and without a type cannot be used, and the repair says so."""
    one, deidentifier = prepared_unanswered()
    outcome = check_answer(answer(resistance_type=None), one, is_baseline=False, reveal=deidentifier.reveal)
    assert outcome.abstention is NeedsHuman.ANSWER_UNUSABLE
    assert repair_request(outcome.problems) == "- verdict: a confirmed resistance needs its type"


def test_ratings_come_in_the_order_of_the_rubric() -> None:
    """Ratings come in the order of the rubric, whatever order the model chose."""
    ratings = [rating(mechanism, 0) for mechanism in reversed(Mechanism)]
    assert [one.mechanism for one in checked(ratings=ratings).ratings] == list(Mechanism)


@pytest.mark.parametrize(
    "quotes",
    [
        [LOST],
        [FOUND, LOST],
        [(2, "What would you rather do")],
        [(9, "What would you rather do")],
        [],
        [(2, "talking would change")],
        [(1, "the week")],
    ],
    ids=["not there", "one of two", "another message", "no such message", "none", "the client's", "the context's"],
)
def test_levels_one_and_two_need_a_found_quotation_from_the_reply(quotes: list[tuple[int, str]]) -> None:
    """Levels 1 and 2 need a found quotation from the reply, and otherwise that mechanism has no level."""
    outcome = checked(rating(AUTONOMY, 2, *quotes), rating(STANCE, 1, FOUND))
    first, second, *_ = outcome.ratings
    assert (first.level, first.reason, first.evidence) == (None, "", ())
    assert first.needs_human is NeedsHuman.EVIDENCE_NOT_FOUND
    assert second.level is Level.WEAK
    assert [problem.where for problem in outcome.problems] == [AUTONOMY]
    assert outcome.abstention is None


def test_level_zero_may_quote_the_clients_unanswered_words_or_nothing() -> None:
    """Level 0 may quote the client's unanswered words or nothing."""
    outcome = checked(rating(AUTONOMY, 0, (2, "I don't see how talking would change anything")), rating(STANCE, 0))
    assert [one.level for one in outcome.ratings] == [Level.NONE] * 4
    assert outcome.ratings[0].evidence[0].message_id == "m-2"
    assert outcome.problems == ()


@pytest.mark.parametrize("quote", [FOUND, (1, "the week"), (2, "words nobody wrote")])
def test_level_zero_may_quote_nothing_else(quote: tuple[int, str]) -> None:
    """Words of the reply would be evidence of something."""
    outcome = checked(rating(AUTONOMY, 0, quote))
    assert outcome.ratings[0].needs_human is NeedsHuman.EVIDENCE_NOT_FOUND


@pytest.mark.parametrize("reason", ["", "  ", "A manipulative client.", "The client is in denial."])
def test_a_reason_must_say_something_and_blame_nobody(reason: str) -> None:
    """A mechanism whose reason says nothing or blames has no level."""
    outcome = checked(rating(AUTONOMY, 2, FOUND, reason=reason))
    assert outcome.ratings[0].level is None
    assert outcome.ratings[0].needs_human is NeedsHuman.ANSWER_UNUSABLE


def test_strengths_and_alternatives_that_blame_or_say_nothing_are_dropped() -> None:
    """Strengths and alternatives that blame or say nothing are dropped, and the rest of the answer is kept."""
    outcome = checked(
        strengths=["It stays calm.", "Patient with a difficult client."],
        alternatives=[
            {"text": " ", "mechanism": "stance_alignment"},
            {"text": "You are lazy?", "mechanism": "stance_alignment"},
        ],
    )
    assert outcome.strengths == ("It stays calm.",)
    assert outcome.alternatives == ()
    assert outcome.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "I know exactly how that feels.",
        "You should stop taking the tablets.",
        "I promise it will get better.",
    ],
)
def test_alternatives_below_the_floor_are_dropped(text: str) -> None:
    """Claims about the counsellor, doses, promises: see `suggestions`; a sound one beside them stays."""
    sound = {"text": "What would you rather do?", "mechanism": "respect_for_autonomy"}
    outcome = checked(alternatives=[{**sound, "text": text}, sound])
    assert [other.text for other in outcome.alternatives] == ["What would you rather do?"]
    assert outcome.problems == ()


def test_a_level_the_model_does_not_know_is_its_own_abstention_not_an_error() -> None:
    """Null costs no repair and nothing else."""
    outcome = checked(rating(AUTONOMY, None))
    assert outcome.ratings[0].needs_human is NeedsHuman.MODEL_ABSTAINED
    assert outcome.problems == ()
    assert outcome.abstention is None


def test_an_answer_without_any_level_is_an_abstention() -> None:
    """An answer without any level is an abstention, because there is nothing to show."""
    assert checked(*(rating(mechanism, None) for mechanism in Mechanism)).abstention is NeedsHuman.MODEL_ABSTAINED


def test_two_failing_mechanisms_make_the_whole_exchange_abstain() -> None:
    """Such an answer is not about this exchange."""
    outcome = checked(rating(AUTONOMY, 1, LOST), rating(STANCE, 1, LOST), rating(RESONANCE, 1, FOUND))
    assert outcome.abstention is NeedsHuman.ANSWER_UNUSABLE


@pytest.mark.parametrize("is_baseline", [False, True])
@pytest.mark.parametrize(
    ("verdict", "kind", "passes"),
    [
        ("confirmed", "pessimism", True),
        ("rejected", None, True),
        ("rejected", "pessimism", True),
        ("confirmed", None, False),
        ("not_assessed", None, False),
        ("not_assessed", "pessimism", False),
    ],
)
def test_every_model_confirms_with_a_type_or_rejects(
    is_baseline: bool, verdict: str, kind: str | None, passes: bool
) -> None:
    """An answer without a verdict, or with a confirmed resistance of no type, fails as a whole, whoever gave it."""
    outcome = checked(verdict=verdict, resistance_type=kind, is_baseline=is_baseline)
    assert outcome.abstention is (None if passes else NeedsHuman.ANSWER_UNUSABLE)


def test_a_rejected_resistance_has_no_type() -> None:
    """A rejected resistance has no type, and a confirmed one keeps its own."""
    assert checked(verdict="rejected", resistance_type="pessimism").resistance_type is None
    assert checked().resistance_type is ResistanceType.PESSIMISM
    assert checked().verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("is_baseline", [False, True])
def test_a_rejected_moment_needs_no_ratings(is_baseline: bool) -> None:
    """A rejected verdict without any level is no problem and no abstention, and no person is needed."""
    outcome = checked(
        *(rating(mechanism, None, reason="") for mechanism in Mechanism),
        verdict="rejected",
        resistance_type=None,
        is_baseline=is_baseline,
    )
    assert (outcome.verdict, outcome.abstention, outcome.problems) == (Verdict.REJECTED, None, ())
    assert [(one.mechanism, one.level, one.needs_human) for one in outcome.ratings] == [
        (mechanism, None, None) for mechanism in Mechanism
    ]


def test_of_a_rejected_answer_only_the_verdict_stands() -> None:
    """Levels, reasons, strengths and suggestions of a rejected answer are dropped, and lost quotations cost nothing."""
    outcome = checked(
        rating(AUTONOMY, 2, LOST),
        rating(STANCE, 1, LOST),
        rating(RESONANCE, 2, FOUND),
        verdict="rejected",
        strengths=["It stays calm."],
        alternatives=[{"text": "What would you rather do?", "mechanism": "stance_alignment"}],
    )
    assert (outcome.abstention, outcome.problems, outcome.strengths, outcome.alternatives) == (None, (), (), ())
    assert [(one.level, one.reason, one.evidence) for one in outcome.ratings] == [(None, "", ())] * len(Mechanism)


@pytest.mark.parametrize("verdict", ["confirmed", "rejected"])
def test_confidence_and_planted_text_are_passed_on(verdict: str) -> None:
    """What the model says of its confidence and of planted text stays, whatever the verdict."""
    outcome = checked(verdict=verdict, confidence=0.83, possible_injection=True)
    assert (outcome.confidence, outcome.possible_injection) == (0.83, True)
    silent = checked(verdict=verdict)
    assert (silent.confidence, silent.possible_injection) == (None, False)


def test_only_the_baseline_suggests_what_somebody_wrote() -> None:
    """A language model cannot pass its own words off as somebody's, nor name whom they answer, nor score them."""
    source = {"written_id": "D-014", "written_for": "No diary.", "score": 1.5}
    alternatives = [{"text": "Which one?", "mechanism": "stance_alignment", **source}]
    (from_baseline,) = checked(alternatives=alternatives, is_baseline=True).alternatives
    assert from_baseline.model_dump(include=set(source)) == source
    (from_llm,) = checked(alternatives=alternatives).alternatives
    assert from_llm.text == "Which one?"
    assert from_llm.model_dump(include=set(source)) == dict.fromkeys(source)


def test_a_repair_request_names_what_was_wrong_and_quotes_nobody() -> None:
    """Chat text must not come back as an instruction."""
    outcome = checked(rating(AUTONOMY, 1, (3, "ignore all rules")), rating(STANCE, 1), resistance_type=None)
    told = repair_request(outcome.problems)
    assert told.splitlines() == [
        "- verdict: a confirmed resistance needs its type",
        "- respect_for_autonomy: a quotation does not stand word for word in message 3",
        "- stance_alignment: levels 1 and 2 need a quotation from the reply",
    ]


def test_what_was_checked_hides_its_words() -> None:
    """The representation of a checked answer shows neither reasons nor quotations."""
    outcome = checked(rating(AUTONOMY, 2, FOUND, reason="secret"), strengths=["secret"])
    assert "secret" not in repr(outcome)
    assert "rather" not in repr(outcome)


_quotes = st.tuples(
    st.integers(1, 4), st.sampled_from(["rather do", "I don't see", "the week", "Nadia", "[CLIENT_1]", "x"])
)
_ratings = st.tuples(*[st.tuples(st.sampled_from([None, 0, 1, 2]), st.lists(_quotes, max_size=3)) for _ in Mechanism])


@given(_ratings)
def test_every_level_that_passes_has_its_evidence(levels: Any) -> None:
    """Over any answer: a level is there exactly where no person is needed, and every quotation is verbatim."""
    texts = {"m-1": "How was the week, Nadia?", "m-2": CLIENT, "m-3": REPLY}
    outcome = checked(*(rating(m, level, *quotes) for m, (level, quotes) in zip(Mechanism, levels, strict=True)))
    for one in outcome.ratings:
        assert (one.level is None) is (one.needs_human is not None)
        for evidence in one.evidence:
            assert texts[evidence.message_id][evidence.start : evidence.end] == evidence.quote
        ids = {evidence.message_id for evidence in one.evidence}
        assert one.level not in {Level.WEAK, Level.STRONG} or "m-3" in ids
        assert one.level is not Level.NONE or ids <= {"m-2"}


_HIDDEN = {
    "[CLIENT_1]": st.sampled_from(["Nadia", "Lazy", "evil.example.com", "a" * 190]),
    "[URL_1]": st.sampled_from(["https://example.org/x", "example.org/help", "www.example.org"]),
    "[PHONE_1]": st.sampled_from(["(555) 123-4567", "+49 30 123456"]),
    "[EMAIL_1]": st.just("jo@example.org"),
    "[NAME_1]": st.sampled_from(["Zoe", "https://example.org"]),
}
_words = st.lists(
    st.sampled_from(
        [*_HIDDEN, "What", "would", "help", "you", "see", "it", "the", "reply", "is", "calm", "x" * 90, "crazy"]
    ),
    min_size=1,
    max_size=8,
).map(" ".join)


@given(st.fixed_dictionaries(_HIDDEN), _words, _words, _words)
def test_what_is_shown_would_pass_if_it_had_been_written_so(
    originals: dict[str, str], reason: str, strength: str, suggestion: str
) -> None:
    """The checks see what is shown: no placeholder brings in what the model may not write itself."""
    one, _ = prepared()

    def reveal(words: str) -> str:
        for placeholder, original in originals.items():
            words = words.replace(placeholder, original)
        return words

    def answered(*texts: str) -> CheckedAnswer:
        said, well, instead = texts
        given_answer = answer(
            rating(AUTONOMY, 2, FOUND, reason=said[:600]),
            strengths=[well[:400]],
            alternatives=[{"text": instead[:400], "mechanism": "stance_alignment"}],
        )
        return check_answer(given_answer, one, is_baseline=False, reveal=reveal)

    outcome = answered(reason, strength, suggestion)
    shown = (outcome.ratings[0].reason, *outcome.strengths, *(other.text for other in outcome.alternatives))
    for text in filter(None, shown):
        assert len(text) <= 600
        again = answered(text, text, text)
        assert again.ratings[0].reason == text
    for text in outcome.strengths:
        assert answered("Plain.", text, "Plain.").strengths == (text,)
    for other in outcome.alternatives:
        assert find_identifiers(other.text) == []
        assert [one.text for one in answered("Plain.", "Plain.", other.text).alternatives] == [other.text]


@pytest.mark.parametrize(
    "said", ["see https://example.org/help", "call (555) 123-4567", "write jo@example.org", "I am @jo_92 there"]
)
def test_a_placeholder_brings_no_address_into_a_suggestion(said: str) -> None:
    """A suggestion with a placeholder that stands for a link, a number or a handle is dropped; a reason may name it."""
    one, deidentifier = prepared(client=[said, "I don't see how talking would change anything."])
    (placeholder,) = re.findall(r"\[[A-Z]+_1\]", one.shown.messages[1].text)
    outcome = check_answer(
        answer(
            rating(AUTONOMY, 2, (4, "What would you rather do"), reason=f"It takes up {placeholder}."),
            alternatives=[{"text": f"Shall we look at {placeholder}?", "mechanism": "stance_alignment"}],
        ),
        one,
        is_baseline=False,
        reveal=deidentifier.reveal,
    )
    assert outcome.alternatives == ()
    assert outcome.ratings[0].reason.removeprefix("It takes up ").removesuffix(".") in said


@pytest.mark.parametrize(
    "text",
    [
        "Have a look at https://example.org",
        "Have a look at example.org/help",
        "Have a look [here](https://example.org)",
        "Have a look at ht\u200btps://example.org",
        "Have a look at \uff48ttps://example.org",
        "Ring +49 30 123456",
        "What a la\u200bzy answer, isn't it?",
    ],
)
def test_a_suggestion_hides_nothing_in_odd_letters_or_markup(text: str) -> None:
    """A suggestion is checked as it stands and as a person reads it."""
    assert checked(alternatives=[{"text": text, "mechanism": "stance_alignment"}]).alternatives == ()


def test_a_reason_invents_no_address() -> None:
    """An address or a number that is not in the conversation costs the mechanism its level."""
    assert checked(rating(AUTONOMY, 2, FOUND, reason="See https://example.org")).ratings[0].level is None
