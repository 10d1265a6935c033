"""The transcripts of AnnoMI as rows of their file, each read once.

AnnoMI-full holds the transcripts of AnnoMI-simple again, some with a row for each annotator of an utterance. Publishers
put both into one folder, so the recipes read the simple layout and leave the full one where both are.
"""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from training.corpora.once import check_once
from training.errors import DataError

AnnomiRow = Mapping[str, str]
_ANNOTATOR: Final = "annotator_id"
"""The column by which the full layout is told from the simple one."""
_ALWAYS: Final = frozenset({"transcript_id", "video_url", "interlocutor", "utterance_text"})


def annomi_transcripts(folder: Path, columns: Collection[str] = ()) -> dict[str, list[AnnomiRow]]:
    """Return the rows of each transcript under `annomi/*.csv` by its number; none where there is no such file.

    Raises:
        DataError: a file cannot be read or lacks one of the columns, two files hold one transcript, or there is
            AnnoMI-full alone.
    """
    found: dict[str, list[AnnomiRow]] = {}
    files: dict[str, Path] = {}
    left: list[Path] = []
    for path in sorted((folder / "annomi").glob("*.csv")):
        rows = _rows(path, _ALWAYS.union(columns))
        if rows and _ANNOTATOR in rows[0]:
            left.append(path)
            continue
        for row in rows:
            check_once(files, f"A{row['transcript_id']}", path)
            found.setdefault(row["transcript_id"], []).append(row)
    if left and not found:
        raise DataError(
            f"{left[0]} is AnnoMI-full, with a row for each annotator. Recipes read AnnoMI-simple.csv: put that into"
            " the folder."
        )
    return found


def _rows(path: Path, columns: Collection[str]) -> list[AnnomiRow]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            missing = set(columns) - set(table.fieldnames or ())
            if missing:
                raise DataError(f"{path} is no AnnoMI file; columns missing: {', '.join(sorted(missing))}")
            return list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        # The error's own text may quote the file.
        raise DataError(f"{path} cannot be read ({type(error).__name__})") from None
