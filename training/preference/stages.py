"""Trains one stage of a run with trl. A second call goes on from the last complete checkpoint."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.errors import DataError
from training.feedback.train import last_checkpoint
from training.precision import has_bf16
from training.preference.data import Item
from training.preference.run import DONE, StageResult
from training.preference.settings import Recipe

MISSING = (
    "What trains is not installed here: `make setup-training`, then .venv-training/bin/python -m training.preference."
)
INSTRUCTION = "You are a counsellor who answers by text message. Write your reply to the client, and nothing else."
_CHECKPOINTS = "checkpoints"


def chat(prompt: str, reply: str | None = None) -> list[dict[str, str]]:
    """Return a prompt, and a reply to it, as the messages of a chat."""
    asked = [{"role": "user", "content": f"{INSTRUCTION}\n\nThe client wrote:\n{prompt}"}]
    return asked if reply is None else [*asked, {"role": "assistant", "content": reply}]


def load_tokenizer(name: str, *, download: bool = False) -> Any:
    """Return the tokeniser of a model.

    Raises:
        DataError: it is not on this machine, has no chat template, or the libraries are missing.
    """
    try:
        from transformers import AutoTokenizer  # noqa: PLC0415 - seconds to import, and only training has it
    except ModuleNotFoundError:
        raise DataError(MISSING) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=not download)
    except (OSError, ValueError) as error:
        raise _not_loaded(name, error, download=download) from None
    if tokenizer.chat_template is None:
        raise DataError(f"The model {name} has no chat template: take one that was tuned to follow instructions.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(name: str, *, is_reward: bool = False, download: bool = False) -> Any:
    """Return a causal model, or one with a single number as its answer; in 32 bits, since the steps are very small.

    Raises:
        DataError: it is not on this machine, or keeps its weights as pickles.
    """
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification  # noqa: PLC0415

    kind = AutoModelForSequenceClassification if is_reward else AutoModelForCausalLM
    more: dict[str, Any] = {"num_labels": 1} if is_reward else {}
    try:
        return kind.from_pretrained(
            name,
            local_files_only=not download,
            use_safetensors=True,  # loading a pickle may run any code
            dtype=torch.float32,
            **more,
        )
    except (OSError, ValueError) as error:
        raise _not_loaded(name, error, download=download) from None


def _not_loaded(name: str, error: Exception, *, download: bool) -> DataError:
    mend = "" if download else " Give its folder, or --download to fetch it by name."
    return DataError(f"The model {name} cannot be loaded ({type(error).__name__}).{mend}")


def train_reward(items: Sequence[Item], part: Path, recipe: Recipe, model: str, *, download: bool = False) -> None:
    """Train a Bradley-Terry reward model into `part/model`.

    Raises:
        DataError: the model cannot be loaded, or no pair fits into the cutoff.
    """
    tokenizer = load_tokenizer(model, download=download)
    from transformers import set_seed  # noqa: PLC0415
    from trl import RewardConfig, RewardTrainer  # noqa: PLC0415

    fitting = _fitting(tokenizer, items, recipe)
    set_seed(recipe.seed)  # its last layer begins at random
    reward = load_model(model, is_reward=True, download=download)
    arguments = RewardConfig(
        **_arguments(part, recipe, recipe.reward_batch),
        learning_rate=recipe.reward_learning_rate,
        num_train_epochs=recipe.reward_epochs,
        max_length=None,  # pairs that are too long were left out and counted
    )
    trainer = RewardTrainer(model=reward, args=arguments, train_dataset=_dataset(fitting), processing_class=tokenizer)
    _train(trainer, part, len(fitting), len(items) - len(fitting))


def train_policy(items: Sequence[Item], part: Path, recipe: Recipe, model: str, *, download: bool = False) -> None:
    """Train a policy by DPO into `part/model`; it begins at `model`, and is held near it.

    Raises:
        DataError: the model cannot be loaded, or no pair fits into the cutoff.
    """
    tokenizer = load_tokenizer(model, download=download)
    from trl import DPOConfig, DPOTrainer  # noqa: PLC0415

    fitting = _fitting(tokenizer, items, recipe)
    arguments = DPOConfig(
        **_arguments(part, recipe, recipe.policy_batch),
        learning_rate=recipe.policy_learning_rate,
        num_train_epochs=recipe.policy_epochs,
        beta=recipe.beta,
        max_length=None,
        precompute_ref_log_probs=True,  # so that two models never stand in memory
    )
    policy = load_model(model, download=download)
    trainer = DPOTrainer(model=policy, args=arguments, train_dataset=_dataset(fitting), processing_class=tokenizer)
    _train(trainer, part, len(fitting), len(items) - len(fitting))


def _fitting(tokenizer: Any, items: Sequence[Item], recipe: Recipe) -> list[Item]:
    def length(item: Item, reply: str) -> int:
        return len(tokenizer.apply_chat_template(chat(item.prompt, reply), return_dict=True)["input_ids"])

    found = [item for item in items if max(length(item, item.chosen), length(item, item.rejected)) <= recipe.cutoff]
    if not found:
        raise DataError(f"There is no pair to learn from: none of {len(items)} fits into {recipe.cutoff} tokens.")
    return found


def _dataset(items: Sequence[Item]) -> Any:
    from datasets import Dataset  # noqa: PLC0415

    return Dataset.from_list(
        [
            {
                "prompt": chat(item.prompt),
                "chosen": chat(item.prompt, item.chosen)[1:],
                "rejected": chat(item.prompt, item.rejected)[1:],
            }
            for item in items
        ]
    )


def _arguments(part: Path, recipe: Recipe, batch: int) -> dict[str, Any]:
    import torch  # noqa: PLC0415

    on_gpu = torch.cuda.is_available()
    at_once = min(batch, recipe.device_batch)
    return {
        "output_dir": str(part / _CHECKPOINTS),
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": -(-batch // at_once),
        "bf16": has_bf16(),
        "use_cpu": not on_gpu,
        "gradient_checkpointing": on_gpu,
        "save_steps": recipe.save_steps,
        "save_total_limit": 2,
        "logging_steps": recipe.save_steps,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "report_to": "none",
        "dataloader_pin_memory": on_gpu,
    }


def _train(trainer: Any, part: Path, pairs: int, too_long: int) -> None:
    last = last_checkpoint(part / _CHECKPOINTS)
    if last is not None:
        print(f"{part.name}: going on from {last.name}")
    outcome = trainer.train(resume_from_checkpoint=str(last) if last else None)
    trainer.save_model(str(part / "model"))
    (part / "model" / "training_args.bin").unlink(missing_ok=True)  # a pickle
    result = StageResult(
        pairs=pairs,
        too_long=too_long,
        steps=trainer.state.global_step,
        loss=round(outcome.training_loss, 4),
        resumed_from_step=int(last.name.rpartition("-")[2]) if last else 0,
    )
    (part / DONE).write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(part / _CHECKPOINTS, ignore_errors=True)  # optimizer states: several times the model
