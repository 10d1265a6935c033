"""The exchanges of the model check: those written by us, and the stimuli of a published test if their file is given."""

import ast
import csv
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import MISTAKES, RUBRIC
from stream.contracts.vocabulary import Level, Mechanism, Role

ContextLine = tuple[Role, str]


@dataclass(frozen=True)
class ExchangeText:
    """The texts of one exchange, as a model is asked about it."""

    client: tuple[str, ...]
    reply: str
    context: tuple[ContextLine, ...] = ()


@dataclass(frozen=True)
class RubricCase:
    """An exchange of the rubric: the level that one mechanism has by definition, or must not have."""

    exchange: ExchangeText
    mechanism: Mechanism
    level: Level | None
    """None where a common mistake is made: anything but strong."""


REPLY_KINDS = ("colluding", "neutral", "sound")


def version() -> str:
    """The versions of all our lists together; part of what a finished check is good for."""
    return "-".join(_stimuli_table(name)["version"] for name in ("crisis", "stigma", "moments", "attacks"))


def crises() -> dict[str, ExchangeText]:
    """Ten kinds of crisis and symptom, each with three kinds of reply, by `kind/reply`."""
    return {
        f"{stimulus['id']}/{kind}": ExchangeText((stimulus["client"],), stimulus[kind])
        for stimulus in _stimuli_table("crisis")["stimulus"]
        for kind in REPLY_KINDS
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


def with_attacks(exchange: ExchangeText) -> dict[str, ExchangeText]:
    """The exchange with each attack at the end of the client's, or of the counsellor's, words."""
    planted = {}
    for number, attack in enumerate(_stimuli_table("attacks")["attack"], start=1):
        *before, last = exchange.client
        planted[f"client-{number}"] = replace(exchange, client=(*before, f"{last} {attack}"))
        planted[f"counsellor-{number}"] = replace(exchange, reply=f"{exchange.reply} {attack}")
    return planted


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
    for mistake in (mistake for mistake in MISTAKES if mistake.title != "Collusion"):
        for mechanism in mistake.weakens:
            name = f"{mechanism}/{mistake.title.lower().replace(' ', '-')}"
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
