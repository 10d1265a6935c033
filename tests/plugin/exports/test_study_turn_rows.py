"""The rows of turns for studies: what moments and measures say of them, and what is known of the turn after one."""

import pandas as pd
import pytest

from plugin.exports.review_rows import Cell
from plugin.exports.study_session import StudyMoment, StudySession
from plugin.exports.study_turn_rows import turn_rows
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, Statement, level_of, rating_of
from plugin.studies.turn_pairs import turn_pairs
from stream.contracts.measures import MeasureFinding
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import Level, MarkKind, ResistanceType, Role, Verdict
from tests.plugin.exports.study_samples import (
    AGREED,
    NO_RESISTANCE,
    STANCE,
    measured,
    moment,
    plain,
    stored,
    turns_of,
)
from tests.plugin.studies.simulated import table


def rows(each: StudySession) -> list[tuple[Cell, ...]]:
    """Return number, role, whether the client resists and the level of one mechanism, of each turn."""
    return [tuple(row[name] for name in ("turn", "role", "resists", STANCE.value)) for row in turn_rows(each, plain)]


class TestTurns:
    """Tests of the table of turns."""

    def test_a_moment_is_a_client_turn_and_its_reply(self) -> None:
        """The client's turn says whether it resists, and how; the reply has the levels; who wrote has a pseudonym."""
        client, reply = list(turn_rows(stored(moment(0), messages="CK"), plain))[:2]
        assert (client["role"], client["resists"], client["denying"], client["arguing"]) == ("client", 1, 1, 0)
        assert (reply["role"], reply["resists"], reply[STANCE.value]) == ("counsellor", None, 1)
        assert (client["group"], client["counsellor"]) == ("conversation sample/c_sample", "counsellor sample/p_ana")

    def test_two_moments_that_follow_each_other_are_one_chain(self) -> None:
        """The next moment's turn is the turn after the reply where nothing lies between."""
        each = stored(moment(0), moment(2, level=2))
        assert rows(each) == [
            (1, "client", 1, None),
            (2, "counsellor", None, 1),
            (3, "client", 1, None),
            (4, "counsellor", None, 2),
        ]

    def test_a_turn_that_surely_follows_and_was_not_flagged_does_not_resist(self) -> None:
        """A stored client turn after the reply that is no moment was not flagged, and ends the chain."""
        each = stored(moment(0), messages="CKC")
        assert rows(each)[-1] == (3, "client", 0, None)

    def test_between_moments_that_are_apart_lies_a_gap(self) -> None:
        """Where other turns lie between, empty rows keep one moment's reply from the other's client turn."""
        each = stored(moment(0), moment(4), messages="CKCKCK", counts={"client_messages": 9})
        assert rows(each) == [
            (1, "client", 1, None),
            (2, "counsellor", None, 1),
            (3, "client", None, None),
            (4, "counsellor", None, None),
            (5, "client", 1, None),
            (6, "counsellor", None, 1),
        ]

    def test_what_may_have_been_left_out_is_not_called_unflagged(self) -> None:
        """Where flagged moments are not in the record, a turn that follows is not said not to resist."""
        each = stored(moment(0), messages="CKC", counts={"flagged_not_shown": 1})
        assert rows(each)[-1] == (3, "client", None, None)

    @pytest.mark.parametrize(("kind", "resists"), [(ResistanceType.BLAMING, 1), (None, None)])
    def test_an_unanswered_moment_that_follows_resists(self, kind: ResistanceType | None, resists: int | None) -> None:
        """A flagged turn that nobody answered resists where a model confirmed it, and is not known otherwise."""
        mark = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m2",), resistance_type=kind)
        assert rows(stored(moment(0), messages="CKC", marks=(mark,)))[-1] == (3, "client", resists, None)

    def test_roles_alternate_and_a_study_pairs_what_follows_alone(self) -> None:
        """A study takes the table as it is, and the pairs with values are those of turns that surely follow."""
        second = moment(2, level=2, context=("m0", "m1"))
        chain = stored(moment(0), second, moment(8), messages="CKCKCKCKCKC", counts={"client_messages": 9})
        found = pd.DataFrame(list(turn_rows(chain, plain)))
        pairs = turn_pairs(table(found, "turns.csv"), ["resists"], [STANCE.value])
        assert pairs.dropna(subset=["resists", "resists_before", STANCE.value])[STANCE.value].tolist() == [1]

    def test_a_session_without_moments_has_no_turn(self) -> None:
        """A session with outcomes alone is in the table of sessions only."""
        assert rows(stored(messages="CK")) == []


class TestMeasuredTurns:
    """Tests of the turns of a session that was measured: all of them are known."""

    def test_every_turn_has_a_row_with_its_own_number(self) -> None:
        """Between two moments stand the turns that are there, and one that was not flagged does not resist."""
        each = stored(moment(2), moment(6, level=2), messages="CKCKCKCK", measures=measured(turns_of("CKCKCKCK")))
        assert rows(each) == [
            (1, "client", 0, None),
            (2, "counsellor", None, None),
            (3, "client", 1, None),
            (4, "counsellor", None, 1),
            (5, "client", 0, None),
            (6, "counsellor", None, None),
            (7, "client", 1, None),
            (8, "counsellor", None, 2),
        ]
        assert [row["denying"] for row in turn_rows(each, plain) if row["role"] == "client"] == [0, 1, 0, 1]

    def test_a_moment_is_found_by_any_message_of_a_turn(self) -> None:
        """A notice splits a turn for the detector and not for measures: the part that resists counts."""
        turns = [(Role.CLIENT, ("m0", "m1", "m2")), (Role.COUNSELLOR, ("m3",))]
        split = stored(moment(0, verdict=Verdict.REJECTED), moment(2), messages="CCCK", measures=measured(turns))
        assert rows(split) == [(1, "client", 1, None), (2, "counsellor", None, 1)]

    def test_going_along_is_the_share_of_client_turns_so_far(self) -> None:
        """A reply has the share of client turns before it that did not resist; before the first one nobody knows."""
        each = stored(moment(1), messages="KCKCKCK", measures=measured(turns_of("KCKCKCK")))
        went_along = [row["went_along"] for row in turn_rows(each, plain) if row["role"] == "counsellor"]
        assert went_along == [None, 0, 0.5, 0.6667]

    def test_where_of_one_turn_nobody_knows_going_along_is_not_known(self) -> None:
        """After a turn of which no model said anything the share is not made up from the others."""
        each = stored(moment(0, verdict=None, kind=None), messages="CKCK", measures=measured(turns_of("CKCK")))
        assert [row["went_along"] for row in turn_rows(each, plain)] == [None] * 4

    def test_what_may_have_been_left_out_is_not_called_unflagged(self) -> None:
        """Where flagged moments are not in the record, no other turn is said not to resist."""
        turns = measured(turns_of("CKCK"))
        each = stored(moment(0), messages="CKCK", counts={"exchanges_dropped_for_size": 1}, measures=turns)
        assert [row[2] for row in rows(each)] == [1, None, None, None]

    def test_what_measures_say_of_a_turn_stands_in_its_row(self) -> None:
        """A finding stands in the row of its turn, beside the levels."""
        findings = (
            MeasureFinding(quantity="main_technique", turn=2, labels=("affirmation",)),
            MeasureFinding(quantity="self_directed_emotion", turn=3, number=1.5),
        )
        each = stored(moment(0), messages="CKC", measures=measured(turns_of("CKC"), *findings))
        _, reply, after = turn_rows(each, plain)
        assert (reply["code"], reply[STANCE.value], reply["self_directed_emotion"]) == ("affirmation", 1, None)
        assert (after["self_directed_emotion"], after["code"], after["resists"]) == (1.5, None, 0)

    def test_without_turns_the_moments_stand_alone(self) -> None:
        """A record that says why nothing was measured leaves the rows of moments."""
        assert rows(stored(moment(0), messages="CK", measures=measured(()))) == rows(stored(moment(0), messages="CK"))


class TestWhatCounts:
    """Tests of what counts where a supervisor has said something."""

    @pytest.mark.parametrize(
        ("labels", "level"),
        [
            ({}, 1),
            ({level_of(STANCE): Opinion(Judgement.CORRECTED, level=Level.STRONG)}, 2),
            ({level_of(STANCE): Opinion(Judgement.CORRECTED, level=Level.NONE)}, 0),
            ({rating_of(STANCE): Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)}, None),
            ({rating_of(STANCE): AGREED}, 1),
        ],
    )
    def test_an_own_level_counts_and_a_withheld_one_does_not(
        self, labels: dict[Statement, Opinion], level: int | None
    ) -> None:
        """A supervisor's own level stands in place of the model's, and a rating that was withheld is no level."""
        row = list(turn_rows(stored(moment(0, labels=labels), messages="CK"), plain))[1]
        assert row[STANCE.value] == level
        assert row["reviewed"] == int(bool(labels))

    @pytest.mark.parametrize(
        "each",
        [moment(0, verdict=Verdict.REJECTED, kind=None), moment(0, labels={MOMENT: NO_RESISTANCE})],
        ids=["model", "supervisor"],
    )
    def test_what_is_no_resistance_has_no_levels(self, each: StudyMoment) -> None:
        """A turn that the model rejected, or that a supervisor calls no resistance, does not resist, in no way."""
        client, reply = list(turn_rows(stored(each, messages="CK"), plain))
        assert (client["resists"], client["denying"], reply[STANCE.value]) == (0, 0, None)

    def test_an_abstention_says_nothing(self) -> None:
        """A moment without an answer has empty cells."""
        client, reply = list(turn_rows(stored(moment(0, verdict=None, kind=None), messages="CK"), plain))
        assert (client["resists"], client["denying"], reply[STANCE.value]) == (None, None, None)
