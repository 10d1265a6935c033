"""The training loop: batches of one kind of pair, of similar lengths, in a random order."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from stream.contracts.vocabulary import Mechanism
from training.precision import has_bf16
from training.reader.examples import UNKNOWN, ReplyExample, TurnExample
from training.reader.network import Pair, Reader, batch, encode, load_base, load_tokenizer
from training.reader.planted import Planted, plant
from training.reader.recipe import Recipe, draw_turns, steps_per_epoch
from training.reader.targets import REPLY_HEADS, TURN_HEADS

_PLANTED_BEFORE = 0.25
"""The share of planted text that stands in the client's words before a reply: less than in the reply, where it pays."""
_BATCHES_SORTED = 16  # batches whose pairs are sorted by length together: padding stays small, order stays random


@dataclass(frozen=True, slots=True)
class _Item:
    """An example as it is read in one epoch."""

    example: TurnExample | ReplyExample
    encoded: tuple[list[int], list[int]]
    planted: bool


def device() -> str:
    """Return the device to compute on."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fit(
    turns: Sequence[TurnExample],
    replies: Sequence[ReplyExample],
    pieces: Sequence[Planted],
    base: Path,
    recipe: Recipe,
    advance: Callable[[], object] = lambda: None,
    *,
    check_base: bool = True,
) -> Reader:
    """Train a reader on all examples; `advance` is called after each step.

    Raises:
        DataError: the published encoder is not in `base`.
    """
    torch.manual_seed(recipe.seed)
    random_ = random.Random(recipe.seed)
    where = device()
    reader = load_base(base, check=check_base).to(where)
    tokenizer = load_tokenizer(base)
    learned = [each for each in reader.parameters() if each.requires_grad]
    heads = [*reader.turn.parameters(), *reader.reply.parameters()]
    groups = [
        {"params": [each for each in reader.encoder.parameters() if each.requires_grad]},
        {"params": heads, "lr": recipe.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    total = recipe.epochs * steps_per_epoch(turns, replies, recipe)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total, recipe.warm_up))
    reader.train()
    for _ in range(recipe.epochs):
        batches = []
        for examples in (draw_turns(turns, recipe, random_), [*replies] * recipe.reply_passes):
            items = _items(examples, pieces, tokenizer, recipe, random_)
            batches += _batches(items, recipe.batch_size, random_)
        random_.shuffle(batches)
        for items in batches:
            with torch.autocast(where, torch.bfloat16, enabled=has_bf16(where)):
                turn, reply, _ = reader(*batch([item.encoded for item in items], where))
                loss = _loss(turn.float(), reply.float(), items, recipe)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            advance()
    reader.train(mode=False)
    trained: Reader = reader
    return trained


def _rate(step: int, total: int, warm_up: float) -> float:
    rising = max(1.0, warm_up * total)
    return min((step + 1) / rising, max(0.0, (total - step) / (total - rising + 1)))


def _items(
    examples: Sequence[TurnExample | ReplyExample],
    pieces: Sequence[Planted],
    tokenizer: Any,
    recipe: Recipe,
    random_: random.Random,
) -> list[_Item]:
    pairs: list[Pair] = []
    marks: list[bool] = []
    for example in examples:
        pair = (example.before, example.text)
        if pieces and random_.random() < recipe.planted_share:
            pair = _planted(example, pieces, random_)
        pairs.append(pair)
        # Planted text in the words before belongs to the pair that reads them as its text.
        marks.append(pair[1] != example.text)
    encoded = encode(tokenizer, pairs)
    return [_Item(example, tokens, mark) for example, tokens, mark in zip(examples, encoded, marks, strict=True)]


def _planted(example: TurnExample | ReplyExample, pieces: Sequence[Planted], random_: random.Random) -> Pair:
    """Plant text where it counts: in a client turn, or on either side of a reply."""
    if isinstance(example, TurnExample):
        return example.before, plant(example.text, [piece for piece in pieces if piece.by_client], random_)
    if random_.random() < _PLANTED_BEFORE:
        return plant(example.before, [piece for piece in pieces if piece.by_client], random_), example.text
    return example.before, plant(example.text, [piece for piece in pieces if piece.by_counsellor], random_)


def _batches(items: list[_Item], size: int, random_: random.Random) -> list[list[_Item]]:
    random_.shuffle(items)
    found: list[list[_Item]] = []
    for start in range(0, len(items), size * _BATCHES_SORTED):
        chunk = sorted(items[start : start + size * _BATCHES_SORTED], key=lambda item: len(item.encoded[0]))
        found += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    return found


def _loss(turn: Any, reply: Any, items: Sequence[_Item], recipe: Recipe) -> Any:
    planted = torch.tensor([float(item.planted) for item in items], device=turn.device)
    if isinstance(items[0].example, TurnExample):
        own = [item.example for item in items if isinstance(item.example, TurnExample)]
        loss = _resistance_loss(turn, own) + recipe.critical_weight * _choice(
            turn, TURN_HEADS["critical"], [each.critical for each in own]
        )
        return loss + recipe.side_weight * _mark(turn, TURN_HEADS["planted"], planted)
    rated = [item.example for item in items if isinstance(item.example, ReplyExample)]
    loss = sum(
        _choice(reply, REPLY_HEADS[mechanism.value], [each.levels[place] for each in rated])
        for place, mechanism in enumerate(Mechanism)
    ) / len(Mechanism)
    side = _choice(reply, REPLY_HEADS["technique"], [each.technique for each in rated])
    side = side + _choice(reply, REPLY_HEADS["mistake"], [each.mistake for each in rated])
    return loss + recipe.side_weight * (side + _mark(reply, REPLY_HEADS["planted"], planted))


def _resistance_loss(logits: Any, examples: Sequence[TurnExample]) -> Any:
    head = TURN_HEADS["resistance"]
    targets = torch.tensor([each.resistance for each in examples], device=logits.device)
    weights = torch.tensor(
        [each.weight if each.resistance != UNKNOWN else 0.0 for each in examples], device=logits.device
    )
    losses = functional.cross_entropy(logits[:, head.start : head.end], targets, ignore_index=UNKNOWN, reduction="none")
    return (losses * weights).sum() / weights.sum().clamp(min=1.0)


def _choice(logits: Any, head: Any, targets: Sequence[int]) -> Any:
    wanted = torch.tensor(list(targets), device=logits.device)
    losses = functional.cross_entropy(logits[:, head.start : head.end], wanted, ignore_index=UNKNOWN, reduction="none")
    return losses.sum() / (wanted != UNKNOWN).sum().clamp(min=1)


def _mark(logits: Any, head: Any, wanted: Any) -> Any:
    return functional.binary_cross_entropy_with_logits(logits[:, head.start], wanted)


def read_pairs(reader: Reader, base: Path, pairs: Sequence[Pair]) -> tuple[Any, Any, Any]:
    """Return turn logits, reply logits and vectors of all pairs, as arrays in the pairs' order."""
    where, tokenizer = device(), load_tokenizer(base)
    encoded = encode(tokenizer, pairs)
    order = sorted(range(len(pairs)), key=lambda place: len(encoded[place][0]))
    found: list[tuple[Any, Any, Any]] = []
    with torch.no_grad():
        for start in range(0, len(order), 64):
            places = order[start : start + 64]
            with torch.autocast(where, torch.bfloat16, enabled=has_bf16(where)):
                answers = reader(*batch([encoded[place] for place in places], where))
            found.append(tuple(each.float().cpu().numpy() for each in answers))
    back = np.argsort(np.array(order, dtype=int))
    return tuple(np.concatenate(part)[back] for part in zip(*found, strict=True))  # type: ignore[return-value]
