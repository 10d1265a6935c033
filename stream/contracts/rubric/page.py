"""The text of docs/rubric.md, made from the other modules of this folder."""

from collections.abc import Iterator

from stream.contracts.rubric.hard_cases import HARD_CASES
from stream.contracts.rubric.mechanisms import RUBRIC
from stream.contracts.rubric.mistakes import COLLUSION, MISTAKES
from stream.contracts.rubric.principles import PRINCIPLES
from stream.contracts.rubric.resistance import BEHAVIOURS, COLLABORATION, GROUPS
from stream.contracts.rubric.shape import LEVEL_TITLES, MechanismRubric
from stream.contracts.rubric.techniques import TECHNIQUES
from stream.contracts.rubric.version import HOW_TO_READ, ORIGIN, RUBRIC_VERSION
from stream.contracts.vocabulary import Mechanism


def anchor(mechanism: Mechanism) -> str:
    """Return the fragment of a link to a mechanism, which is the same on the page and in docs/rubric.md."""
    return mechanism.value.replace("_", "-")


def markdown() -> str:
    """Return the rubric as Markdown."""
    blocks = [
        f"# Rubric {RUBRIC_VERSION}: the four mechanisms and their levels",
        ORIGIN,
        HOW_TO_READ,
        COLLUSION,
        "This page is generated from `stream/contracts/rubric/`.",
    ]
    for mechanism, entry in RUBRIC.items():
        blocks += _mechanism(mechanism, entry)
    blocks += [*_mistakes(), *_techniques(), *_resistance(), *_principles()]
    return "\n\n".join(blocks) + "\n"


def _mechanism(mechanism: Mechanism, entry: MechanismRubric) -> Iterator[str]:
    yield f"## {entry.title}"
    yield entry.definition
    yield f"Code: `{mechanism}`"
    yield f"What it stands on: {entry.theory}"
    for level, meaning in entry.levels.items():
        yield f"### {level.value} · {LEVEL_TITLES[level]}"
        yield meaning.definition
        yield f"In text chat: {meaning.in_chat}"
        for example in meaning.examples:
            yield f"> Client: {example.client}\n>\n> Reply: {example.reply}"
    yield "### Hard cases"
    for case in HARD_CASES[mechanism]:
        yield f"**{case.title}.** {case.rule}"
        for decided in case.examples:
            yield f"> Client: {decided.client}\n>\n> Reply: {decided.reply} ({decided.level.value})"
    yield "### Beside its neighbours"
    yield "\n".join(f"- {RUBRIC[other].title}: {difference}" for other, difference in entry.neighbours.items())


def _mistakes() -> Iterator[str]:
    yield "## Common mistakes"
    for mistake in MISTAKES:
        weakened = " and ".join(RUBRIC[mechanism].title for mechanism in mistake.weakens)
        yield f"**{mistake.title}.** {mistake.definition} It mostly costs {weakened}."
        yield f"> Reply: {mistake.example}"


def _techniques() -> Iterator[str]:
    yield "## Techniques"
    yield (
        "What a reply mainly does, by the behaviour counts of motivational interviewing (MITI 4.2.1) with the additions"
        " for online chat of [arXiv 2211.05182](https://arxiv.org/abs/2211.05182); definitions are ours. A technique is"
        " not good or bad in itself: it says by what a level comes about."
    )
    rows = [f"| {technique} | the reply {meaning} |" for technique, meaning in TECHNIQUES.items()]
    yield "\n".join(["| technique | meaning |", "| --- | --- |", *rows])


def _resistance() -> Iterator[str]:
    yield "## Kinds of resistance"
    yield (
        "Names and groups are those of [arXiv 2601.14780](https://arxiv.org/abs/2601.14780); definitions and examples"
        " are ours. Resistance is something between two people at a moment, never a trait of the client."
    )
    for group, meaning in GROUPS.items():
        yield f"### {group.title()}"
        yield meaning
        rows = [
            f"| {kind} | the client {behaviour.meaning} | {behaviour.example} |"
            for kind, behaviour in BEHAVIOURS.items()
            if behaviour.group is group
        ]
        yield "\n".join(["| behaviour | meaning | for example |", "| --- | --- | --- |", *rows])
    yield COLLABORATION


def _principles() -> Iterator[str]:
    yield "## What a suggested reply is held against"
    yield (
        "Seven principles of counselling, named as in [arXiv 2502.19731](https://arxiv.org/abs/2502.19731), asked in"
        " our words. They are a yardstick for a suggestion, never for a person. A suggestion is unscored until"
        " something other than the model that wrote it can score it."
    )
    yield "\n".join(f"- {principle.title}: {principle.question}" for principle in PRINCIPLES.values())
