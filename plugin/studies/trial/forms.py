"""The files of a trial: who takes part, the forms they fill in, and the sheets on which two people rate blindly.

In a trial's folder:

- `participants.csv`: participant, stratum (such as a team; may be the same for all)
- `assignment.csv`: participant, group, first_form
- `forms/PARTICIPANT-before.csv`, `-after.csv`: item, counsellor_before, client, reply
- `rater-1.csv`, `rater-2.csv`: reply_id, counsellor_before, client, reply, a level of each mechanism, guess
- `key.csv`: reply_id, participant, occasion, item, simulated; whoever rates never sees it
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from plugin.plain_text import inert_cell
from plugin.row_reader import Cells, read_rows
from plugin.studies.question import TrialQuestion
from plugin.studies.trial.design import Assignment, assign, shuffled
from plugin.studies.trial.items import items_of, load_items
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Mechanism

OCCASIONS: Final = ("before", "after")
RATERS: Final = ("rater-1", "rater-2")
PARTICIPANTS, ASSIGNMENT, KEY, FORMS = "participants.csv", "assignment.csv", "key.csv", "forms"
GUESS: Final = "guess"
"""A rater's guess when a reply was written, `before` or `after`; by chance half of them are right."""
SHEET_COLUMNS: Final = ("reply_id", "counsellor_before", "client", "reply", *(each.value for each in Mechanism), GUESS)


def begin(folder: Path) -> None:
    """Write an empty list of participants to fill in.

    Raises:
        Misconfigured: there is one already.
    """
    write_rows(folder / PARTICIPANTS, ("participant", "stratum"), [])


def assign_participants(question: TrialQuestion, folder: Path) -> list[Assignment]:
    """Assign the participants of the list by chance, and write the assignment and everybody's two forms.

    Raises:
        Misconfigured: the list is missing or wrong, or there is an assignment already, which is never made again.
    """
    assignments = assign(_participants(folder / PARTICIPANTS), question.seed)
    write_rows(folder / ASSIGNMENT, ("participant", "group", "first_form"), [vars(each) for each in assignments])
    for each in assignments:
        for occasion in OCCASIONS:
            rows = [
                {"item": item.id, "counsellor_before": item.before, "client": item.client, "reply": ""}
                for item in items_of(each.form(occasion))
            ]
            write_rows(form_path(folder, each.participant, occasion), tuple(rows[0]), rows)
    return assignments


def blind(question: TrialQuestion, folder: Path) -> int:
    """Write the raters' sheets from the forms that were filled in, each in an order of its own, and the key.

    Raises:
        Misconfigured: no reply is filled in, or there are sheets already.
    """
    items = {item.id: item for item in load_items()}
    replies: dict[str, dict[str, str]] = {}
    written = [(each, occasion) for each in read_assignment(folder) for occasion in OCCASIONS]
    filled = [
        (each.participant, occasion, str(row["item"]), str(row["reply"]))
        for each, occasion in written
        for _, row in _rows_of(form_path(folder, each.participant, occasion))
        if row.get("reply") and str(row["reply"]).strip()
    ]
    names = shuffled([f"r{number:04}" for number in range(1, len(filled) + 1)], question.seed, "replies")
    for name, (participant, occasion, item, reply) in zip(names, filled, strict=True):
        replies[name] = {
            "reply_id": name,
            "participant": participant,
            "occasion": occasion,
            "item": item,
            "counsellor_before": items[item].before,
            "client": items[item].client,
            "reply": reply,
            "simulated": "",
        }
    if not replies:
        raise Misconfigured(f"No form in {folder / FORMS} holds a reply.")
    write_key(folder, replies.values())
    for rater in RATERS:
        ordered = [replies[name] for name in shuffled(sorted(replies), question.seed, rater)]
        write_rows(folder / f"{rater}.csv", SHEET_COLUMNS, ordered)
    return len(replies)


def write_key(folder: Path, replies: Iterable[Mapping[str, str]]) -> None:
    """Write which reply is whose."""
    columns = ("reply_id", "participant", "occasion", "item", "simulated")
    write_rows(folder / KEY, columns, sorted(replies, key=lambda each: each["reply_id"]))


def form_path(folder: Path, participant: str, occasion: str) -> Path:
    """Return the path of a participant's form."""
    return folder / FORMS / f"{participant}-{occasion}.csv"


def read_assignment(folder: Path) -> list[Assignment]:
    """Return the assignment as it was made.

    Raises:
        Misconfigured: there is none, or it was changed into something else.
    """
    found = []
    for line, row in read_rows(folder / ASSIGNMENT):
        group, form = row.get("group"), row.get("first_form")
        if group not in {"feedback", "control"} or form not in {"A", "B"} or not row.get("participant"):
            raise Misconfigured(f"{ASSIGNMENT}, line {line}: it is not as it was written.")
        found.append(Assignment(str(row["participant"]), group, form))
    return found


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a new file of rows; one that is there is never replaced, since somebody may have filled it in.

    Raises:
        Misconfigured: there is a file of that name, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows({name: inert_cell(cell) for name, cell in row.items()} for row in rows)
    except FileExistsError:
        raise Misconfigured(f"{path} is there already, and is not written again.") from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None


def _participants(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, row in read_rows(path):
        name = str(row.get("participant") or "").strip()
        if not name or not name.replace("-", "").replace("_", "").isalnum() or name in found:
            raise Misconfigured(f"{path.name}, line {line}: a participant is letters, digits, - and _, each once.")
        found[name] = str(row.get("stratum") or "")
    if not found:
        raise Misconfigured(f"{path.name} names nobody.")
    return found


def _rows_of(path: Path) -> Iterable[tuple[int, Cells]]:
    """Return the rows of a form, none where somebody has not handed it in."""
    return read_rows(path) if path.is_file() else ()
