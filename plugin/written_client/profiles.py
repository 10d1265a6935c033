"""The profiles of written clients, and the places in written sentences that a profile fills."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Profile:
    """An invented client: who they are, and the words that stand in written sentences about them."""

    key: str
    title: str
    age: int
    setting: str
    concern: str
    manner: str
    step: str
    """What was proposed to them."""
    trouble: str
    """What it is about."""
    other: str
    """Somebody in their life."""
    hour: str
    """When it is worst."""
    opens: tuple[str, ...]
    """What they say when they open up."""
    tells: tuple[str, ...]
    """What they tell where nothing is resisted."""
    lower_case: bool = False
    """Whether they type without capitals and without the last full stop."""

    def fill(self, sentence: str) -> str:
        """Return a written sentence with this profile's words in its places."""
        places = {"step": self.step, "trouble": self.trouble, "other": self.other, "hour": self.hour}
        capitals = {name.capitalize(): words[0].upper() + words[1:] for name, words in places.items()}
        return sentence.format_map(places | capitals)

    def say(self, sentence: str) -> str:
        """Return a written sentence as this client types it."""
        said = self.fill(sentence)
        return said.lower().removesuffix(".") if self.lower_case else said


@cache
def profiles() -> Mapping[str, Profile]:
    """Return all profiles by their keys, in the order of their file."""
    found = tomllib.loads((FOLDER / "profiles.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: _profile(key, fields) for key, fields in found.items()})


def _profile(key: str, fields: dict[str, object]) -> Profile:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Profile(key, **(fields | lists))  # type: ignore[arg-type] # tests read the file of ours
