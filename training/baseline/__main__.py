"""The command `python -m training.baseline`, which makes the CPU baseline's weights or evaluates the baseline."""

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
from training.baseline.fit import fit_weights
from training.baseline.rules import WEIGHTS, BaselineRules, RatedReply
from training.baseline.turns import BEHAVIOURS, BoltUtterance, CounsellorTurn
from training.errors import DataError

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
    spoken = turns.read_annomi(data)
    weights = fit_weights(spoken, BaselineRules())
    weights.write(out)
    Console().print(f"{len(spoken)} turns, {len(weights.weights)} terms; weights in {out}")


@app.command("eval")
def evaluate_all(data: Data) -> None:
    """Compare the baseline's behaviours and levels with public labels, all proxies: none are of the four mechanisms."""
    rules, console = BaselineRules(), Console()
    spoken = turns.read_annomi(data)
    with console.status("fitting and reading, five folds by video"):
        fitted = evaluate.predict_by_folds(spoken, lambda part: fit_weights(part, rules), lambda weights, _: weights)
        rated = [rules.rate(turn.client, turn.reply, weights) for turn, weights in zip(spoken, fitted, strict=True)]
        cues = [rules.rate(turn.client, turn.reply, rules.no_weights) for turn in spoken]
        alone = [
            rules.behaviour_probabilities(turn.reply, weights) for turn, weights in zip(spoken, fitted, strict=True)
        ]
        reference = evaluate.predict_by_folds(spoken, evaluate.fit_reference, evaluate.predict_behaviour)
    predictions = {
        f"baseline {rules.version}, sentence by sentence": [one.behaviour for one in rated],
        "its cues alone, nothing fitted": [one.behaviour for one in cues],
        "its weights alone, on whole replies": [max(each, key=lambda kind: each[kind]) for each in alone],
        "reference: words and characters": reference,
        "always `other`": ["other"] * len(spoken),
    }
    console.print(behaviour_table(spoken, predictions))
    console.print(quality_table(spoken, rated, cues, [each["reflection"] - each["input"] for each in alone]))
    techniques = turns.read_bolt(data)
    if techniques:
        console.print(technique_table(techniques, [rules.rate("", one.reply) for one in techniques]))


def behaviour_table(spoken: list[CounsellorTurn], predictions: dict[str, list[str]]) -> Table:
    """Return a table of ways to tell the kind of an utterance, each fitted on other videos if it is fitted."""
    table = Table("told by", "macro-F1 [95%]", *BEHAVIOURS, title=f"Counsellor behaviour, AnnoMI, {len(spoken)} turns")
    for row in (evaluate.evaluate_behaviours(name, spoken, said) for name, said in predictions.items()):
        table.add_row(row.name, f"{row.macro:.3f}", *(f"{row.by_behaviour[name]:.2f}" for name in BEHAVIOURS))
    return table


def quality_table(
    spoken: list[CounsellorTurn], rated: list[RatedReply], cues: list[RatedReply], reflection_lean: list[float]
) -> Table:
    """Return a table of how well levels tell conversations of high quality; `reflection_lean` is a reference."""
    kept, known = evaluate.drop_short_turns(spoken, rated)
    levels = [[float(level or 0) for level in one.levels] for one in known]
    by_cues = [sum(float(level or 0) for level in one.levels) for one in evaluate.drop_short_turns(spoken, cues)[1]]
    rows: list[QualityRow] = [
        evaluate.evaluate_quality(RUBRIC[mechanism].title, kept, [each[place] for each in levels])
        for place, mechanism in enumerate(Mechanism)
    ]
    rows.append(evaluate.evaluate_quality("all four together", kept, [sum(each) for each in levels]))
    rows.append(evaluate.evaluate_quality("all four together, cues alone", kept, by_cues))
    ids = {id(one) for one in known}
    leant = [lean for lean, one in zip(reflection_lean, rated, strict=True) if id(one) in ids]
    rows.append(evaluate.evaluate_quality("no level: a reflection's probability less an input's", kept, leant))
    rows.append(evaluate.evaluate_quality("length of the reply alone", kept, [float(len(turn.reply)) for turn in kept]))
    table = Table(
        "scored by", "ROC-AUC [95%]", title=f"High or low conversation, AnnoMI, {len(kept)} turns of 4 words or more"
    )
    for row in rows:
        table.add_row(row.name, f"{row.auc:.3f}")
    return table


def technique_table(techniques: list[BoltUtterance], rated: list[RatedReply]) -> Table:
    """Return how often each mechanism is found in utterances of each technique, without the client's words."""
    found: dict[str, list[RatedReply]] = defaultdict(list)
    for one, levels in zip(techniques, rated, strict=True):
        found[one.technique].append(levels)
    titles = [RUBRIC[mechanism].title for mechanism in Mechanism]
    table = Table(
        "technique", "n", *titles, "behaviour told most", title="Share with any expression, BOLT (replies alone)"
    )
    for name, rows in sorted(found.items()):
        shares = [sum(bool(row.levels[place]) for row in rows) / len(rows) for place in range(len(titles))]
        behaviours = [row.behaviour for row in rows]
        commonest = max(BEHAVIOURS, key=behaviours.count)
        table.add_row(
            name,
            str(len(rows)),
            *(f"{share:.2f}" for share in shares),
            f"{commonest} {behaviours.count(commonest) / len(behaviours):.2f}",
        )
    return table


if __name__ == "__main__":
    try:
        app()
    except DataError as error:
        sys.exit(str(error))
