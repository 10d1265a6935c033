"""The names that settings may have, and the nearest of them to a name that is none.

A name that nothing reads is most likely a typing mistake, and the setting that was meant keeps its default unnoticed.
The settings refuse it: a variable with our prefix, a file among the secrets, a section or a field of the settings file.
"""

import difflib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

PREFIX: Final = "COUNTERPOINT_"
BETWEEN: Final = "__"
"""Between the parts of a name."""
FILE: Final = f"{PREFIX}FILE"
SECRETS_DIR: Final = f"{PREFIX}SECRETS_DIR"
RETIRED: Final[Mapping[str, str]] = {
    "sessions.detector": "there is one detector; remove it",
    "sessions.operating_point": "the model confirms or rejects whatever the detector flags; remove it",
    "delivery.webhooks": "`counterpoint receivers add` stores receivers of digests now, under the same names",
    "sessions.max_moments": "every flagged moment goes to the model, and the page shows those it confirmed; remove it",
}
"""What earlier versions had, with what holds instead."""
_EXAMPLE: Final = "NAME"
"""Stands for a name that the operator chooses, such as a tenant's."""


def unknown_variables(model: type[BaseModel], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable with our prefix that names no setting."""
    for variable in sorted(environ):
        if not variable.upper().startswith(PREFIX) or variable in {FILE, SECRETS_DIR}:
            continue
        parts = variable[len(PREFIX) :].lower().split(BETWEEN)
        retired = [place for end in range(len(parts), 0, -1) if (place := ".".join(parts[:end])) in RETIRED]
        if retired:
            yield f"{variable} is no setting any more: {RETIRED[retired[0]]}"
        elif not _is_known(model, parts):
            known = [FILE, SECRETS_DIR, *_variables(model, parts)]
            yield f"{variable} is no setting; did you mean {nearest(variable.upper(), known)}?"


def unknown_secret_files(model: type[BaseModel], folder: Path, named: Collection[Path]) -> Iterator[str]:
    """Yield a sentence for each file of a folder of secrets that names no setting and that no setting names.

    Hidden files and other folders are the platform's own. A folder that is named like a setting was meant to be a file:
    Docker makes one where the file to be mounted is missing.
    """
    for path in sorted(folder.iterdir()):
        lower = path.name.lower()
        parts = lower.removeprefix(PREFIX.lower()).split(BETWEEN)
        is_ours = lower.startswith(PREFIX.lower()) and _is_known(model, parts)
        if path.name.startswith(".") or path.absolute() in named:
            continue
        if path.is_dir():
            if is_ours:
                yield f"{path} is a folder; it must be a file that holds the secret"
        elif not is_ours:
            meant = nearest(f"{PREFIX}{BETWEEN.join(parts).upper()}", _variables(model, parts))
            yield f"the file {path} is no setting; did you mean {meant}?"


def unknown_sections(model: type[BaseModel], written: Iterable[str], file: Path) -> Iterator[str]:
    """Yield a sentence for each name at the top of the settings file that is none of ours."""
    for name in written:
        if name not in model.model_fields:
            yield f"{file}: {name} is no section or setting; did you mean {nearest(name, model.model_fields)}?"


def nearest_field(model: type[BaseModel], place: Sequence[object]) -> str:
    """Return the field that is nearest to the last part of a place in the settings, or nothing if there is none."""
    kind: Any = model
    for part in place[:-1]:
        kind = _below(kind, str(part))
    fields = getattr(kind, "model_fields", {})
    return ".".join([*map(str, place[:-1]), nearest(str(place[-1]), fields)]) if fields else ""


def nearest_file(path: Path) -> str:
    """Return in words what there is in place of a file that does not exist: the nearest name, or nothing."""
    try:
        others = [other.name for other in path.parent.iterdir() if other.is_file()]
    except OSError:
        return f"there is no folder {path.parent}"
    return f"the nearest name there is {nearest(path.name, others)}" if others else f"{path.parent} holds no file"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like a name, in what not all of them begin with."""
    names = sorted(known)
    same = len(os.path.commonprefix([each.lower() for each in (name, *names)]))  # noqa: RUF071 - no paths

    def likeness(other: str) -> float:
        return difflib.SequenceMatcher(None, name[same:].lower(), other[same:].lower()).ratio()

    return max(names, key=likeness)


def _is_known(kind: Any, parts: Sequence[str]) -> bool:
    for part in parts:
        kind = _below(kind, part)
    return kind is not None


def _below(kind: Any, part: str) -> Any:
    """Return the type of a part of a setting, or None where there is no such part."""
    if kind is None or not part:
        return None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(part)
        return None if field is None else field.annotation
    return get_args(kind)[1] if get_origin(kind) is dict else None


def _paths(kind: Any, given: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the parts of every name, with the operator's own names as they were given."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from ((name, *rest) for rest in _paths(field.annotation, given[1:]))
    elif get_origin(kind) is dict:
        chosen = given[0] if given and given[0] else _EXAMPLE
        yield from ((chosen, *rest) for rest in _paths(get_args(kind)[1], given[1:]))
    yield ()


def _variables(model: type[BaseModel], given: Sequence[str]) -> list[str]:
    """Return the variables of all settings, or of the section that the given parts begin with."""
    paths = [parts for parts in _paths(model, given) if parts]
    same = [parts for parts in paths if parts[0] == given[0] and len(given) > 1]
    return [PREFIX + BETWEEN.join(parts).upper() for parts in same or paths]
