"""The forms of calibrations: what a rater says of four mechanisms, and on what raters settle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Form, HTTPException, Request

from plugin.queue.calibration_steps import MAX_WORDS
from plugin.queue.calibration_views import MECHANISMS, Said
from plugin.web.calibration_words import CHOICES
from stream.contracts.vocabulary import Level, Mechanism

_NOTHING: Final = ""


@dataclass(frozen=True)
class RatingForm:
    """What a form says: a choice for each mechanism, and a note."""

    chosen: Mapping[Mechanism, str]
    """The values of the fields, without those that are none of ours."""
    note: str = field(default="", repr=False)

    @property
    def said(self) -> Said | None:
        """What is said of all four; None where a choice is missing."""
        if any(mechanism not in self.chosen for mechanism in MECHANISMS):
            return None
        return {mechanism: CHOICES[self.chosen[mechanism]] for mechanism in MECHANISMS}


@dataclass(frozen=True)
class SettleForm:
    """The level and the reason for each mechanism that a form settles."""

    chosen: Mapping[Mechanism, str]
    reasons: Mapping[Mechanism, str] = field(repr=False)

    @property
    def final(self) -> dict[Mechanism, tuple[Level | None, str]]:
        """The levels that were chosen, with their reasons."""
        return {each: (CHOICES[choice], self.reasons.get(each, "")) for each, choice in self.chosen.items()}

    @property
    def is_complete(self) -> bool:
        """Whether there is a level, and each level has a reason and each reason a level."""
        with_reason = {each for each, reason in self.reasons.items() if reason}
        return bool(self.chosen) and with_reason == set(self.chosen)


async def rating_form(request: Request, note: Annotated[str, Form(max_length=MAX_WORDS)] = _NOTHING) -> RatingForm:
    """Return what the form says; a field that is none of ours, or holds no choice, is left out."""
    return RatingForm(await _chosen(request), note.strip())


async def settle_form(request: Request) -> SettleForm:
    """Return what the form settles.

    Raises:
        HTTPException: a reason is longer than the page lets anybody write.
    """
    form = await request.form()
    reasons = {each: str(form.get(f"reason-{each.value}", "")).strip() for each in MECHANISMS}
    if any(len(reason) > MAX_WORDS for reason in reasons.values()):
        raise HTTPException(400)
    return SettleForm(await _chosen(request), reasons)


RatingFormDep = Annotated[RatingForm, Depends(rating_form)]
SettleFormDep = Annotated[SettleForm, Depends(settle_form)]


async def _chosen(request: Request) -> dict[Mechanism, str]:
    form = await request.form()
    found = {mechanism: form.get(f"level-{mechanism.value}") for mechanism in MECHANISMS}
    return {each: value for each, value in found.items() if isinstance(value, str) and value in CHOICES}
