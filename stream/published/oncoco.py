"""The reader of OnCoCo 1.0: single messages of online counselling in German and English, each with one of 66 codes.

The files have a row a message: `id`, `code`, `type` (CO or CL), `lang`, `text` and `category`. The README's example
has `text_en` in place of `text`, so a file that has it is read too. A text may begin with its side, in either language.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role
from stream.published.rows import Row, choice_of, table_rows, text_of

_COLUMNS: Final = frozenset({"id", "code", "type", "lang"})
_TEXTS: Final = ("text", "text_en", "text_de")
_ROLES: Final = {"co": Role.COUNSELLOR, "cl": Role.CLIENT}
_PREFIXES: Final = {
    "counselor": Role.COUNSELLOR,
    "berater": Role.COUNSELLOR,
    "client": Role.CLIENT,
    "klient": Role.CLIENT,
}
_ANY: Final = "*"
_MAX_CODE: Final = 40
"""Characters of the longest code, twice over."""


@dataclass(frozen=True, slots=True)
class CodedMessage:
    """A message with its code, without the places of the code that hold a star."""

    place: str
    id: str
    role: Role
    language: str
    code: str
    text: str = field(repr=False)


def read(path: Path) -> list[CodedMessage]:
    """Return the messages of the file in order.

    Raises:
        Misconfigured: the file has another form, or a row contradicts itself; the message names the line.
    """
    return [_message(row, place) for place, row in table_rows(path, _COLUMNS, "OnCoCo")]


def _message(row: Row, place: str) -> CodedMessage:
    kind = choice_of(row, "type", place, _ROLES)
    role = _ROLES[kind]
    code = _code(text_of(row, "code", place), place)
    if not code.lower().startswith(f"{kind}-"):
        raise Misconfigured(f"{place}: code is of the other side than type. Correct one of them.")
    texts = [name for name in _TEXTS if name in row]
    if len(texts) != 1:
        raise Misconfigured(f"{place}: it has {len(texts)} of the columns {', '.join(_TEXTS)}, and one is needed.")
    words = _without_prefix(text_of(row, texts[0], place), role, place)
    return CodedMessage(
        place, text_of(row, "id", place), role, choice_of(row, "lang", place, ("de", "en")), code, words
    )


def _code(written: str, place: str) -> str:
    parts = [part for part in written.split("-") if part != _ANY]
    if len(written) > _MAX_CODE or not all(part.isascii() and part.isalpha() for part in parts):
        raise Misconfigured(f"{place}: code is not written as CO-IF-AC-RF-RC or CO-FA-*-*-*-*.")
    return "-".join(parts)


def _without_prefix(text: str, role: Role, place: str) -> str:
    before, colon, after = text.partition(":")
    side = _PREFIXES.get(before.strip().lower()) if colon else None
    if side is None:
        return text
    if side is not role:
        raise Misconfigured(f"{place}: text begins with the other side than type. Correct one of them.")
    if not after.strip():
        raise Misconfigured(f"{place}: nothing stands after the side in text. Take the row out.")
    return after.strip()
