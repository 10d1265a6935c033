"""Agreement from calibrations: what counts, what is never mixed, and how the word validated is earned with them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.engine import utc_now
from plugin.models.activate import activate_model
from plugin.models.agreement.calibrated import combine
from plugin.models.agreement.report import compare_ratings, read_agreement_report
from plugin.models.check.report import JSON_NAME, make_report
from plugin.models.check.results import CheckResult
from plugin.queue.calibration_measure import MeasuredCalibration, MeasuredMoment
from stream.contracts.errors import Denied, Misconfigured
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.exports.samples import KEY
from tests.plugin.queue.calibrated import NONE, STRONG, WEAK, Team, crew, said, store_sessions, trail
from tests.plugin.samples import PASSWORD, apply_records, record
from tests.stream.feedback.builders import BASELINE, LLM, WHEN

__all__ = ["crew"]
Run = Callable[..., Result]
ANA, BEA, CLEO = (UUID(int=number) for number in (1, 2, 3))
AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY


def moment(number: int, *levels: int | None, final: Level | str | None = "nothing") -> MeasuredMoment:
    """Return a moment with a level of the model and of each rater, the same for each mechanism."""
    machine, *given = levels
    ratings = {rater: (level,) * 4 for rater, level in zip((ANA, BEA, CLEO), given, strict=False)}
    settled = {} if final == "nothing" else {AUTONOMY: final}
    return MeasuredMoment(number, 3 + number % 5, (machine,) * 4, ratings, settled)  # type: ignore[arg-type]


def calibration(*moments: MeasuredMoment, **changes: object) -> MeasuredCalibration:
    """Return a calibration that is over."""
    whole = MeasuredCalibration(uuid4(), LLM, "0.3", True, moments, without_consent=0, not_blind=0)
    return replace(whole, **changes)  # type: ignore[arg-type]


def many(size: int) -> list[MeasuredMoment]:
    """Return moments in which two raters and the model agree, but for a few."""
    return [moment(number, (number + (number % 9 == 0)) % 3, number % 3, number % 3) for number in range(1, size + 1)]


def test_a_calibration_is_read_as_sheets_and_key() -> None:
    """The raters' levels are a sheet each, the model's are the key, and each calibration has items of its own."""
    found = combine([calibration(moment(1, 2, 1, 0), moment(2, 0, 0, None)), calibration(moment(1, 1, 1, 1))])
    assert [(item.item, item.levels[0], item.reply_words) for item in found.key.items] == [
        ("1/1", 2, 4),
        ("1/2", 0, 5),
        ("2/1", 1, 4),
    ]
    assert [{name: levels[0] for name, levels in sheet.items()} for sheet in found.sheets] == [
        {"1/1": 1, "1/2": 0, "2/1": 1},
        {"1/1": 0, "1/2": None, "2/1": 1},
    ]
    assert found.key.model == LLM


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"model": BASELINE}, "several models"),
        ({"rubric": "0.2"}, "several versions of the rubric"),
        ({"is_over": False}, "is not over"),
        ({"moments": (moment(1, 1, 1, 1, 1),)}, "different raters"),
    ],
)
def test_what_does_not_fit_together_is_refused(others: dict[str, object], why: str) -> None:
    """Models, rubrics and groups of raters are never mixed, and an open calibration counts nowhere."""
    with pytest.raises(Misconfigured, match=why):
        combine([calibration(moment(1, 1, 1, 1)), calibration(moment(1, 1, 1, 1), **others)])


def test_a_calibration_in_which_nothing_counts_disturbs_no_other() -> None:
    """One whose clients agreed to no secondary use is named in numbers and left out."""
    found = combine([calibration(*many(3)), calibration(without_consent=7, not_blind=2)])
    assert (len(found.key.items), len(found.sheets), found.without_consent, found.not_blind) == (3, 2, 7, 2)
    with pytest.raises(Misconfigured, match="Name a calibration"):
        combine([])


def test_the_rules_are_those_of_sheets() -> None:
    """Fifty moments that everybody rated support the word where the figures do; fewer, or one rater, do not."""
    enough, few = combine([calibration(*many(60))]), combine([calibration(*many(49))])
    assert compare_ratings(enough.key, enough.sheets, enough.final).shortcomings == {}
    told = " ".join(compare_ratings(few.key, few.sheets, few.final).shortcomings.values())
    assert "49 items were rated by everybody; 50 are needed" in told
    alone = combine([calibration(*(moment(number, number % 3, number % 3) for number in range(60)))])
    with pytest.raises(Misconfigured, match="two raters"):
        compare_ratings(alone.key, alone.sheets, alone.final)


def test_the_model_is_held_against_what_raters_settled_on() -> None:
    """Where raters settled on a level it takes the place of both; their agreement with each other stays as it was."""
    apart = [moment(number, number % 3, 2 - number % 3, 0) for number in range(1, 61)]
    agreed = [replace(each, final={AUTONOMY: Level(each.number % 3)}) for each in apart]
    before, after = (
        compare_ratings(found.key, found.sheets, found.final)
        for found in (combine([calibration(*apart)]), combine([calibration(*agreed)]))
    )
    assert after.mechanisms[0].kappa_model.value == 1.0
    assert (after.settled, before.settled) == ({"Respect for Autonomy": 60}, {})
    assert before.mechanisms[0].kappa_humans == after.mechanisms[0].kappa_humans
    assert before.mechanisms[1:] == after.mechanisms[1:]


def test_what_cannot_be_said_counts_for_nothing() -> None:
    """A moment of which the raters settled that it cannot be said is not among those that everybody rated."""
    moments = [*many(60), moment(61, 2, 0, 2, final=None)]
    found = combine([calibration(*moments)])
    first, second, *_ = compare_ratings(found.key, found.sheets, found.final).mechanisms
    assert (first.items, second.items, first.settled) == (60, 61, 0)


@pytest.fixture
def over(crew: Team, engine: Engine) -> UUID:
    """Return a calibration of five moments that is over: one without consent, one rating not blind, one settled."""
    first, *_ = store_sessions(engine, 4)
    apply_records(engine, record(conversation="c_no", consent=Consent(processing=True)))
    calibration_id = crew.open()
    crew.rate_all(crew.mara, calibration_id, but={1: said(NONE), 2: said(STRONG, WEAK, WEAK, WEAK)})
    crew.store.open(crew.nele, first.session_id)
    crew.rate_all(crew.nele, calibration_id, but={1: said(NONE), 2: said(NONE, WEAK, WEAK, WEAK)})
    crew.store.calibration_steps.settle(crew.mara, calibration_id, 2, {AUTONOMY: (WEAK, "In part.")})
    return calibration_id


@pytest.fixture
def run(queue_url: str, tmp_path: Path) -> Run:
    """Return a function that runs the command under the owner of the tables, with a typed password."""
    env = {
        "COUNTERPOINT_DATABASE__URL": queue_url,
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }

    def agreement(*arguments: str, typed: str = PASSWORD) -> Result:
        command = ["model", "agreement", "--report", str(tmp_path / "out"), *arguments]
        return CliRunner().invoke(app, command, input=typed + "\n", env=env)

    return agreement


def test_the_command_takes_calibrations_of_the_database(
    run: Run, crew: Team, engine: Engine, over: UUID, tmp_path: Path
) -> None:
    """The command measures a calibration for one of its raters, says what it left out, and writes no name."""
    result = run("--calibration", str(over), "--for", "nele")
    assert result.exit_code == 0, result.output
    assert "1 moment of a client who did not agree to secondary use" in result.output
    assert "rating by somebody who had seen the model's levels" in result.output
    assert "The model stays unvalidated." in result.output
    report, _ = read_agreement_report(tmp_path / "out" / "agreement.json")
    assert report.raters == 2
    written = (tmp_path / "out" / "agreement.json").read_text()
    assert not any(word in written for word in ("nele", "mara", str(crew.mara.user_id), "In part"))
    assert trail(engine, "calibration agreement") == ["done"]


def test_the_command_refuses_what_is_not_for_this_person(run: Run, crew: Team, over: UUID) -> None:
    """A wrong password, a supervisor who did not rate, an unknown calibration, and half a question are refused."""
    for arguments, typed, error in (
        (("--calibration", str(over), "--for", "nele"), "wrong", Denied),
        (("--calibration", str(over), "--for", "pia"), PASSWORD, Misconfigured),
        (("--calibration", str(uuid4()), "--for", "nele"), PASSWORD, Misconfigured),
        (("--calibration", str(over)), PASSWORD, Misconfigured),
        ((), PASSWORD, Misconfigured),
        (("key.json", "--calibration", str(over)), PASSWORD, Misconfigured),
    ):
        result = run(*arguments, typed=typed)
        assert isinstance(result.exception, error), (arguments, result.output)
    assert crew is not None


def test_an_open_calibration_is_refused(run: Run, crew: Team, engine: Engine) -> None:
    """While a rater may still rate, a calibration measures nothing."""
    store_sessions(engine, 1)
    crew.now = utc_now()  # the clock of the command
    calibration_id = crew.open(day=crew.now.date() + timedelta(days=3))
    result = run("--calibration", str(calibration_id), "--for", "mara")
    assert isinstance(result.exception, Misconfigured)
    assert "is not over" in str(result.exception)


def test_the_word_validated_is_earned_with_calibrations(tmp_path: Path) -> None:
    """A report from calibrations with good figures makes the activated model of the same version validated."""
    found = combine([calibration(*many(30)), calibration(*many(30))])
    path = compare_ratings(found.key, found.sheets, found.final).write(tmp_path)
    passed = CheckResult(check="safety", meaning="silent", passed=True, figures={})
    make_report(LLM, [passed], "1", WHEN).write(tmp_path)
    made = activate_model(tmp_path / JSON_NAME, tmp_path / "activation.json", WHEN, agreement_path=path)
    assert made.validated


def test_a_report_of_an_earlier_version_is_still_read(tmp_path: Path) -> None:
    """A report that says nothing of settled levels is read as one without any."""
    found = combine([calibration(*many(60))])
    path = compare_ratings(found.key, found.sheets).write(tmp_path)
    written = json.loads(path.read_text())
    for each in written["mechanisms"]:
        del each["settled"]
    path.write_text(json.dumps(written))
    report, _ = read_agreement_report(path)
    assert {each.settled for each in report.mechanisms} == {0}
