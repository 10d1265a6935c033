"""What a policy replies to prompts, scored by the reward model, kept line by line so that it can be gone on with."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from training.precision import has_bf16
from training.preference.data import Item, is_short
from training.preference.settings import Recipe
from training.preference.stages import chat, load_model, load_tokenizer

FILE = "replies.jsonl"
SAMPLES = "samples.jsonl"
_OWNER_ONLY = 0o600


class Scored(NamedTuple):
    """A reply and the number that the reward model gives it."""

    text: str
    score: float


def scored_replies(
    prompts: Sequence[str],
    policy: str,
    reward: Path,
    path: Path,
    recipe: Recipe,
    *,
    samples: int | None = None,
    step: Callable[[], object] = lambda: None,
    download: bool = False,
) -> list[list[Scored]]:
    """Return the scored replies of a policy to each prompt: its likeliest one, or so many drawn ones.

    Raises:
        DataError: a model cannot be loaded.
    """
    found = _read(path, len(prompts))
    missing = [place for place in range(len(prompts)) if place not in found]
    for _ in found:
        step()
    if missing:
        writer, judge = _Model(policy, download=download), _Model(str(reward / "model"), is_reward=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY), "a") as file:
            for place in missing:
                texts = writer.reply(prompts[place], recipe, place, samples)
                found[place] = list(map(Scored, texts, judge.score(prompts[place], texts)))
                file.write(json.dumps({"prompt": place, "replies": found[place]}) + "\n")
                file.flush()
                step()
    return [found[place] for place in range(len(prompts))]


def score_items(items: Sequence[Item], reward: Path, step: Callable[[], object] = lambda: None) -> list[float]:
    """Return by how much the reward model puts the preferred reply of each pair above the other."""
    judge = _Model(str(reward / "model"), is_reward=True)
    leads = []
    for item in items:
        chosen, rejected = judge.score(item.prompt, [item.chosen, item.rejected])
        leads.append(chosen - rejected)
        step()
    return leads


def pairs_of_samples(prompts: Sequence[str], replies: Iterable[Sequence[Scored]], limit: int | None) -> list[Item]:
    """Return for each prompt its best reply beside its worst; with a limit in words a longer one is never the best.

    A prompt without a reply that may be preferred, or with equal scores alone, gives no pair.
    """
    items = []
    for place, (prompt, own) in enumerate(zip(prompts, replies, strict=True)):
        said = [each for each in own if each.text]
        allowed = [each for each in said if limit is None or is_short(each.text, limit)]
        best = max(allowed, key=lambda each: each.score, default=None)
        worst = min(said, key=lambda each: each.score, default=None)
        if best is not None and worst is not None and best.score > worst.score:
            items.append(Item(id=str(place), group="own", prompt=prompt, chosen=best.text, rejected=worst.text))
    return items


class _Model:
    """A model with its tokeniser, on the GPU where there is one."""

    def __init__(self, name: str, *, is_reward: bool = False, download: bool = False) -> None:
        self._tokenizer = load_tokenizer(name, download=download)
        import torch  # noqa: PLC0415

        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = load_model(name, is_reward=is_reward, download=download).to(self._device).eval()

    def reply(self, prompt: str, recipe: Recipe, seed: int, samples: int | None) -> list[str]:
        """Return the likeliest reply, or so many drawn ones; the draw depends on the seed alone."""
        import torch  # noqa: PLC0415
        from transformers import set_seed  # noqa: PLC0415

        set_seed(recipe.seed + seed)
        asked = self._tokenizer.apply_chat_template(
            chat(prompt), add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self._device)
        drawn: dict[str, float | None] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if samples is not None:
            drawn = {"do_sample": True, "temperature": recipe.temperature, "num_return_sequences": samples, "top_k": 0}
        with torch.inference_mode(), torch.autocast(self._device, torch.bfloat16, enabled=has_bf16()):
            whole = self._model.generate(
                **asked,
                **drawn,
                max_new_tokens=recipe.reply_tokens,
                pad_token_id=self._tokenizer.pad_token_id,
                eos_token_id=self._tokenizer.eos_token_id,
            )
        said = whole[:, asked["input_ids"].shape[1] :]
        return [str(text).strip() for text in self._tokenizer.batch_decode(said, skip_special_tokens=True)]

    def score(self, prompt: str, replies: Sequence[str]) -> list[float]:
        """Return the reward of each reply."""
        import torch  # noqa: PLC0415

        encoded = [
            self._tokenizer.apply_chat_template(chat(prompt, reply), return_dict=True)["input_ids"] for reply in replies
        ]
        padded: Any = self._tokenizer.pad({"input_ids": encoded}, padding_side="right", return_tensors="pt")
        with torch.inference_mode(), torch.autocast(self._device, torch.bfloat16, enabled=has_bf16()):
            logits = self._model(**padded.to(self._device)).logits
        return [float(number) for number in logits[:, 0].float()]


def _read(path: Path, prompts: int) -> dict[int, list[Scored]]:
    """Read the replies that exist; a line that was being written is dropped and asked again."""
    found: dict[int, list[Scored]] = {}
    whole = []
    for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else []:
        try:
            entry = json.loads(line)
            found[int(entry["prompt"])] = [Scored(str(text), float(score)) for text, score in entry["replies"]]
        except (ValueError, KeyError, TypeError):
            continue
        whole.append(line)
    if path.exists():
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
    return {place: own for place, own in found.items() if place < prompts}
