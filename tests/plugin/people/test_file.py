"""Tests of files of people: CSV and JSON lines, as spreadsheets and programs write them."""

import re
from pathlib import Path

import pytest

from plugin.database.viewer import AccountRole
from plugin.local.paths import ROOT
from plugin.people.file import read_people
from plugin.queue.people_rows import PersonRow
from stream.contracts.errors import Misconfigured

ANA = PersonRow(username="ana", role=AccountRole.THERAPIST, counsellor="7", teams=("North", "South"), supervisor="mara")
MARA = PersonRow(username="mara", role=AccountRole.SUPERVISOR, teams=("North",), display_name="Mara Stein")
CSV = """username,role,counsellor,teams,supervisor,display_name
ana,therapist,7,North|South,mara,
mara,supervisor,,North,,Mara Stein
"""
JSON_LINES = """
{"username": "ana", "role": "therapist", "counsellor": 7, "teams": ["North", "South"], "supervisor": "mara"}

{"username": "mara", "role": "supervisor", "teams": ["North"], "display_name": "Mara Stein", "tenant": null}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that is not there yet."""
    return tmp_path / "people"


FORMS = {
    "commas": CSV.encode(),
    "semicolons": CSV.replace(",", ";").encode(),
    "a mark of the byte order": CSV.encode("utf-8-sig"),
    "lines of Windows": CSV.replace("\n", "\r\n").encode(),
    "quoted cells": CSV.replace("North|South", '"North|South"').encode(),
    "empty lines": CSV.replace("\nmara", "\n,,,,,\n\nmara").encode(),
    "names in capitals": CSV.replace("username,role", "Username, ROLE").encode(),
    "JSON lines": JSON_LINES.encode(),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_names_the_same_people(path: Path, content: bytes) -> None:
    """However a program writes the file, its people are the same; a number is text, and an empty cell says nothing."""
    path.write_bytes(content)
    assert read_people(path) == (ANA, MARA)


WRONG = {
    "no such file": (None, "cannot be read"),
    "other bytes": (b"username,role\nan\xe4,therapist\n", "not text in UTF-8"),
    "nobody": (b"username,role\n", "names nobody"),
    "nothing": (b"", "its first line names each column"),
    "an unknown column": (b"username,role,team\nana,therapist,North\n", "and no other than username, role"),
    "a column twice": (b"username,role,role\n", "each column once"),
    "no role": (b"username,teams\n", "username and role among them"),
    "too many cells": (b"username,role\nana,therapist,North\n", "line 2: more cells"),
    "an open quote": (b'username,role\nana,"therapist\n', "not CSV"),
    "no object": (b'{"username": "ana", "role": "lead"}\n["ana"]\n', "line 2: not a JSON object"),
    "a broken line": (b'{"username": "ana"\n', "line 1: not a JSON object"),
    "an unknown role": (b"username,role\nana,therapist\nben,boss\n", "line 3: role"),
    "an unknown field": (b'{"username": "ana", "role": "lead", "team": "North"}\n', "line 1: team"),
    "true for a name": (b'{"username": true, "role": "lead"}\n', "line 1: username"),
}


@pytest.mark.parametrize(("content", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_line(path: Path, content: bytes | None, words: str) -> None:
    """A file that is not as described is refused with the line and the field."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match=words):
        read_people(path)


def test_all_mistakes_are_said_at_once_up_to_a_screenful(path: Path) -> None:
    """Somebody who mends a file sees every mistake of it, or the first twenty and how many there are."""
    path.write_text("username,role\n" + "x,boss\n" * 25)
    with pytest.raises(Misconfigured) as caught:
        read_people(path)
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (22, "and 5 more mistakes")
    assert all("boss" not in line for line in lines)


def test_the_page_describes_every_column(path: Path) -> None:
    """The examples of docs/people.md are read as they stand there, and its table has a line for each column."""
    page = (ROOT / "docs" / "people.md").read_text()
    ((example, line),) = re.findall(
        r"^```text\n(username.*?)^```.*?^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    path.write_text(example)
    mara, lena, jonas = read_people(path)
    assert (mara.teams, lena.counsellor, jonas.supervisor) == (("North", "South"), "user/7", "mara")
    path.write_text(line)
    assert read_people(path) == (lena,)
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(PersonRow.model_fields)
