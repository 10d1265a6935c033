"""A file of outcomes is read whole or not at all, and a wrong line is named with what it must hold."""

import json
from pathlib import Path

import pytest

from plugin.local.paths import ROOT
from plugin.outcomes.file import COLUMNS, read_outcomes
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent

HEADER = ",".join(COLUMNS)
GOOD = "room-17,form-1,phq_9,11,after,client,user-88,2026-03-02T20:05:00+01:00,,true,false"


def written(folder: Path, *lines: str, name: str = "scores.csv") -> Path:
    """Return the path of a file with these lines."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    """A row of CSV, one with semicolons, and the webhook's event are the same outcome."""
    event = {
        "type": "outcome",
        "conversation_id": "room-17",
        "outcome_id": "form-1",
        "instrument": "phq_9",
        "score": 11,
        "occasion": "after",
        "given_by": "client",
        "author": "user-88",
        "given_at": "2026-03-02T20:05:00+01:00",
        "consent": {"processing": True, "secondary_use": False},
    }
    flat = {name: cell for name, cell in event.items() if name != "consent"} | {
        "processing": True,
        "secondary_use": False,
    }
    (csv,) = read_outcomes(written(tmp_path, HEADER, GOOD))
    (semicolons,) = read_outcomes(written(tmp_path, HEADER.replace(",", ";"), GOOD.replace(",", ";")))
    events = read_outcomes(written(tmp_path, json.dumps(event), "", json.dumps(flat), name="scores.jsonl"))
    assert {one.model_dump_json() for one in (csv, semicolons, *events)} == {csv.model_dump_json()}
    assert csv.consent == Consent(processing=True)


def test_consent_that_is_not_said_is_no(tmp_path: Path) -> None:
    """Without a column or a cell of consent there is none; any other word than true or false is a mistake."""
    header, line = HEADER.removesuffix(",processing,secondary_use"), GOOD.removesuffix(",true,false")
    (outcome,) = read_outcomes(written(tmp_path, header, line))
    assert not outcome.consent.processing
    with pytest.raises(Misconfigured, match="line 2: processing must be true or false"):
        read_outcomes(written(tmp_path, HEADER, GOOD.replace("true", "yes")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("phq_9", "mood", "line 3: instrument must be one of rating, phq_9,"),
        ("11", "28", "line 3: score must be a number, rating 1 to 5, phq_9 0 to 27,"),
        ("11", "eleven", "line 3: score must be a number"),
        ("after", "then", "line 3: occasion must be one of before, after, later"),
        ("20:05:00+01:00", "20:05:00", "line 3: given_at must be date, time and offset"),
        ("client", "friend", "line 3: given_by must be one of client, counsellor"),
        ("form-1", "", "line 3: outcome_id must be a string of 1 to 255 visible"),
    ],
)
def test_a_wrong_line_is_named_with_what_it_must_hold(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The message names line and field and what belongs there, never what stands there, and nothing is sent."""
    with pytest.raises(Misconfigured) as caught:
        read_outcomes(written(tmp_path, HEADER, GOOD, GOOD.replace(old, new, 1)))
    assert "nothing was sent" in str(caught.value)
    assert said in str(caught.value)
    assert not new or f" {new}" not in str(caught.value).replace("one of client", "")


def test_every_mistake_is_counted(tmp_path: Path) -> None:
    """The first twenty mistakes are shown, and the others are counted."""
    with pytest.raises(Misconfigured, match="and 5 more mistakes"):
        read_outcomes(written(tmp_path, HEADER, *[GOOD.replace("phq_9", "mood")] * 25))


def test_a_column_that_nobody_reads_is_a_mistake(tmp_path: Path) -> None:
    """A column that is not one of outcomes may be a misspelt one, so it is refused."""
    with pytest.raises(Misconfigured, match="line 2: comment is no column of outcomes"):
        read_outcomes(written(tmp_path, f"{HEADER},comment", f"{GOOD},well"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A file without an outcome is a mistake rather than nothing to do."""
    with pytest.raises(Misconfigured, match="holds no outcome"):
        read_outcomes(written(tmp_path, HEADER))


def test_the_file_of_the_page_can_be_read(tmp_path: Path) -> None:
    """The example of docs/outcomes.md has every column and is read as it stands."""
    page = (ROOT / "docs" / "outcomes.md").read_text()
    example = page.partition("```\n")[2].partition("```")[0]
    assert example.splitlines()[0] == HEADER
    assert [one.instrument for one in read_outcomes(written(tmp_path, *example.splitlines()))] == ["phq_9", "care"]
