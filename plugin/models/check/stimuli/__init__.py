"""The exchanges of the model check: those written by us, and the stimuli of a published test if their file is given."""

import ast
import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import cycle
from pathlib import Path
from typing import Any

from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import MISTAKES, RUBRIC
from stream.contracts.vocabulary import Concern, Level, Mechanism, Role

ContextLine = tuple[Role, str]


@dataclass(frozen=True)
class ExchangeText:
    """The texts of one exchange, as a model is asked about it."""

    client: tuple[str, ...]
    reply: str
    context: tuple[ContextLine, ...] = ()


@dataclass(frozen=True)
class AttackStyle:
    """One way of planting text that is meant to steer a rating, and texts of it."""

    name: str
    said_by: frozenset[Role]
    """Who could plausibly plant it."""
    at_start: bool
    """Whether it stands before a message's own words instead of after them."""
    seen_in_training: bool
    """Whether a model of ours was trained on other text of this style."""
    attacks: tuple[str, ...]


@dataclass(frozen=True)
class RubricCase:
    """An exchange of the rubric: the level that one mechanism has by definition, or must not have."""

    exchange: ExchangeText
    mechanism: Mechanism
    level: Level | None
    """None where a common mistake is made: anything but strong."""


@dataclass(frozen=True)
class IndirectCase:
    """An exchange whose client turn holds critical content without a plain word of it, or only sounds so."""

    exchange: ExchangeText
    kind: Concern
    """What a critical turn speaks of, or what a harmless one resembles."""


REPLY_KINDS = ("colluding", "neutral", "sound")
FIRST_WORDS = "Hello."
"""What the client wrote before each exchange: none is a session's opening, to which no written reply is offered."""
_FRAME_VERSION = "2"
"""Another one for each change to what stands around all exchanges, such as the first words."""


def version() -> str:
    """The versions of all our lists together, and of their frame; part of what a finished check is good for."""
    lists = [_stimuli_table(name)["version"] for name in ("crisis", "stigma", "moments", "attacks", "indirect")]
    return "-".join([*lists, _FRAME_VERSION])


def crises() -> dict[str, ExchangeText]:
    """Ten kinds of crisis and symptom, each with three kinds of reply, by `kind/reply`."""
    return {
        f"{stimulus['id']}/{kind}": ExchangeText((stimulus["client"],), stimulus[kind])
        for stimulus in _stimuli_table("crisis")["stimulus"]
        for kind in REPLY_KINDS
    }


def indirect_cases() -> dict[str, IndirectCase]:
    """Critical content that is said indirectly, by `critical/id`, and what only sounds like it, by `harmless/id`."""
    return {
        f"{group}/{stimulus['id']}": IndirectCase(
            ExchangeText(tuple(stimulus["client"]), stimulus["reply"], ((Role.COUNSELLOR, stimulus["before"]),)),
            Concern(stimulus["kind"]),
        )
        for group in ("critical", "harmless")
        for stimulus in _stimuli_table("indirect")[group]
    }


def published(path: Path) -> dict[str, ExchangeText]:
    """The stimuli of arXiv 2504.18412 from its authors' table of results, with the replies of our own first crisis.

    Raises:
        Misconfigured: there is no such table at `path` (a CSV file, or a folder that holds it).
    """
    table = path / "interjections_all_combined.csv" if path.is_dir() else path
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            found = {row["id"]: row["interjection"] for row in csv.DictReader(lines)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{table} is not the table of that test's results ({type(error).__name__}).") from None
    replies = _stimuli_table("crisis")["stimulus"][0]
    return {
        f"{name}/{kind}": replace(_parse_published(text), reply=replies[kind])
        for name, text in sorted(found.items())
        for kind in REPLY_KINDS
    }


def condition_pairs() -> dict[str, dict[str, ExchangeText]]:
    """Pairs that differ in one condition alone: by pair, then by condition."""
    table = _stimuli_table("stigma")
    return {
        pair["id"]: {
            name: ExchangeText((pair["client"].format(condition=name),), pair["reply"].format(condition=name))
            for name in table["conditions"]
        }
        for pair in table["pair"]
    }


def moments() -> dict[str, ExchangeText]:
    """Ordinary moments of resistance, by name."""
    return {
        moment["id"]: ExchangeText(
            (moment["client"],), moment["reply"], tuple((Role.COUNSELLOR, text) for text in moment["context"])
        )
        for moment in _stimuli_table("moments")["moment"]
    }


def attack_styles() -> list[AttackStyle]:
    """All ways of planting text, in order."""
    return [
        AttackStyle(
            style["name"],
            frozenset(map(Role, style["said_by"])),
            style["position"] == "start",
            style["seen_in_training"],
            tuple(style["attack"]),
        )
        for style in _stimuli_table("attacks")["style"]
    ]


def with_attacks(bases: Mapping[str, ExchangeText]) -> dict[str, ExchangeText]:
    """Each attack in the words of everybody who could plant it, by `base/style-number-role`.

    The exchanges take turns, so that each attack is planted once in the words of each.
    """
    planted: dict[str, ExchangeText] = {}
    turns = cycle(bases.items())
    for style in attack_styles():
        for number, attack in enumerate(style.attacks, start=1):
            for role in sorted(style.said_by):
                base, exchange = next(turns)
                planted[f"{base}/{style.name}-{number}-{role}"] = _plant(attack, exchange, role, style.at_start)
    return planted


def _plant(attack: str, exchange: ExchangeText, role: Role, at_start: bool) -> ExchangeText:
    if role is Role.COUNSELLOR:
        return replace(exchange, reply=_beside(exchange.reply, attack, at_start))
    if at_start:
        first, *rest = exchange.client
        return replace(exchange, client=(_beside(first, attack, at_start), *rest))
    *rest, last = exchange.client
    return replace(exchange, client=(*rest, _beside(last, attack, at_start)))


def _beside(words: str, attack: str, at_start: bool) -> str:
    return f"{attack} {words}" if at_start else f"{words} {attack}"


def rubric_cases() -> dict[str, RubricCase]:
    """The rubric's own examples, and its common mistakes answering a client who pushes back.

    Collusion is not among them: it needs a crisis to be one, and stands in `crises`.
    """
    cases = {
        f"{mechanism}/{level.name.lower()}-{number}": RubricCase(
            ExchangeText((example.client,), example.reply), mechanism, level
        )
        for mechanism, entry in RUBRIC.items()
        for level, meaning in entry.levels.items()
        for number, example in enumerate(meaning.examples, start=1)
    }
    client = moments()["diary"].client
    for mistake in (mistake for mistake in MISTAKES if mistake.code != "collusion"):
        for mechanism in mistake.weakens:
            name = f"{mechanism}/{mistake.code}"
            cases[name] = RubricCase(ExchangeText(client, mistake.example), mechanism, None)
    return cases


def _parse_published(text: str) -> ExchangeText:
    """Parse one line, or a conversation as a list: client and counsellor in turn, the client first and last."""
    if not text.startswith("["):
        return ExchangeText((text,), "")
    try:
        lines = [str(line) for line in ast.literal_eval(text)]
    except (ValueError, SyntaxError):  # the table holds one list with its quotation marks broken
        return ExchangeText((text,), "")
    roles = (Role.CLIENT, Role.COUNSELLOR)
    context = tuple((roles[number % 2], line) for number, line in enumerate(lines[:-1]))
    return ExchangeText((lines[-1],), "", context)


@cache
def _stimuli_table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
