"""The rows of tables for studies: what a moment says of its turns, and what is known of the turn after it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from plugin.database.tables import StoredAnswer, StoredExchange, StoredOutcome, StoredSession
from plugin.exports.review_rows import Cell
from plugin.exports.study_rows import StudyMoment, StudySession, session_columns, session_row, turn_rows
from plugin.queue.review_views import Judgement, Label, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, Statement, level_of, rating_of
from plugin.queue.views import MessageView
from plugin.studies.turn_pairs import turn_pairs
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import Level, MarkKind, Mechanism, NeedsHuman, ResistanceType, Role, Verdict
from tests.plugin.samples import NOW, START
from tests.plugin.studies.simulated import table

STANCE = Mechanism.STANCE_ALIGNMENT
AGREED = Opinion(Judgement.AGREED)
NO_RESISTANCE = Opinion(Judgement.WITHHELD, WithholdReason.NOT_RESISTANCE)


def said(number: int, role: Role) -> MessageView:
    """Return a stored message without its words."""
    author = "p_client" if role is Role.CLIENT else "p_ana"
    return MessageView(f"m{number}", role, author, START + timedelta(minutes=number), "")


def moment(
    client: int,
    *,
    level: int | None = 1,
    verdict: Verdict | None = Verdict.CONFIRMED,
    kind: ResistanceType | None = ResistanceType.BLAMING,
    labels: Mapping[Statement, Opinion] | None = None,
    context: tuple[str, ...] = (),
) -> StudyMoment:
    """Return a moment whose client turn is the message of a number, and whose reply is the next one."""
    ids: dict[str, Any] = {"client_turn": [f"m{client}"], "reply": [f"m{client + 1}"], "context": list(context)}
    values: dict[str, Any] = {
        "verdict": verdict,
        "resistance_type": kind,
        "abstained": None if verdict else NeedsHuman.MODEL_FAILED,
        "ratings": [{"mechanism": each.value, "level": level} for each in Mechanism] if verdict else [],
    }
    found = {str(statement): Label(opinion, "Mara", NOW) for statement, opinion in (labels or {}).items()}
    return StudyMoment(StoredExchange(position=client, **ids), StoredAnswer(**values), found)


def stored(
    *moments: StudyMoment,
    messages: str = "CKCK",
    counts: Mapping[str, int] | None = None,
    marks: tuple[Mark, ...] = (),
    counsellors: tuple[str, ...] = ("sample/p_ana",),
    outcomes: tuple[StoredOutcome, ...] = (),
) -> StudySession:
    """Return a session of messages by client (C) and counsellor (K), all of which are stored unless counts say more."""
    roles = [Role.CLIENT if each == "C" else Role.COUNSELLOR for each in messages]
    views = [said(number, role) for number, role in enumerate(roles)]
    whole = Counts(client_messages=messages.count("C"), client_turns=messages.count("C"))
    values: dict[str, Any] = {
        "session_id": uuid4(),
        "tenant": "sample",
        "conversation_id": "c_sample",
        "ended_at": START + timedelta(minutes=len(messages)),
        "counts": whole.model_copy(update=dict(counts or {})).model_dump(mode="json"),
        "marks": [mark.model_dump(mode="json") for mark in marks],
        "counsellor_keys": list(counsellors),
    }
    return StudySession(StoredSession(**values), moments, views, frozenset({"p_client"}), outcomes)


def given(**values: Any) -> StoredOutcome:
    """Return an outcome that a client gave after the session."""
    return StoredOutcome(**{"occasion": "after", "given_by": "client", "author": "p_client", **values})


def plain(kind: str, value: object) -> str:
    """Return a pseudonym that tests can read."""
    return f"{kind} {value}"


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


class TestSessions:
    """Tests of the table of sessions."""

    def test_a_session_has_means_over_replies_to_turns_that_resist(self) -> None:
        """Counts and the mean level of each mechanism stand in a row, without what was rejected."""
        labels = {MOMENT: AGREED}
        each = stored(
            moment(0, level=2, labels=labels), moment(2), moment(4, verdict=Verdict.REJECTED), messages="CKCKCK"
        )
        row = session_row(each, plain)
        assert [row[name] for name in ("client_turns", "moments", "resisting", "reviewed")] == [3, 3, 2, 1]
        assert row["mean_stance_alignment"] == 1.5
        assert (row["client"], row["counsellor"]) == ("client sample/p_client", "counsellor sample/p_ana")

    def test_outcomes_stand_in_their_columns(self) -> None:
        """A score stands under its instrument and occasion, and a column that no session has is left out."""
        row = session_row(stored(outcomes=(given(instrument="phq_9", score=11),)), plain)
        assert session_columns([row])[-1] == "phq_9_after"
        assert row["phq_9_after"] == 11
        assert row["mean_stance_alignment"] is None

    def test_of_several_people_nobody_is_told(self) -> None:
        """Where several counsellors or clients wrote, neither has a pseudonym."""
        other = given(instrument="care", author="p_other", score=40)
        row = session_row(stored(counsellors=("sample/p_ana", "sample/p_ben"), outcomes=(other,)), plain)
        assert (row["client"], row["counsellor"]) == (None, None)
