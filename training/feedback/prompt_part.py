"""The part of our prompt that a model reads: all of it, or the exchange alone."""

from typing import Final

from stream.feedback.models.few_shots import FEW_SHOTS
from training.errors import DataError
from training.feedback.settings import PromptPart

_USER: Final = "<|start_header_id|>user<|end_header_id|>"


def part_of_prompt(instruction: str, part: PromptPart) -> str:
    """Return what a model reads of a rendered prompt.

    The turns before the exchange are ours, so that counting them finds it whatever people typed in the exchange.

    Raises:
        DataError: the text is no prompt of ours.
    """
    if part is PromptPart.WHOLE:
        return instruction
    ours = len(FEW_SHOTS) + 1
    turns = instruction.split(_USER, ours)
    if len(turns) <= ours:
        raise DataError("A text that is no prompt of ours has no exchange to read.")
    return _USER + turns[ours]
