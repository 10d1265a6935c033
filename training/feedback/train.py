"""Train one part of a run: a fold, or the model to serve. A second call resumes from the last complete checkpoint."""

import resource
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.errors import DataError
from training.feedback.data import Item
from training.feedback.folds import Split, draw_at_most, oversample
from training.feedback.prompt_part import part_of_prompt
from training.feedback.run import TrainingResult, read_result
from training.feedback.settings import Method, Recipe
from training.feedback.tokens import TokenisedItem, tokenise
from training.precision import computing_device, has_bf16

MISSING = (
    "What trains is not installed here: `make setup-training`, then .venv-training/bin/python -m training.feedback."
)
_CHECKPOINTS = "checkpoints"
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1_024
"""The unit in which the system counts the memory of a process."""


def load_model(name: str, *, download: bool, exact: bool = False) -> tuple[Any, Any]:
    """Return a causal model and its tokeniser, by name or folder, from this machine only unless `download`.

    Weights are 16-bit floats where the device multiplies them, and 32-bit ones elsewhere or if `exact`.

    Raises:
        DataError: the model is not on this machine, keeps its weights as pickles, or the libraries are missing.
    """
    try:
        import torch  # noqa: PLC0415 - only training needs it; seconds to import
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415
    except ModuleNotFoundError:
        raise DataError(MISSING) from None
    kind = torch.bfloat16 if has_bf16(computing_device()) and not exact else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=not download)
        model = AutoModelForCausalLM.from_pretrained(
            name,
            local_files_only=not download,
            use_safetensors=True,  # loading a pickle may run any code
            dtype=kind,
        )
    except (OSError, ValueError) as error:
        mend = "" if download else " Give its folder, or --download to fetch it by name."
        raise DataError(f"The model {name} cannot be loaded ({type(error).__name__}).{mend}") from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def train_part(
    items: Sequence[Item], split: Split, part: Path, recipe: Recipe, base_model: str, *, download: bool = False
) -> TrainingResult:
    """Train one part into `part/model`, and return its result; a finished part is not trained again.

    Raises:
        DataError: the model cannot be loaded, or nothing fits into the cutoff.
    """
    finished = read_result(part)
    if finished is not None:
        return finished
    # Steps of full training are smaller than what a 16-bit weight can move by; the products are 16-bit all the same.
    model, tokenizer = load_model(base_model, download=download, exact=recipe.method is Method.FULL)
    from datasets import Dataset  # noqa: PLC0415
    from transformers import set_seed  # noqa: PLC0415
    from trl import SFTTrainer  # noqa: PLC0415

    set_seed(recipe.seed)
    split = draw_at_most(split, recipe.at_most, recipe.seed)
    order = oversample(items, split.train, recipe.seed)
    training, too_long = _tokenise_fitting(tokenizer, items, order, recipe)
    validation, unseen = _tokenise_fitting(tokenizer, items, split.valid, recipe)
    if not training or not validation:
        raise DataError(f"No item of {part.name} fits into {recipe.cutoff} tokens.")
    trainer = SFTTrainer(
        model=model,
        args=_arguments(part / _CHECKPOINTS, recipe),
        train_dataset=Dataset.from_list([vars(each) for each in training]),
        eval_dataset=Dataset.from_list([vars(each) for each in validation]),
        processing_class=tokenizer,
        peft_config=_lora(recipe) if recipe.method is Method.LORA else None,
    )
    begun, last = time.monotonic(), last_checkpoint(part / _CHECKPOINTS)
    if last is not None:
        print(f"{part.name}: going on from {last.name}")
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    _save(trainer, part)
    result = TrainingResult(
        items=len(split.train),
        drawn=len(order),
        too_long=len({*too_long, *unseen}),
        steps=trainer.state.global_step,
        best_eval_loss=trainer.state.best_metric,
        seconds=round(time.monotonic() - begun, 1),
        resumed_from_step=int(last.name.rpartition("-")[2]) if last else 0,
        tokens=int(trainer.state.num_input_tokens_seen),
        device=_device(),
        peak_bytes=peak_bytes(),
    )
    if trainer.is_world_process_zero():
        (part / "done.json").write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(part / _CHECKPOINTS, ignore_errors=True)  # optimizer states: several times the model
    return result


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint; its state is written last, so a checkpoint without one is incomplete."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _arguments(folder: Path, recipe: Recipe) -> Any:
    import torch  # noqa: PLC0415
    from trl import SFTConfig  # noqa: PLC0415

    return SFTConfig(
        output_dir=str(folder),
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,  # below 1 it is a share of all steps
        bf16=has_bf16(computing_device()),
        use_cpu=not torch.cuda.is_available(),
        max_length=None,  # items that are too long were left out, since a cut answer is wrong
        eval_strategy="steps",
        eval_steps=recipe.eval_steps,
        save_strategy="steps",
        save_steps=recipe.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=recipe.eval_steps,
        include_num_input_tokens_seen="non_padding",
        seed=recipe.seed,
        data_seed=recipe.seed,
        report_to="none",
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _lora(recipe: Recipe) -> Any:
    from peft import LoraConfig  # noqa: PLC0415

    return LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear", task_type="CAUSAL_LM")


def _tokenise_fitting(
    tokenizer: Any, items: Sequence[Item], places: Sequence[int], recipe: Recipe
) -> tuple[list[TokenisedItem], list[int]]:
    """Return the tokenised items that fit, and the indices of those that do not."""
    encoded = {
        place: tokenise(tokenizer, part_of_prompt(items[place].instruction, recipe.prompt), items[place].output)
        for place in set(places)
    }
    too_long = [place for place, each in encoded.items() if len(each.input_ids) > recipe.cutoff]
    return [encoded[place] for place in places if place not in too_long], too_long


def _save(trainer: Any, part: Path) -> None:
    """Save weights and tokeniser through the trainer, which gathers weights from several GPUs, and remove pickles."""
    folder = part / "model"
    trainer.save_model(str(folder))
    (folder / "training_args.bin").unlink(missing_ok=True)


def _device() -> str:
    import torch  # noqa: PLC0415

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "CPU"


def peak_bytes() -> int:
    """Return the most memory that was in use: the GPU's where there is one, else that of this process."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES
