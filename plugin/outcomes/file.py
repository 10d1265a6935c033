"""A file of outcomes: a row is the event of the webhook, with its consent as an object or as two columns of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from plugin.adapters.payloads import OutcomeGiven
from plugin.adapters.wanted import wanted_form
from plugin.plain_text import counted
from plugin.row_reader import Cells, read_rows
from stream.contracts.errors import Misconfigured

CONSENT_COLUMNS: Final = ("processing", "secondary_use")
COLUMNS: Final = (*(name for name in OutcomeGiven.model_fields if name not in {"type", "consent"}), *CONSENT_COLUMNS)
"""The columns of a CSV file; `session_id` and `secondary_use` may be left out."""
_SHOWN: Final = 20
"""Mistakes that are printed: enough to see what they have in common."""
_WORDS: Final[Mapping[object, bool]] = {"true": True, "false": False}


def read_outcomes(path: Path) -> list[OutcomeGiven]:
    """Return the outcomes of a file, all or none.

    Raises:
        Misconfigured: it cannot be read, or lines are not as described; the message names lines and fields and what
            they must hold, never what they hold.
    """
    found: list[OutcomeGiven] = []
    mistakes: list[str] = []
    for line, cells in read_rows(path):
        unknown = sorted(cells.keys() - {*COLUMNS, "type", "consent"})
        try:
            found.append(OutcomeGiven.model_validate(_payload(cells)))
        except ValidationError as error:
            mistakes += (f"line {line}: {each}" for each in _mistakes(error))
        mistakes += (f"line {line}: {name} is no column of outcomes" for name in unknown)
    if mistakes:
        rest = len(mistakes) - _SHOWN
        more = [f"and {counted(rest, 'more mistake')}"] if rest > 0 else []
        raise Misconfigured(
            "\n".join([f"{path.name} is not as described, and nothing was sent:", *mistakes[:_SHOWN], *more])
        )
    if not found:
        raise Misconfigured(f"{path.name} holds no outcome.")
    return found


def _payload(cells: Cells) -> Cells:
    """Return a row as the webhook's event: what CSV writes as text becomes what it stands for."""
    payload = {name: cell for name, cell in cells.items() if name not in CONSENT_COLUMNS and cell is not None}
    payload["type"] = "outcome"
    if isinstance(score := payload.get("score"), str):
        payload["score"] = _number(score)
    if "consent" not in payload:
        given = {name: cells[name] for name in CONSENT_COLUMNS if cells.get(name) is not None}
        payload["consent"] = {name: _WORDS.get(str(cell).strip().lower(), cell) for name, cell in given.items()}
    return payload


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def _mistakes(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_input=False, include_url=False):
        place = str(each["loc"][-1]) if each["loc"] else "the row"
        yield f"{place} must be {wanted_form(place) or 'as described'}"
