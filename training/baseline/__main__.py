"""`python -m training.baseline DATA`: what the CPU baseline is worth against labels that exist."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Mechanism
from training.baseline import evaluate, turns
from training.baseline.evaluate import BehaviourRow, QualityRow
from training.baseline.rules import Read, Rules
from training.baseline.turns import BEHAVIOURS, CounsellorTurn, DataError, Technique


def main(
    data: Annotated[Path, typer.Argument(help="Folder that holds annomi/ and, if it may, bolt/.")],
) -> None:
    """Hold the baseline's cues and levels against public labels; the four mechanisms have none, so all are proxies."""
    rules, console = Rules(), Console()
    spoken = turns.annomi(data)
    read = [rules.read(turn.client, turn.reply) for turn in track(spoken, "reading", console=console, transient=True)]
    console.print(behaviour_table(spoken, read, rules.version))
    console.print(quality_table(spoken, read))
    techniques = turns.bolt(data)
    if techniques:
        console.print(technique_table(techniques, [rules.read("", one.reply) for one in techniques]))


def behaviour_table(spoken: list[CounsellorTurn], read: list[Read], version: str) -> Table:
    """The rules beside a trained model and the commonest answer."""
    table = Table("told by", "macro-F1 [95%]", *BEHAVIOURS, title=f"Counsellor behaviour, AnnoMI, {len(spoken)} turns")
    rows: list[BehaviourRow] = [
        evaluate.behaviours(f"cues of the baseline {version}, nothing fitted", spoken, [one.behaviour for one in read]),
        evaluate.behaviours("words and characters, trained, folds by video", spoken, evaluate.trained(spoken)),
        evaluate.behaviours("always `other`", spoken, ["other"] * len(spoken)),
    ]
    for row in rows:
        table.add_row(row.name, str(row.macro), *(f"{row.by_behaviour[name]:.2f}" for name in BEHAVIOURS))
    return table


def quality_table(spoken: list[CounsellorTurn], read: list[Read]) -> Table:
    """Whether levels are higher in conversations that were made to be good."""
    kept, known = evaluate.long_enough(spoken, read)
    levels = [[float(level or 0) for level in one.levels] for one in known]
    rows: list[QualityRow] = [
        evaluate.quality(RUBRIC[mechanism].title, kept, [each[place] for each in levels])
        for place, mechanism in enumerate(Mechanism)
    ]
    rows.append(evaluate.quality("all four together", kept, [sum(each) for each in levels]))
    rows.append(evaluate.quality("length of the reply alone", kept, [float(len(turn.reply)) for turn in kept]))
    table = Table(
        "scored by", "ROC-AUC [95%]", title=f"High or low conversation, AnnoMI, {len(kept)} turns of 4 words or more"
    )
    for row in rows:
        table.add_row(row.name, str(row.auc))
    return table


def technique_table(techniques: list[Technique], read: list[Read]) -> Table:
    """How often each mechanism is found at all in what annotators call a technique, without the client's words."""
    found: dict[str, list[Read]] = defaultdict(list)
    for one, levels in zip(techniques, read, strict=True):
        found[one.name].append(levels)
    titles = [RUBRIC[mechanism].title for mechanism in Mechanism]
    table = Table(
        "technique", "n", *titles, "behaviour told most", title="Share with any expression, BOLT (replies alone)"
    )
    for name, rows in sorted(found.items()):
        shares = [sum(bool(row.levels[place]) for row in rows) / len(rows) for place in range(len(titles))]
        told = [row.behaviour for row in rows]
        most = max(BEHAVIOURS, key=told.count)
        table.add_row(
            name, str(len(rows)), *(f"{share:.2f}" for share in shares), f"{most} {told.count(most) / len(told):.2f}"
        )
    return table


if __name__ == "__main__":
    try:
        typer.run(main)
    except DataError as error:
        sys.exit(str(error))
