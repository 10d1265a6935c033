"""The command `python -m training.studies`, which makes tables for `counterpoint study` from public conversations."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from training.corpora.published import read_conversations
from training.errors import DataError
from training.studies.published_rows import published_turn_rows, session_rows
from training.studies.remark_rows import annomi_remarks
from training.studies.session_rows import mibot_rows
from training.studies.turn_rows import Row, load_labels, read_annomi, read_mibot, turn_rows

app = typer.Typer(
    help="Make the tables of studies from public conversations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def studies() -> None:
    """Make the tables of studies from public conversations."""


@app.command()
def tables(
    data: Annotated[Path, typer.Argument(help="Folder that holds annomi/ and mibot/.")],
    out: Annotated[Path, typer.Argument(help="Folder to write the tables to.")],
) -> None:
    """Write a folder of tables for each corpus: turns, sessions where there are outcomes, remarks with text."""
    labels = load_labels()
    mibot, annomi = read_mibot(data), read_annomi(data)
    write_table(out / "mibot" / "turns.csv", (row for talk in mibot for row in turn_rows(talk, labels)))
    write_table(out / "mibot" / "sessions.csv", mibot_rows(data, mibot, labels))
    write_table(out / "annomi" / "turns.csv", (row for talk in annomi for row in turn_rows(talk, labels)))
    write_table(out / "annomi" / "remarks.csv", annomi_remarks(data))


@app.command()
def published(
    file: Annotated[Path, typer.Argument(help="FailedESConv.json; `counterpoint corpora show failed-esconv`.")],
    out: Annotated[Path, typer.Argument(help="Folder to write the tables to.")],
) -> None:
    """Write the tables of FailedESConv: the seekers' answers and marks, and the supporters' strategies; no text.

    Counsellors are not known in it, so a question about it says so in `no_counsellors_because`.
    """
    talks = read_conversations("failed-esconv", file)
    write_table(out / "sessions.csv", session_rows(talks))
    write_table(out / "turns.csv", published_turn_rows(talks))


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV, and say how many; a column that a row lacks is empty."""
    found = list(rows)
    columns = list(dict.fromkeys(name for row in found for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(found)
    print(f"{path}: {len(found)} rows")


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
