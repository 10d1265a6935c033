"""Tests of moments across sessions on a real database: which are found, in which order, for whom, and the trail."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue import moments_across
from plugin.queue.calibration_drawing import seen_by
from plugin.queue.filters import QueueState
from plugin.queue.look_views import LookOutcome
from plugin.queue.looks import has_opened
from plugin.queue.moment_filter import EVERY_MOMENT, MomentFilter
from plugin.queue.moment_views import MomentAcross, MomentPart
from plugin.queue.openings import OpeningKind
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, level_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import LeftOut, Level, Mechanism, NeedsHuman, ResistanceType
from tests.plugin.conftest import People
from tests.plugin.queue.calibrated import Team, crew, said, store_sessions
from tests.plugin.queue.sampled import sampled
from tests.plugin.samples import (
    MODEL,
    REJECTED,
    SAID,
    START,
    TENANT,
    add_person,
    answered,
    apply_records,
    left_out,
    record,
)

__all__ = ["crew"]
AUTONOMY, STANCE = Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT
DONE = DecisionOutcome.DONE


def on_day(number: int, **changes: Any) -> FeedbackRecord:
    """Return a session on this day, with one moment unless something else is said."""
    return record(conversation=f"c_{number}", started_at=START + timedelta(days=number), **changes)


def found(part: MomentPart) -> list[UUID]:
    """Return the sessions of some moments, in their order."""
    return [moment.row.session_id for moment in part.moments]


def ids_of(*records: FeedbackRecord) -> list[UUID]:
    """Return the ids of some sessions."""
    return [each.session_id for each in records]


def parts(store: Store, viewer: Viewer, chosen: MomentFilter = EVERY_MOMENT, size: int = 2) -> Iterator[MomentPart]:
    """Yield the parts of the moments, from the first to the last."""
    part = store.moments.read(viewer, chosen, size=size)
    yield part
    while part.next_place is not None:
        part = store.moments.read(viewer, chosen, part.next_place, size=size)
        yield part


def judge(store: Store, viewer: Viewer, sent: FeedbackRecord, statement: Any, opinion: Opinion) -> None:
    """Say something of a statement of a session's first moment, and give the claim back."""
    store.reviews.claim(viewer, sent.session_id)
    answer = sent.assessments[0].assessment_id
    assert store.reviews.judge(viewer, sent.session_id, 1, answer, statement, opinion) is DONE
    store.reviews.give_back(viewer, sent.session_id)


def own_level(level: Level) -> Opinion:
    """Return the opinion that sets a level."""
    return Opinion(Judgement.CORRECTED, level=level)


def trail(engine: Engine) -> list[tuple[str, str]]:
    """Return the objects and the people of the entries about reading across sessions."""
    with engine.connect() as connection:
        entries = connection.execute(
            text("SELECT object_id, account_id FROM audit WHERE purpose = 'across sessions' ORDER BY seq")
        )
        return [(entry.object_id, str(entry.account_id)) for entry in entries]


# --- what is found, and in which order ---


def test_a_moment_has_its_levels_with_their_quotations_and_no_message(
    engine: Engine, store: Store, people: People
) -> None:
    """A moment says when and whose it was, and its four levels in order with quotations; `repr` shows none of them."""
    sent = answered(on_day(0), {"resistance_type": ResistanceType.PESSIMISM})
    apply_records(engine, sent)
    (moment,) = store.moments.read(people.supervisor).moments
    assert (moment.counsellor, moment.row.started_at) == ("Ana", sent.started_at)
    assert moment.answer.resistance_type is ResistanceType.PESSIMISM
    assert [each.rating.mechanism for each in moment.levels] == list(Mechanism)
    assert [[one.quote for one in each.rating.evidence] for each in moment.levels] == [[SAID[1][:15]]] * 4
    assert SAID[1][:15] not in repr(moment)


def test_the_newest_session_comes_first_and_nothing_is_there_twice(
    engine: Engine, store: Store, people: People
) -> None:
    """Over the parts every moment is there once, by time alone, whoever replied and whatever the level."""
    add_person(engine, "zoe", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_zoe")
    sent = [
        on_day(0, moments=3, level=Level.NONE),
        on_day(1, counsellor="p_zoe", moments=2),
        on_day(2, level=Level.STRONG),
    ]
    apply_records(engine, *sent)
    expected = [id_ for each in reversed(sent) for id_ in [each.session_id] * len(each.exchanges)]
    for size in (1, 2, 4, 100):
        walked = [moment for part in parts(store, people.supervisor, size=size) for moment in part.moments]
        assert [moment.row.session_id for moment in walked] == expected
        assert len({moment.exchange_id for moment in walked}) == len(walked)


def test_what_is_decided_or_arrives_between_two_parts_moves_nobodys_place(
    engine: Engine, store: Store, people: People
) -> None:
    """The next part begins after its moment, wherever that stands now; after an erased one it is the first again."""
    sent = [on_day(day) for day in range(4)]
    apply_records(engine, *sent)
    first = store.moments.read(people.supervisor, size=2)
    store.decide(people.supervisor, sent[3].session_id, 1, DecisionKind.RELEASED)
    apply_records(engine, on_day(9))
    assert first.next_place is not None
    second = store.moments.read(people.supervisor, after=first.next_place, size=2)
    assert found(second) == ids_of(sent[1], sent[0])
    lost = replace(first.next_place, session_id=uuid4())
    assert found(store.moments.read(people.supervisor, after=lost, size=1)) == ids_of(on_day(9))


def test_what_no_model_rated_is_no_moment_of_these(engine: Engine, store: Store, people: People) -> None:
    """Abstentions, rejected moments, superseded answers and sessions left out are not found."""
    rejected = answered(on_day(1, moments=2), {}, REJECTED)
    changed = [{"assessment_id": uuid4(), "input_id": uuid4()}]
    again = answered(on_day(2).model_copy(update={"revision": 2}), *changed)
    apply_records(engine, on_day(0, abstain=NeedsHuman.MODEL_ABSTAINED), rejected, on_day(2), again)
    apply_records(engine, left_out(LeftOut.TOO_SHORT, conversation="c_short"))
    moments = store.moments.read(people.supervisor).moments
    assert [moment.answer.assessment_id for moment in moments] == [
        again.assessments[0].assessment_id,
        rejected.assessments[0].assessment_id,
    ]


# --- filters ---


def test_each_filter_leaves_its_own_moments(engine: Engine, store: Store, people: People) -> None:
    """Behaviour, counsellor, period, state and decision each leave the moments that they name."""
    zoe = add_person(engine, "zoe", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_zoe")
    plain, quiet, hers = (
        on_day(0),
        answered(on_day(1), {"resistance_type": ResistanceType.MINIMUM_TALK}),
        on_day(2, counsellor="p_zoe"),
    )
    apply_records(engine, plain, quiet, hers)
    store.decide(people.supervisor, plain.session_id, 1, DecisionKind.RELEASED)
    store.reviews.claim(people.supervisor, hers.session_id)
    for chosen, expected in (
        ({"resistance_type": ResistanceType.MINIMUM_TALK}, (quiet,)),
        ({"therapist": zoe.user_id}, (hers,)),
        ({"therapist": people.ben.user_id}, ()),
        ({"ended_from": quiet.ended_at.date()}, (hers, quiet)),
        ({"ended_to": quiet.ended_at.date()}, (quiet, plain)),
        ({"decided": True}, (plain,)),
        ({"decided": False}, (hers, quiet)),
        ({"state": QueueState.RELEASED}, (plain,)),
        ({"state": QueueState.MINE}, (hers,)),
        ({"state": QueueState.NEW, "decided": False}, (quiet,)),
    ):
        found_now = found(store.moments.read(people.supervisor, MomentFilter(**chosen)))
        assert found_now == ids_of(*expected), chosen


def test_a_counsellor_has_only_the_moments_that_they_answered(engine: Engine, store: Store, people: People) -> None:
    """Of a session of two counsellors, each has the moments with their own reply."""
    zoe = add_person(engine, "zoe", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_zoe")
    both = on_day(0, moments=2, counsellors=("p_ana", "p_zoe"))
    exchanges = (both.exchanges[0], both.exchanges[1].model_copy(update={"counsellor": "p_zoe"}))
    apply_records(engine, both.model_copy(update={"exchanges": exchanges}))
    for viewer, at in ((people.ana, 0), (zoe, 1)):
        (moment,) = store.moments.read(people.supervisor, MomentFilter(therapist=viewer.user_id)).moments
        assert moment.exchange_id == both.exchanges[at].exchange_id


def test_the_level_that_counts_is_a_supervisors_own_before_the_models(
    engine: Engine, store: Store, people: People
) -> None:
    """A level is found by what stands: an own level in the place of the model's, until it is undone."""
    weak, corrected, alike, unrated = (on_day(day, level=Level.WEAK) for day in range(4))
    unrated = on_day(3, level=None)
    apply_records(engine, weak, corrected, alike, unrated)
    judge(store, people.supervisor, corrected, level_of(STANCE), own_level(Level.STRONG))
    judge(store, people.supervisor, alike, level_of(STANCE), own_level(Level.WEAK))
    judge(store, people.supervisor, unrated, level_of(STANCE), own_level(Level.NONE))

    def of(mechanism: Mechanism | None, level: Level | None = None, *, differs: bool = False) -> list[UUID]:
        chosen = MomentFilter(mechanism=mechanism, level=level, own_differs=differs)
        return found(store.moments.read(people.supervisor, chosen))

    assert of(STANCE, Level.WEAK) == ids_of(alike, weak)
    assert of(STANCE, Level.STRONG) == ids_of(corrected)
    assert of(STANCE, Level.NONE) == ids_of(unrated)
    assert of(STANCE) == ids_of(unrated, alike, corrected, weak)
    assert of(AUTONOMY) == ids_of(alike, corrected, weak)
    assert of(None, differs=True) == of(STANCE, differs=True) == ids_of(unrated, corrected)
    assert of(AUTONOMY, differs=True) == []
    judge(store, people.supervisor, corrected, level_of(STANCE), Opinion(Judgement.UNDONE))
    assert of(STANCE, Level.STRONG) == of(STANCE, Level.STRONG, differs=True) == []


def test_an_own_level_stands_beside_the_models(engine: Engine, store: Store, people: People) -> None:
    """A moment shows who set which level beside the model's, whether it differs, and that it is kept back."""
    sent = on_day(0)
    apply_records(engine, sent)
    judge(store, people.supervisor, sent, level_of(AUTONOMY), own_level(Level.STRONG))
    judge(store, people.supervisor, sent, level_of(STANCE), own_level(Level.WEAK))
    moment = only(store, people.supervisor)
    first, second, *others = moment.levels
    assert first.own is not None
    assert (first.own.by, first.own_level, first.rating.level, first.differs) == (
        *("Mara", Level.STRONG),
        *(Level.WEAK, True),
    )
    assert (second.own_level, second.differs) == (Level.WEAK, False)
    assert {(each.own_level, each.differs) for each in others} == {(None, False)}
    assert not moment.is_kept_back
    judge(store, people.supervisor, sent, MOMENT, Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR))
    assert only(store, people.supervisor).is_kept_back


def only(store: Store, viewer: Viewer) -> MomentAcross:
    """Return the one moment that there is."""
    (moment,) = store.moments.read(viewer).moments
    return moment


# --- counts and how far is searched ---


def test_versions_are_never_counted_together(engine: Engine, store: Store, people: People) -> None:
    """Each version of model and rubric has a count of its own; they stand on the first part alone."""
    other_model, other_rubric = (MODEL.model_copy(update=each) for each in ({"weights": "0.2"}, {"rubric": "0.2"}))
    apply_records(
        engine,
        on_day(0, moments=3),
        answered(on_day(1), {"model": other_model}),
        answered(on_day(2), {"model": other_rubric}),
        *of_colleagues(engine, LEAST_COUNSELLORS - 1),
    )
    first, second, *_ = parts(store, people.supervisor)
    assert {(each.model.weights, each.model.rubric): each.moments for each in first.versions} == {
        (MODEL.weights, MODEL.rubric): 3 + LEAST_COUNSELLORS - 1,
        ("0.2", MODEL.rubric): 1,
        (MODEL.weights, "0.2"): 1,
    }
    assert second.versions == ()


def test_nothing_is_counted_about_few_counsellors(engine: Engine, store: Store, people: People) -> None:
    """Where the moments are of fewer counsellors than a number about all of them needs, there is no count."""
    apply_records(engine, on_day(0, moments=3), *of_colleagues(engine, LEAST_COUNSELLORS - 2))
    part = store.moments.read(people.supervisor)
    assert (len(part.moments), part.versions) == (3 + LEAST_COUNSELLORS - 2, ())


def of_colleagues(engine: Engine, number: int) -> list[FeedbackRecord]:
    """Return a session of each of so many further counsellors of the team, with one moment."""
    for each in range(number):
        name = f"colleague-{each}"
        add_person(engine, name, AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor=f"p_{name}")
    return [on_day(10 + each, counsellor=f"p_colleague-{each}") for each in range(number)]


def test_nobody_is_counted_by_name(engine: Engine, store: Store, people: People) -> None:
    """Where the filter names a counsellor there is no count, which could be compared with another's."""
    apply_records(engine, on_day(0, moments=3))
    part = store.moments.read(people.supervisor, MomentFilter(therapist=people.ana.user_id))
    assert (len(part.moments), part.versions) == (3, ())


def test_a_part_searches_so_many_sessions_and_says_how_far(
    engine: Engine, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where few sessions match, a part is short and says to where it searched; the next one goes on from there."""
    monkeypatch.setattr(moments_across, "SEARCHED", 2)
    sent = [on_day(day, level=Level.STRONG if day == 0 else Level.WEAK) for day in range(5)]
    apply_records(engine, *sent)
    strong = MomentFilter(mechanism=STANCE, level=Level.STRONG)
    walked = list(parts(store, people.supervisor, strong))
    assert [found(part) for part in walked] == [[], [], ids_of(sent[0])]
    assert [part.searched_to for part in walked] == [sent[3].ended_at, sent[1].ended_at, None]
    everything = [id_ for part in parts(store, people.supervisor) for id_ in found(part)]
    assert everything == ids_of(*reversed(sent))


# --- who reads, and what is recorded ---


def test_everybody_finds_what_they_may_see(engine: Engine, store: Store, people: People) -> None:
    """A supervisor finds her teams' moments, a lead those of every team, and nobody else any."""
    north, south = on_day(0), on_day(1, counsellor="p_ben")
    apply_records(engine, north, south)
    lead = add_person(engine, "lena", AccountRole.LEAD)
    assert found(store.moments.read(people.supervisor)) == ids_of(north)
    assert found(store.moments.read(people.other_supervisor)) == ids_of(south)
    assert found(store.moments.read(lead)) == ids_of(south, north)
    for viewer in (people.ana, people.operator, add_person(engine, "aldo", AccountRole.AUDITOR)):
        assert store.moments.read(viewer) == MomentPart()


def test_each_session_of_a_part_is_on_the_trail_and_no_other(engine: Engine, store: Store, people: People) -> None:
    """A reading is an entry for each session of the part that was read, once; what was only searched is none."""
    newer, older = on_day(1, moments=2), on_day(0)
    apply_records(engine, older, newer)
    store.moments.read(people.supervisor, size=2)
    assert trail(engine) == [(str(newer.session_id), str(people.supervisor.user_id))]
    store.moments.read(people.supervisor, MomentFilter(mechanism=STANCE, level=Level.STRONG))
    assert len(trail(engine)) == 1


def test_the_sessions_of_a_part_are_on_the_trail_in_its_order(engine: Engine, store: Store, people: People) -> None:
    """The entries of one reading follow each other in the order of the part, the newest session first."""
    sent = [on_day(number) for number in range(4)]
    apply_records(engine, *sent)
    read = found(store.moments.read(people.supervisor, size=3))
    assert trail(engine) == [(str(session_id), str(people.supervisor.user_id)) for session_id in read]
    assert read == ids_of(*reversed(sent[1:]))


def test_its_therapist_sees_the_reading_after_the_release(engine: Engine, store: Store, people: People) -> None:
    """Who read a session across sessions stands among those who have read it, with that purpose."""
    sent = on_day(0)
    apply_records(engine, sent)
    store.moments.read(people.supervisor)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert [(each.name, each.kind) for each in store.openings(people.ana, sent.session_id)] == [
        ("Mara", OpeningKind.ACROSS)
    ]


def test_such_a_reading_opens_no_session_for_a_release(engine: Engine, store: Store, people: People) -> None:
    """A few quotations are not the session: it cannot be released with others before its own page was opened."""
    sent = on_day(0)
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    store.moments.read(people.supervisor)
    (row,) = store.waiting(people.supervisor).rows
    assert not row.is_read_by(people.supervisor.user_id)
    released = store.release_several(people.supervisor, {sent.session_id: 1})
    assert released == {sent.session_id: DecisionOutcome.NOT_READ}


def test_whoever_read_it_knows_what_the_machine_says(engine: Engine, store: Store, people: People) -> None:
    """After such a reading no blind look at the session is possible, nor does a rating of it count as blind."""
    sent = sampled()
    apply_records(engine, sent)
    store.moments.read(people.supervisor)
    assert store.looks.open(people.supervisor, sent.session_id)[0] is LookOutcome.SEEN
    with transaction(engine, people.supervisor.user_id) as session:
        assert has_opened(session, sent.session_id)
        assert seen_by(session, [people.supervisor.user_id], [sent.session_id]) == {sent.session_id}


def test_what_a_calibration_asks_to_rate_is_left_out_until_it_is_rated(crew: Team, engine: Engine) -> None:
    """A rater does not meet the model's levels of moments that she has yet to rate; she is told how many are left."""
    store_sessions(engine, 2)
    calibration = crew.open(size=1)
    before = crew.store.moments.read(crew.mara)
    assert (len(before.moments), before.to_rate_first) == (1, 1)
    assert len(crew.store.moments.read(crew.pia).moments) == 2  # who was not invited
    crew.store.calibration_steps.rate(crew.mara, calibration, 1, said(Level.WEAK))
    after = crew.store.moments.read(crew.mara)
    assert (len(after.moments), after.to_rate_first) == (2, 0)


def test_where_the_words_have_had_their_time_the_levels_stay(engine: Engine, store: Store, people: People) -> None:
    """A moment whose quotations were removed is still found by its levels, without a quotation."""
    apply_records(engine, on_day(0))
    with engine.begin() as connection:
        connection.execute(text("UPDATE answers SET words = NULL"))
    moment = only(store, people.supervisor)
    assert [each.rating.level for each in moment.levels] == [Level.WEAK] * 4
    assert {each.rating.evidence for each in moment.levels} == {()}


def test_each_conversation_has_its_own_key(engine: Engine, store: Store, people: People) -> None:
    """The words of several conversations are read in one part, and stay away where a conversation's key is deleted."""
    sent = [on_day(number, moments=2) for number in range(3)]
    apply_records(engine, *sent)
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM conversation_keys WHERE conversation_id ="
                " (SELECT conversation_id FROM sessions WHERE session_id = :id)"
            ),
            {"id": sent[1].session_id},
        )
    quotes = [
        {one.quote for each in moment.levels for one in each.rating.evidence}
        for moment in store.moments.read(people.supervisor).moments
    ]
    assert [bool(each) for each in quotes] == [True, True, False, False, True, True]
