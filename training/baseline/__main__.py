"""`python -m training.baseline`: make the weights of the CPU baseline's trained part, or say what it all is worth."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Mechanism
from training.baseline import evaluate, turns
from training.baseline.evaluate import QualityRow
from training.baseline.fit import fitted
from training.baseline.rules import WEIGHTS, Read, Rules
from training.baseline.turns import BEHAVIOURS, CounsellorTurn, DataError, Technique

Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/ and, if it may, bolt/.")]
app = typer.Typer(
    help="Make the weights of the CPU baseline's trained part, or say what the baseline is worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def train(data: Data, out: Annotated[Path, typer.Argument(help="File to write the weights to.")] = WEIGHTS) -> None:
    """Fit on all of AnnoMI's counsellor turns in DATA; then run `make baseline`."""
    spoken = turns.annomi(data)
    weights = fitted(spoken, Rules())
    weights.write(out)
    Console().print(f"{len(spoken)} turns, {len(weights.weights)} terms; weights in {out}")


@app.command("eval")
def evaluate_all(data: Data) -> None:
    """Hold the baseline's ear and levels against public labels; the four mechanisms have none, so all are proxies."""
    rules, console = Rules(), Console()
    spoken = turns.annomi(data)
    with console.status("fitting and reading, five folds by video"):
        heard = evaluate.by_folds(spoken, lambda some: fitted(some, rules), lambda ear, _: ear)
        read = [rules.read(turn.client, turn.reply, ear) for turn, ear in zip(spoken, heard, strict=True)]
        cues = [rules.read(turn.client, turn.reply, rules.deaf) for turn in spoken]
        alone = [rules.kinds_of(turn.reply, ear) for turn, ear in zip(spoken, heard, strict=True)]
        reference = evaluate.by_folds(spoken, evaluate.words_and_characters, evaluate.said_by)
    told = {
        f"baseline {rules.version}, sentence by sentence": [one.behaviour for one in read],
        "its cues alone, nothing fitted": [one.behaviour for one in cues],
        "its weights alone, on whole replies": [max(each, key=lambda kind: each[kind]) for each in alone],
        "reference: words and characters": reference,
        "always `other`": ["other"] * len(spoken),
    }
    console.print(behaviour_table(spoken, told))
    console.print(quality_table(spoken, read, cues, [each["reflection"] - each["input"] for each in alone]))
    techniques = turns.bolt(data)
    if techniques:
        console.print(technique_table(techniques, [rules.read("", one.reply) for one in techniques]))


def behaviour_table(spoken: list[CounsellorTurn], told: dict[str, list[str]]) -> Table:
    """Ways of telling the kind of an utterance, each fitted on other videos if on any."""
    table = Table("told by", "macro-F1 [95%]", *BEHAVIOURS, title=f"Counsellor behaviour, AnnoMI, {len(spoken)} turns")
    for row in (evaluate.behaviours(name, spoken, said) for name, said in told.items()):
        table.add_row(row.name, str(row.macro), *(f"{row.by_behaviour[name]:.2f}" for name in BEHAVIOURS))
    return table


def quality_table(spoken: list[CounsellorTurn], read: list[Read], cues: list[Read], leaning: list[float]) -> Table:
    """Whether levels are higher in conversations that were made to be good; `leaning` is no level, but a reference."""
    kept, known = evaluate.long_enough(spoken, read)
    levels = [[float(level or 0) for level in one.levels] for one in known]
    by_cues = [sum(float(level or 0) for level in one.levels) for one in evaluate.long_enough(spoken, cues)[1]]
    rows: list[QualityRow] = [
        evaluate.quality(RUBRIC[mechanism].title, kept, [each[place] for each in levels])
        for place, mechanism in enumerate(Mechanism)
    ]
    rows.append(evaluate.quality("all four together", kept, [sum(each) for each in levels]))
    rows.append(evaluate.quality("all four together, cues alone", kept, by_cues))
    ids = {id(one) for one in known}
    leant = [lean for lean, one in zip(leaning, read, strict=True) if id(one) in ids]
    rows.append(evaluate.quality("no level: a reflection's probability less an input's", kept, leant))
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
        app()
    except DataError as error:
        sys.exit(str(error))
