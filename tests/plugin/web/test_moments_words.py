"""Tests of the words of moments across sessions: the filter, the counts by version, and how far was searched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from plugin.queue.alphabet import TherapistName
from plugin.queue.moment_views import MomentAcross, MomentPart, VersionCount
from plugin.queue.review_views import ReviewProgress
from plugin.queue.views import Decision, DecisionKind
from plugin.web.moments_address import read_moments_address
from plugin.web.moments_words import by_day, choices, filtered_by, left_out, searched, state, version
from stream.contracts.vocabulary import ResistanceType
from tests.plugin.samples import MODEL
from tests.plugin.web.samples import IN_UTC, START, assessment, row

JONAS = TherapistName(UUID(int=1), "Jonas Weber")


def moment(**changes: object) -> MomentAcross:
    """Return a moment of the sample session."""
    found = row(**changes)
    return MomentAcross(found, UUID(int=2), "Jonas Weber", assessment(found.session_id, UUID(int=2)))


def test_a_filter_is_said_field_by_field() -> None:
    """What narrows the moments down is named, people by their names, and nothing is said without a filter."""
    assert list(filtered_by(read_moments_address({}), [JONAS])) == []
    address = read_moments_address(
        {
            "mechanism": "stance_alignment",
            "level": "weak",
            "own": "differs",
            "type": "minimum_talk",
            "therapist": str(JONAS.account_id),
            "decided": "no",
            "state": "begun",
            "from": "2026-11-01",
            "to": "2026-11-30",
        }
    )
    assert list(filtered_by(address, [JONAS])) == [
        "Stance Alignment: weak expression",
        "a supervisor\u2019s own level is another than the model\u2019s",
        "minimum talk",
        "counsellor Jonas Weber",
        "sessions that are not decided",
        "sessions that are reviewed in part",
        "ended on Sun 1 Nov 2026 or later",
        "ended on Mon 30 Nov 2026 or before",
    ]
    assert "counsellor outside of your teams" in list(filtered_by(address, []))


def test_the_form_offers_every_behaviour_and_counsellors_as_they_come() -> None:
    """Each behaviour can be chosen, the choice of the address is marked, and counsellors keep their order."""
    address = read_moments_address({"type": "pessimism"})
    by_name = {choice.name: choice for choice in choices(address, [JONAS])}
    assert [value for value, _ in by_name["type"].options] == [each.value for each in ResistanceType]
    assert by_name["type"].chosen == "pessimism"
    assert by_name["therapist"].options == ((str(JONAS.account_id), "Jonas Weber"),)
    assert "therapist" not in {choice.name for choice in choices(address, [])}


def test_a_version_is_counted_by_itself() -> None:
    """A count names model, weights, prompt and rubric."""
    said = version(VersionCount(MODEL, 3))
    assert said == "3 moments rated by CPU baseline (weights 0.1, prompt none), by rubric 0.1"


def test_how_far_was_searched_is_said_where_there_is_more() -> None:
    """Where older sessions are left a sentence says so, and what a calibration keeps out is counted."""
    assert searched(MomentPart(searched=12), IN_UTC) == ""
    part = MomentPart(searched=500, searched_to=datetime(2026, 3, 3, tzinfo=UTC))
    assert searched(part, IN_UTC) == "The 500 newest sessions were searched, back to Tue 3 Mar 2026."
    assert left_out(part) == ""
    assert left_out(replace(part, to_rate_first=2)).startswith("2 sessions are left out here")


def test_a_session_stands_where_its_decision_or_its_review_is() -> None:
    """A decided session says its decision, whatever its review; another how far it was reviewed, or that it waits."""
    released = Decision(DecisionKind.RELEASED, 1, "Mara", START)
    progress = ReviewProgress(1, 0)
    assert state(row(decision=released, progress=progress), IN_UTC) == "released by Mara"
    assert state(row(progress=progress), IN_UTC) == "reviewed in part: 1 of 1 moment reviewed"
    assert state(row(), IN_UTC) == "waiting for you"


def test_moments_are_grouped_by_the_day_of_their_end() -> None:
    """Moments that follow each other and ended on one day stand under it, in their order."""
    late = [moment(ended_at=START + timedelta(days=1)), moment(ended_at=START + timedelta(days=1, minutes=-5))]
    assert [(day.day, len(each)) for day, each in by_day([*late, moment()], IN_UTC)] == [(4, 2), (3, 1)]
