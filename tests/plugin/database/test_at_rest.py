"""Tests that the files of the database contain no text of a session."""

import mmap
from pathlib import Path

from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole
from plugin.local.postgres import PostgresServer
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.criterion_views import CriterionAbout, CriterionScale, Said, Wording
from plugin.queue.dispute_views import Ground
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.vocabulary import Concern, Level, MarkKind, Mechanism
from tests.plugin.conftest import People
from tests.plugin.samples import NOW, add_person, apply_records, mark, record

CANARY = "violet heron under the seventh bridge"
CONTROL = "c-control-0b5e1f7a"


def holds(folder: Path, what: str) -> list[str]:
    """Return the names of the files below a folder that contain a string."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if content.find(what.encode()) >= 0:
                    found.append(path.name)
    return found


def calibrate(engine: Engine, store: Store, people: People) -> None:
    """Rate the moment in a calibration with notes that quote it, and settle it with such a reason."""
    nele = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    _, calibration = store.calibrations.open(people.supervisor, [nele.user_id], 1, NOW.date(), "UTC")
    assert calibration is not None
    steps, done = store.calibration_steps, CalibrationOutcome.DONE
    for viewer, level in ((people.supervisor, Level.NONE), (nele, Level.STRONG)):
        said = dict.fromkeys(Mechanism, level)
        assert steps.rate(viewer, calibration, 1, said, f"Noted: {CANARY}") is done
        assert steps.finish(viewer, calibration) is done
    reason = f"Because of {CANARY}"
    assert steps.settle(nele, calibration, 1, {Mechanism.STANCE_ALIGNMENT: (Level.WEAK, reason)}) is done
    _, words = store.calibrations.moment(nele, calibration, 1)
    assert words is not None
    assert words.compared is not None
    assert all(CANARY in each.note for each in words.compared.ratings.values())
    assert CANARY in words.compared.final[Mechanism.STANCE_ALIGNMENT].reason


def test_a_phrase_from_a_chat_is_in_no_byte_of_the_database(
    engine: Engine, store: Store, people: People, postgres: PostgresServer
) -> None:
    """No table file, index or write-ahead log contains a phrase of a chat; a plain id from its rows is found."""
    sent = record(conversation=CONTROL, client_text=CANARY, marks=(mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE),))
    quoting = sent.assessments[0].model_copy(update={"strengths": (f"It answers: {CANARY}",)})
    apply_records(engine, sent.model_copy(update={"assessments": (quoting,)}))
    noted = store.reviews.add_note(people.supervisor, sent.session_id, None, f"I read: {CANARY}", shared=False)
    assert noted is DecisionOutcome.DONE
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    threads, handovers = store.note_threads, store.handovers
    said = threads.comment(people.supervisor, sent.session_id, view.notes[0].note_id, f"And again: {CANARY}")
    assert said is DecisionOutcome.DONE
    lead = add_person(engine, "lena", AccountRole.LEAD)
    over = handovers.hand_over(people.supervisor, sent.session_id, 0, lead.user_id, f"They wrote: {CANARY}")
    assert over is DecisionOutcome.DONE
    assert handovers.take_over(people.supervisor, sent.session_id, 1, f"Still: {CANARY}") is DecisionOutcome.DONE
    told = store.criteria.add("told", CriterionAbout.SESSION, Wording("Told?", CriterionScale.YES_NO))
    answered = store.reviews.answer_criterion(
        people.supervisor, sent.session_id, 1, Said(told, 1, None, "no", f"They asked: {CANARY}")
    )
    assert answered is DecisionOutcome.DONE
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    disputes, answer = store.disputes, quoting.assessment_id
    raised = disputes.dispute(people.ana, sent.session_id, NOW, answer, STRENGTHS, Ground.OTHER, f"They said: {CANARY}")
    assert raised is DecisionOutcome.DONE
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    agreed = Opinion(Judgement.AGREED)
    resolved = disputes.resolve(
        people.supervisor, sent.session_id, view.disputes[0].dispute_id, 0, agreed, f"And you said: {CANARY}"
    )
    assert resolved is DecisionOutcome.DONE
    calibrate(engine, store, people)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert CANARY in view.disputes[0].text
    assert CANARY in view.disputes[0].steps[0].text
    assert view.messages[0].text == CANARY
    assert CANARY in view.notes[0].text
    assert CANARY in view.notes[0].comments[0].text
    assert CANARY in view.handovers[0].text
    assert CANARY in view.criterion_answers[0].note
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))  # a checkpoint takes as long as the disk needs
        connection.execute(text("CHECKPOINT"))
        connection.execute(text("RESET statement_timeout"))
    assert holds(postgres.data_dir, CONTROL)
    assert holds(postgres.data_dir, CANARY) == []


def test_a_phrase_from_a_chat_is_not_in_the_servers_log(engine: Engine, postgres: PostgresServer) -> None:
    """The log of the database server contains no phrase of a chat."""
    apply_records(engine, record(client_text=CANARY))
    assert CANARY not in postgres.log.read_text(errors="replace")
