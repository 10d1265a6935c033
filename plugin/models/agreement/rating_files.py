"""Read and write the files of a rating: the sheet for clinicians, the key, and exchanges to draw from."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plugin.models.agreement.sample import SampleCandidate
from plugin.models.check.stimuli import ExchangeText
from plugin.plain_text import inert_cell
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Mechanism, Role
from stream.reading import count_words

MECHANISMS: Final = tuple(Mechanism)
SHEET_COLUMNS: Final = ("item", "before", "client", "reply", *MECHANISMS, "note")
_SHEET_MODE = 0o600  # the sheet holds clients' words

Ratings = dict[str, tuple[int | None, ...]]
"""Levels by item, in the order of the mechanisms; None where a rater gave none."""
FinalLevels = Mapping[str, Mapping[int, int | None]]
"""The levels on which raters settled together, by item and place of the mechanism; None where it cannot be said."""


class SampleKeyItem(BaseModel):
    """An item of the key: the model's levels and the length of the reply, without text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    levels: tuple[int | None, ...] = Field(min_length=len(MECHANISMS), max_length=len(MECHANISMS))
    reply_words: int


class SampleKey(BaseModel):
    """The levels of the model, with which the ratings are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelVersion
    items: tuple[SampleKeyItem, ...]


class ExchangeLine(BaseModel):
    """An exchange of a file: the context, the client's turn and the reply."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    session: str
    before: tuple[tuple[Role, str], ...] = ()
    client: str = Field(min_length=1, repr=False)
    reply: str = Field(min_length=1, repr=False)

    @property
    def exchange(self) -> ExchangeText:
        """The texts of the exchange, as the model is asked about it."""
        return ExchangeText((self.client,), self.reply, self.before)


def write_rating_sheet(path: Path, drawn: Sequence[SampleCandidate]) -> None:
    """The sheet: a row an item, levels left empty; readable by its owner alone.

    Raises:
        Misconfigured: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _SHEET_MODE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(SHEET_COLUMNS)
            for number, candidate in enumerate(drawn, start=1):
                exchange = candidate.exchange
                before = "\n".join(f"{role}: {text}" for role, text in exchange.context)
                cells = [before, "\n".join(exchange.client), exchange.reply]
                rows.writerow([number, *map(inert_cell, cells), *[""] * len(MECHANISMS), ""])
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None


def write_sample_key(path: Path, drawn: Sequence[SampleCandidate]) -> SampleKey:
    """The key to the sheet of the same draw.

    Raises:
        Misconfigured: the exchanges were rated by several models, or the file cannot be written.
    """
    models = {candidate.model.key: candidate.model for candidate in drawn}
    if len(models) != 1:
        raise Misconfigured(
            "The exchanges drawn were rated by several models; draw from a file, or from newer sessions."
        )
    items = tuple(
        SampleKeyItem(item=str(number), levels=candidate.levels, reply_words=count_words(candidate.exchange.reply))
        for number, candidate in enumerate(drawn, start=1)
    )
    key = SampleKey(model=next(iter(models.values())), items=items)
    try:
        path.write_text(key.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None
    return key


def read_sample_key(path: Path) -> SampleKey:
    """Read the key of a sample.

    Raises:
        Misconfigured: it cannot be read, or is no key.
    """
    try:
        return SampleKey.model_validate_json(path.read_text())
    except (OSError, UnicodeDecodeError, ValidationError):
        raise Misconfigured(f"{path} is no key of `counterpoint model sample`.") from None


def read_ratings(path: Path, key: SampleKey) -> Ratings:
    """Read the sheet of one rater.

    Raises:
        Misconfigured: it is no such sheet, names other items, or holds something else than 0, 1, 2 or nothing; with the
            row's number, never its words.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{path} cannot be read ({type(error).__name__}).") from None
    known = {item.item for item in key.items}
    found: Ratings = {}
    for number, row in enumerate(rows, start=2):
        item = (row.get("item") or "").strip()
        if item not in known or item in found or any(mechanism not in row for mechanism in MECHANISMS):
            raise Misconfigured(f"{path}, row {number}: it is no row of the sheet that this key belongs to.")
        found[item] = tuple(
            _parse_level(row[mechanism], f"{path}, row {number}, {mechanism}") for mechanism in MECHANISMS
        )
    if not any(level is not None for levels in found.values() for level in levels):
        raise Misconfigured(f"{path} holds no level: fill in 0, 1 or 2 under each mechanism.")
    return found


def read_exchanges(path: Path) -> list[ExchangeLine]:
    """Exchanges to draw from, one JSON object a line.

    Raises:
        Misconfigured: with the line's number, never its words.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read ({type(error).__name__}).") from None
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(ExchangeLine.model_validate(json.loads(line)))
        except ValueError:
            raise Misconfigured(
                f"{path}, line {number}: it must be an object with session, client and reply, and before as"
                ' [["counsellor", "..."], ...] where something came before.'
            ) from None
    return found


def _parse_level(cell: str | None, where: str) -> int | None:
    text = (cell or "").strip()
    if text in {"0", "1", "2"}:
        return int(text)
    if text == "":
        return None
    raise Misconfigured(f"{where}: a level is 0, 1, 2 or nothing.")
