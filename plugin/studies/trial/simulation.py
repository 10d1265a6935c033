"""A simulated trial: made-up people and ratings, so that files and report can be seen before anybody takes part.

The effect is known, so a test can see whether the analysis finds it, and finds none where there is none. Everything it
writes says that it is simulated, and so does the report.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from plugin.studies.question import TrialQuestion
from plugin.studies.trial.design import Assignment, assign, shuffled
from plugin.studies.trial.forms import (
    ASSIGNMENT,
    GUESS,
    OCCASIONS,
    PARTICIPANTS,
    RATERS,
    SHEET_COLUMNS,
    write_key,
    write_rows,
)
from plugin.studies.trial.items import items_of
from stream.contracts.vocabulary import Mechanism

SIMULATED: Final = "simulated"
_ITEM_SPREAD: Final = 0.4
"""How much items differ in difficulty, by the spread of people."""
_NOISE: Final = 0.8
"""How much one person's replies differ, and one rater's levels from another's, by the spread of people."""
_CUTS: Final = (0.0, 1.0)
"""Where no expression ends and strong expression begins, so that all three levels are common."""


def simulate(question: TrialQuestion, folder: Path, people: int, effect: float, leave: int = 0) -> None:
    """Write the files of a trial of simulated people, in which feedback moves everything by `effect` SD of people.

    `leave` of them are gone afterwards.

    Raises:
        Misconfigured: the folder holds such files already.
    """
    random = np.random.default_rng(question.seed)
    names = {f"{SIMULATED}-{number:03}": SIMULATED for number in range(1, people + 1)}
    assignments = assign(names, question.seed)
    gone = set(shuffled(sorted(names), question.seed, "leave")[:leave])
    replies = _replies(assignments, random, question, effect, gone)
    people_rows = [{"participant": name, "stratum": stratum} for name, stratum in names.items()]
    write_rows(folder / PARTICIPANTS, ("participant", "stratum"), people_rows)
    write_rows(folder / ASSIGNMENT, ("participant", "group", "first_form"), [vars(each) for each in assignments])
    write_key(folder, replies)
    for rater in RATERS:
        rows = [_rated(reply, random) for reply in replies]
        write_rows(folder / f"{rater}.csv", SHEET_COLUMNS, rows)


def _replies(
    assignments: list[Assignment], random: np.random.Generator, question: TrialQuestion, effect: float, gone: set[str]
) -> list[dict[str, str]]:
    """Return the simulated replies, with how well each truly expresses the mechanisms."""
    hard = {item.id: _ITEM_SPREAD * random.normal() for form in ("A", "B") for item in items_of(form)}
    found: list[dict[str, str]] = []
    for each in assignments:
        skill = random.normal()
        for occasion in OCCASIONS:
            if occasion == "after" and each.participant in gone:
                continue
            gained = effect if occasion == "after" and each.group == "feedback" else 0.0
            for item in items_of(each.form(occasion)):
                truth = skill + gained - hard[item.id] + _NOISE * random.normal()
                found.append(
                    {
                        "reply_id": "",
                        "participant": each.participant,
                        "occasion": occasion,
                        "item": item.id,
                        "counsellor_before": item.before,
                        "client": item.client,
                        "reply": "(simulated: nobody wrote a reply)",
                        SIMULATED: "yes",
                        "truth": repr(float(truth)),
                    }
                )
    order = shuffled([f"r{number:04}" for number in range(1, len(found) + 1)], question.seed, "replies")
    return [reply | {"reply_id": name} for reply, name in zip(found, order, strict=True)]


def _rated(reply: Mapping[str, str], random: np.random.Generator) -> dict[str, str]:
    """Return one rater's line: each mechanism heard with noise, and a guess by chance."""
    heard = float(reply["truth"]) + _NOISE * random.normal(size=len(Mechanism))
    levels = {each.value: str(int(np.searchsorted(_CUTS, value))) for each, value in zip(Mechanism, heard, strict=True)}
    return dict(reply) | levels | {GUESS: OCCASIONS[int(random.integers(2))]}
