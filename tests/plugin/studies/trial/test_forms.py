"""The files of a trial: everybody's forms, sheets that tell raters nothing, and a key that tells all."""

import csv
from pathlib import Path

import pytest

from plugin.studies.trial.forms import assign_participants, begin, blind, form_path, read_assignment
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.trial.test_design import trial_question

QUESTION = trial_question()
NAMES = [f"p-{number}" for number in range(8)]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trial's folder with eight people assigned."""
    begin(tmp_path)
    with (tmp_path / "participants.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{name},blue\n" for name in NAMES)
    assign_participants(QUESTION, tmp_path)
    return tmp_path


def fill(folder: Path, participant: str, occasion: str, reply: str = "I hear you.") -> None:
    """Fill in a participant's form."""
    path = form_path(folder, participant, occasion)
    rows = [row | {"reply": reply} for row in rows_of(path)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_everybody_gets_two_forms_with_other_items(folder: Path) -> None:
    """Each person has a form before and another after, with six items each, and empty places for replies."""
    for each in read_assignment(folder):
        before, after = (rows_of(form_path(folder, each.participant, occasion)) for occasion in ("before", "after"))
        assert {row["item"][0] for row in before} == {each.first_form}
        assert not {row["item"] for row in before} & {row["item"] for row in after}
        assert {row["reply"] for row in (*before, *after)} == {""}


def test_an_assignment_is_made_once(folder: Path) -> None:
    """A second assignment is refused: it could be made until it pleases."""
    with pytest.raises(Misconfigured, match="is there already"):
        assign_participants(QUESTION, folder)


def test_raters_see_replies_and_nothing_of_who_and_when(folder: Path) -> None:
    """A sheet has the invented turns and the reply, in an order of its own; neither person, group nor time is in it."""
    fill(folder, NAMES[0], "before", "=1+1")
    fill(folder, NAMES[0], "after")
    fill(folder, NAMES[1], "before")
    assert blind(QUESTION, folder) == 18
    first, second = (rows_of(folder / f"rater-{number}.csv") for number in (1, 2))
    assert {row["reply_id"] for row in first} == {row["reply_id"] for row in second}
    assert [row["reply_id"] for row in first] != [row["reply_id"] for row in second]
    assert {row["reply"] for row in first} == {"I hear you.", "'=1+1"}, "a spreadsheet runs no reply"
    cells = {cell for row in first for cell in row.values()}
    assert not cells & {*NAMES, "feedback", "control", "before", "after"}
    key = rows_of(folder / "key.csv")
    assert len(key) == 18
    assert {(row["participant"], row["occasion"]) for row in key} == {
        (NAMES[0], "before"), (NAMES[0], "after"), (NAMES[1], "before"),
    }  # fmt: skip


def test_ids_of_replies_tell_no_order(folder: Path) -> None:
    """The ids of replies are mixed, so that they do not tell who wrote them."""
    for name in NAMES:
        fill(folder, name, "before")
    blind(QUESTION, folder)
    people = [row["participant"] for row in rows_of(folder / "key.csv")]
    assert people != sorted(people)


def test_sheets_are_written_once_and_not_from_nothing(folder: Path) -> None:
    """Without a reply there is no sheet, and sheets that somebody may have filled in are not written again."""
    with pytest.raises(Misconfigured, match="holds a reply"):
        blind(QUESTION, folder)
    fill(folder, NAMES[0], "before")
    blind(QUESTION, folder)
    with pytest.raises(Misconfigured, match="is there already"):
        blind(QUESTION, folder)


@pytest.mark.parametrize("name", ["", "../x", "Ana Stein", "p-1\np-1"])
def test_participants_have_plain_names_each_once(tmp_path: Path, name: str) -> None:
    """A name that leads out of the folder, is missing or comes twice is refused with its line."""
    (tmp_path / "participants.csv").write_text(f"participant,stratum\nfine,a\n{name},b\n")
    with pytest.raises(Misconfigured, match="line"):
        assign_participants(QUESTION, tmp_path)


def test_a_changed_assignment_is_refused(folder: Path) -> None:
    """An assignment that was edited into something else is refused with its line."""
    path = folder / "assignment.csv"
    path.write_text(path.read_text().replace("feedback", "both", 1))
    with pytest.raises(Misconfigured, match="not as it was written"):
        read_assignment(folder)
