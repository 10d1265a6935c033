"""Writes the model card of a run from its records."""

from collections.abc import Mapping

from stream.contracts.rubric import RUBRIC
from training.feedback.data import MECHANISMS, Arm
from training.feedback.evaluate import PUBLISHED, BesideReader, Evaluation
from training.feedback.run import RunRecord, TrainingResult
from training.feedback.settings import Method


def model_card(run: RunRecord, parts: Mapping[str, TrainingResult], evaluation: Evaluation | None) -> str:
    """Return the model card as Markdown; `parts` are the finished parts by name.

    Without an evaluation the card says that there is none.
    """
    return "\n\n".join([_what(run), _data(run), _training(run, parts), _figures(evaluation), _unknown(run)]) + "\n"


def _what(run: RunRecord) -> str:
    how = "all weights" if run.recipe.method is Method.FULL else f"a LoRA adapter of rank {run.recipe.rank}"
    learnt = (
        "It writes whole answers: levels, evidence, reasons."
        if run.arm is Arm.REASONS
        else "It writes levels alone. The output gate takes no level without evidence: **this model cannot be served.**"
    )
    return (
        f"# Feedback model: {run.base_model}, fine-tuned ({how})\n\n"
        f"{learnt} Prompt {run.prompt_version}, rubric {run.rubric}, answer schema {run.schema_version}.\n\n"
        "For feedback to a supervisor after a session of text counselling. Not for clients, not for judging a person,"
        " not during a session, not for exchanges with critical content."
    )


def _data(run: RunRecord) -> str:
    rows = "\n".join(
        f"| {RUBRIC[mechanism].title} | {' | '.join(map(str, run.levels[mechanism]))} |" for mechanism in MECHANISMS
    )
    return (
        f"## Data\n\n{run.items} exchanges of {run.sessions} sessions; the levels of {run.reviewed_by_several} stand on"
        f" two people or more. SHA-256 of the file: `{run.data_sha256}`.\n\n"
        f"| levels given | 0 | 1 | 2 |\n| --- | --- | --- | --- |\n{rows}"
    )


def _training(run: RunRecord, parts: Mapping[str, TrainingResult]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in run.recipe.model_dump(mode="json").items())
    rows = "\n".join(
        f"| {name} | {one.items} | {one.drawn} | {one.too_long} | {one.steps} | {one.best_eval_loss:.4f} |"
        f" {one.seconds:.0f}{' (of the last call)' if one.resumed_from_step else ''} |"
        f" {'-' if one.tokens_per_s is None else f'{one.tokens_per_s:.0f}'} | {one.device} |"
        f" {one.peak_bytes / 2**30:.1f} GiB |"
        for name, one in parts.items()
    )
    return (
        f"## Training\n\nSettings: {settings}. Sessions stay whole; rare classes are drawn more often in the training"
        " part alone; the checkpoint with the lowest loss on sessions of neither part is kept.\n\n"
        "| part | items | drawn | too long | steps | loss | seconds | tokens/s | device | memory |\n"
        f"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    )


def _figures(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "## Figures\n\nNot evaluated: nothing is known of how right its levels are."
    head = "| mechanism | this run [95 %] | " + " | ".join(f"{name} *" for name in PUBLISHED) + " |"
    rows = "\n".join(
        f"| {RUBRIC[mechanism].title} | {evaluation.mechanisms[mechanism].macro_f1:.2f} | "
        + " | ".join(f"{figures[place]:.2f}" for figures in PUBLISHED.values())
        + " |"
        for place, mechanism in enumerate(MECHANISMS)
    )
    overlap = ", ".join(f"{name} {value:.2f}" for name, value in evaluation.explanations.items()) or "no reasons given"
    return (
        f"## Figures\n\nMacro-F1 in percent over {evaluation.exchanges} exchanges of {evaluation.sessions} sessions,"
        f" each answered by a model of a fold that had not seen it (folds {', '.join(map(str, evaluation.folds))});"
        f" intervals by bootstrap over sessions. {evaluation.readability} {evaluation.writing.sentence}"
        f" Reasons beside people's, word overlap in percent: {overlap}.\n\n"
        f"{head}\n| --- | --- | {'--- | ' * len(PUBLISHED)}\n{rows}\n\n\\* {evaluation.note}"
        f"{_beside_reader(evaluation.beside_reader)}"
    )


def _beside_reader(found: BesideReader | None) -> str:
    if found is None:
        return ""
    rows = "\n".join(
        f"| {RUBRIC[mechanism].title} | {found.this_run[mechanism]:.2f} | {found.reader[mechanism]:.2f} |"
        for mechanism in MECHANISMS
    )
    return (
        f"\n\nThe reader of the CPU baseline, on {found.exchanges} of these exchanges that it has not seen either:\n\n"
        f"| mechanism | this run [95 %] | reader [95 %] |\n| --- | --- | --- |\n{rows}"
    )


def _unknown(run: RunRecord) -> str:
    return (
        "## What is not known\n\n"
        "- How it fares on platforms, languages, topics and counsellors that the data do not hold.\n"
        "- Whether its levels agree with clinicians of yours: `counterpoint model sample` and `counterpoint model"
        " agreement` measure it. Until then it is unvalidated.\n"
        "- Whether it repeats sentences it was trained on. Treat the weights as you treat the sessions.\n"
        "- The figures are of the folds' models. The model to serve learnt from all sessions and was tested on none.\n"
        "- Whether it holds against crises, stigma and planted instructions: `counterpoint model check` asks.\n\n"
        "## Licence\n\n"
        f"The base model is {run.base_model}. Where that is a Llama model, its community licence and acceptable use"
        " policy go with every fine-tuned version, its naming rules included; keeping them, and being allowed to train"
        " on the sessions at all, is the duty of whoever trains and serves it."
    )
