"""The commands with which the recipe is tried where no GPU and no rated sessions are at hand."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from training.corpora.labels import load_reply_labels, load_turn_labels
from training.corpora.transcripts import load_transcripts
from training.corpora.written import load_written
from training.feedback.annotated import write_annotated
from training.feedback.folds import draw
from training.feedback.own_corpora import from_transcripts, from_written
from training.feedback.run import FINAL
from training.feedback.serve import open_writer
from training.feedback.serve import serve as serve_lines
from training.feedback.shape import ANSWER_TOKENS, BATCHES, EIGHT_B, PROMPT_TOKENS, measure_shape
from training.feedback.small_base import unpack_small_base

app = typer.Typer()


@app.command()
def corpora(
    out: Annotated[Path, typer.Argument(help="File to write: annotated exchanges, as `prepare` reads them.")],
    transcripts: Annotated[
        Path | None, typer.Option(help="Folder with annomi/ and mibot/: their labelled replies too, with levels alone.")
    ] = None,
    at_most: Annotated[
        int | None, typer.Option(help="No more written client turns than this, drawn; for a trial.")
    ] = None,
) -> None:
    """Write the corpora of training/corpora as annotated exchanges; folds are then split by writer.

    With --transcripts the set is for `prepare --arm labels`: nobody gave reasons for replies of transcripts.
    """
    written = load_written()
    found = [from_written(written[place] for place in draw(range(len(written)), at_most, seed=0))]
    if transcripts is not None:
        found.append(from_transcripts(load_transcripts(transcripts), load_turn_labels(), load_reply_labels()))
    lines = [line for part in found for line in part.lines]
    write_annotated(out, lines)
    typer.echo(
        f"{len(lines)} exchanges of {len({line.group for line in lines})} writers, videos and people are in {out}."
    )
    typer.echo(
        f"Left out: {sum(part.dangerous for part in found)} with critical content,"
        f" {sum(part.refused for part in found)} that the gate refuses or that lack a level."
    )


@app.command("unpack-small")
def unpack_small(
    out: Annotated[Path, typer.Argument(help="Folder to write: 540 MB.")],
) -> None:
    """Unpack SmolLM2-135M-Instruct, on which the recipe can be tried without a GPU, into a folder for --model."""
    unpack_small_base(out)
    typer.echo(f"The model is in {out}. Its licence is Apache 2.0.")


@app.command("shape-8b")
def shape_8b(
    out: Annotated[Path, typer.Argument(help="File to write (JSON).")],
    batch: Annotated[list[int] | None, typer.Option(help=f"Exchanges at once; {BATCHES} if none is given.")] = None,
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Tokens of each prompt.")] = PROMPT_TOKENS,
    answer_tokens: Annotated[int, typer.Option(min=2, help="Tokens of each answer.")] = ANSWER_TOKENS,
) -> None:
    """Measure memory, tokens a second and latency of a random Llama of the size of Llama-3.1-8B.

    It needs a GPU of 24 GB, or 17 GB of memory and patience: without a GPU ask for one exchange and few tokens.
    """
    found = measure_shape(
        EIGHT_B, batches=tuple(batch or BATCHES), prompt_tokens=prompt_tokens, answer_tokens=answer_tokens
    )
    out.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    typer.echo(found.model_dump_json(indent=1))


@app.command()
def serve(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    part: Annotated[str, typer.Option(help="final, or fold-0 to fold-4.")] = FINAL,
) -> None:
    """Answer requests on standard input, one a line, held to the schema that each brings; for tests of serving."""
    serve_lines(*open_writer(run, part), sys.stdin)
