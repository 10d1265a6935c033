"""The rubric is complete, states that its definitions are ours, and is the same on every page that shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stream.contracts.rubric import (
    BEHAVIOURS,
    COLLABORATION,
    COLLUSION,
    GROUPS,
    HARD_CASES,
    HOW_TO_READ,
    LEVEL_TITLES,
    MISTAKES,
    ORIGIN,
    PRINCIPLES,
    RUBRIC,
    RUBRIC_VERSION,
    TECHNIQUES,
    Behaviour,
    HardCase,
    LevelRubric,
    Mistake,
    Principle,
    ResistanceGroup,
    Technique,
    anchor,
    markdown,
)
from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType
from tests.fixtures.waiting import DEADLOCK_S

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "rubric.md"

CASES = [
    pytest.param(meaning, id=f"{mechanism}-{level.name.lower()}")
    for mechanism, entry in RUBRIC.items()
    for level, meaning in entry.levels.items()
]

HARD = [
    pytest.param(mechanism, case, id=f"{mechanism}-{case.title}")
    for mechanism, cases in HARD_CASES.items()
    for case in cases
]


def headings(depth: int) -> list[str]:
    """Return the headings of one depth on the page."""
    return re.findall(rf"^{'#' * depth} (.+)$", markdown(), re.MULTILINE)


def test_every_mechanism_has_an_entry_in_the_order_of_the_vocabulary() -> None:
    """Every mechanism has an entry in the rubric, in the order of the vocabulary."""
    assert list(RUBRIC) == list(Mechanism)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_level_is_defined_from_none_to_strong(mechanism: Mechanism) -> None:
    """Every mechanism defines its levels from none to strong."""
    assert list(RUBRIC[mechanism].levels) == list(Level)


@pytest.mark.parametrize("meaning", CASES)
def test_a_level_says_when_it_holds_and_shows_it_by_two_examples(meaning: LevelRubric) -> None:
    """A level has a definition and two examples, in whole sentences short enough to read between two sessions."""
    first, second = meaning.examples
    for words in (meaning.definition, meaning.in_chat, first.client, first.reply, second.client, second.reply):
        assert words == words.strip()
        assert words[-1] in ".?!"
        assert 20 < len(words) < 250
    assert first.client != second.client


@pytest.mark.parametrize("mechanism", Mechanism)
def test_the_examples_of_a_mechanism_answer_the_same_two_clients(mechanism: Mechanism) -> None:
    """The examples of a mechanism answer the same two clients, so that only the replies differ from level to level."""
    levels = RUBRIC[mechanism].levels.values()
    assert len({tuple(example.client for example in meaning.examples) for meaning in levels}) == 1


def test_no_example_belongs_to_two_places() -> None:
    """Each example reply is written for one place, although a reply may express several mechanisms."""
    levels = [meaning for entry in RUBRIC.values() for meaning in entry.levels.values()]
    replies = [example.reply for meaning in levels for example in meaning.examples]
    assert len(replies) == 2 * len(Mechanism) * len(Level)
    replies += [decided.reply for cases in HARD_CASES.values() for case in cases for decided in case.examples]
    assert len(set(replies)) == len(replies)


def test_every_mechanism_has_hard_cases() -> None:
    """Every mechanism has cases that its definitions leave open, each under a name of its own."""
    assert list(HARD_CASES) == list(Mechanism)
    assert all(len(cases) >= 3 for cases in HARD_CASES.values())
    titles = [case.title for cases in HARD_CASES.values() for case in cases]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("mechanism", "case"), HARD)
def test_a_hard_case_is_decided_by_a_rule_and_shown_by_two_examples(mechanism: Mechanism, case: HardCase) -> None:
    """A hard case has a rule that names the levels of its two examples, in whole sentences."""
    names = {Level.NONE: r"\bnone\b|no expression", Level.WEAK: r"\bweak\b", Level.STRONG: r"\bstrong\b"}
    first, second = case.examples
    assert first.reply != second.reply
    for decided in case.examples:
        assert re.search(names[decided.level], case.rule, re.IGNORECASE), mechanism
    for words in (case.rule, first.client, first.reply, second.client, second.reply):
        assert words == words.strip()
        assert words[-1] in ".?!"
    assert case.title[0].isupper()
    assert 20 < len(case.rule) < 250


@pytest.mark.parametrize(("mechanism", "case"), HARD)
def test_the_page_shows_each_hard_case_with_its_levels(mechanism: Mechanism, case: HardCase) -> None:
    """The page shows each rule under its mechanism, with both examples and their levels."""
    page = markdown()
    part = page[page.index(f"## {RUBRIC[mechanism].title}\n") :]
    shown = [f"**{case.title}.** {case.rule}\n"]
    shown += [
        f"> Client: {decided.client}\n>\n> Reply: {decided.reply} ({decided.level.value})\n"
        for decided in case.examples
    ]
    assert "\n".join(shown) in part[: part.index("### Beside its neighbours")]


def test_the_techniques_are_seventeen_and_described_as_verbs() -> None:
    """The 17 techniques are described as verbs after "the reply", each in its own words."""
    assert list(TECHNIQUES) == list(Technique)
    assert len(set(TECHNIQUES.values())) == len(TECHNIQUES) == 17
    for technique, meaning in TECHNIQUES.items():
        assert re.match(r"[a-z]+s\b", meaning), technique
        assert meaning[-1] not in ".?!"
        assert f"| {technique} | the reply {meaning} |" in markdown()


def test_the_codes_of_the_mistakes_are_unique_names() -> None:
    """Each mistake has a code of its own, which data and answers of models use."""
    codes = [mistake.code for mistake in MISTAKES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)
    assert "premature_problem_solving" in codes


@pytest.mark.parametrize("mechanism", Mechanism)
def test_a_mechanism_names_its_theory_with_years_and_differs_from_each_of_the_others(mechanism: Mechanism) -> None:
    """A mechanism names its theory with years, and says how it differs from each of the others."""
    entry = RUBRIC[mechanism]
    assert re.search(r"\b(19|20)\d\d\b", entry.theory)
    assert set(entry.neighbours) == set(Mechanism) - {mechanism}
    for words in (entry.theory, *entry.neighbours.values()):
        assert words in markdown()


def test_the_thirteen_behaviours_are_in_their_four_groups() -> None:
    """The groups are those of PsyFIRE: 2 behaviours that argue, 7 that deny, 2 that avoid, 2 that ignore."""
    assert list(BEHAVIOURS) == list(ResistanceType)
    assert list(GROUPS) == list(ResistanceGroup)
    sizes = {group: sum(behaviour.group is group for behaviour in BEHAVIOURS.values()) for group in ResistanceGroup}
    assert sizes == {
        ResistanceGroup.ARGUING: 2,
        ResistanceGroup.DENYING: 7,
        ResistanceGroup.AVOIDING: 2,
        ResistanceGroup.IGNORING: 2,
    }


@pytest.mark.parametrize(("kind", "behaviour"), BEHAVIOURS.items())
def test_a_behaviour_is_described_and_blames_nobody(kind: ResistanceType, behaviour: Behaviour) -> None:
    """A behaviour is on the page as a verb after "the client" with an example, without words of blame."""
    assert f"| {kind} | the client {behaviour.meaning} | {behaviour.example} |" in markdown()
    assert not re.search(r"resistant|difficult|manipulat|refus", behaviour.meaning)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_common_mistake_is_named_defined_shown_and_costs_something(mistake: Mistake) -> None:
    """A common mistake has a name, a definition, an example and a mechanism that it weakens."""
    assert mistake.weakens
    assert f"**{mistake.title}.** {mistake.definition}" in markdown()
    assert f"> Reply: {mistake.example}\n" in markdown()


def test_the_common_mistakes_are_the_seven_known_ones() -> None:
    """The common mistakes are these seven, and collusion weakens both alignment and autonomy."""
    assert [mistake.title for mistake in MISTAKES] == [
        "Arguing for change",
        "Advice without permission",
        "Premature problem-solving",
        "Ignoring the resistance",
        "False reassurance",
        "Closed-question interrogation",
        "Collusion",
    ]
    assert MISTAKES[-1].weakens == (Mechanism.STANCE_ALIGNMENT, Mechanism.RESPECT_FOR_AUTONOMY)


def test_seven_principles_are_the_yardstick_for_suggestions_alone() -> None:
    """Each of the seven principles asks a question about a suggested reply, and the page judges no person by it."""
    assert list(PRINCIPLES) == list(Principle)
    assert all(yardstick.question.endswith("?") for yardstick in PRINCIPLES.values())
    assert "a yardstick for a suggestion, never for a person" in markdown()
    assert COLLABORATION in markdown()


def test_levels_have_the_titles_that_pages_show() -> None:
    """Each level has a title in words, since 0, 1 and 2 are not grades."""
    assert [LEVEL_TITLES[level] for level in Level] == ["No expression", "Weak expression", "Strong expression"]


@pytest.mark.parametrize("mechanism", Mechanism)
def test_a_link_to_a_mechanism_is_the_slug_of_its_title(mechanism: Mechanism) -> None:
    """The fragment of a link to a mechanism is the slug of its title, on our page and in docs/rubric.md."""
    assert anchor(mechanism) == RUBRIC[mechanism].title.lower().replace(" ", "-")


def test_the_page_says_that_definitions_are_ours_and_unreviewed() -> None:
    """The page says that only the names are the paper's, and that the definitions are ours and unreviewed."""
    assert "arXiv 2602.21638" in ORIGIN
    assert "our own" in ORIGIN
    assert "not been reviewed by clinicians" in ORIGIN
    assert ORIGIN in markdown()


def test_the_page_says_that_a_level_describes_a_reply_and_nobody() -> None:
    """The page says that a level describes a reply and no person, so that nobody reads it as a grade."""
    assert "says nothing about the counsellor's ability" in HOW_TO_READ
    assert HOW_TO_READ in markdown()


@pytest.mark.parametrize("concern", Concern)
def test_the_page_names_every_subject_that_gets_no_level(concern: Concern) -> None:
    """The page names every kind of critical content, which gets no level."""
    assert concern.value.replace("_", " ").replace("self harm", "self-harm") in COLLUSION
    assert COLLUSION in markdown()


def test_the_page_has_a_heading_for_each_part_of_the_rubric() -> None:
    """The page has a heading for each part of the rubric."""
    assert headings(1) == [f"Rubric {RUBRIC_VERSION}: the four mechanisms and their levels"]
    titles = [entry.title for entry in RUBRIC.values()]
    rest = ["Common mistakes", "Techniques", "Kinds of resistance", "What a suggested reply is held against"]
    assert headings(2) == titles + rest
    levels = [
        "0 · No expression",
        "1 · Weak expression",
        "2 · Strong expression",
        "Hard cases",
        "Beside its neighbours",
    ]
    assert headings(3) == levels * len(Mechanism) + [group.value.title() for group in ResistanceGroup]


@pytest.mark.parametrize("meaning", CASES)
def test_the_page_shows_each_definition_with_its_examples(meaning: LevelRubric) -> None:
    """The page shows each definition with its examples, so that people can read what the model is given."""
    examples = [f"> Client: {example.client}\n>\n> Reply: {example.reply}\n" for example in meaning.examples]
    shown = [f"{meaning.definition}\n", f"In text chat: {meaning.in_chat}\n", *examples]
    assert "\n".join(shown) in markdown()


def test_the_page_in_the_repository_is_the_one_the_rubric_makes() -> None:
    """docs/rubric.md is what `python -m stream.contracts.rubric > docs/rubric.md` writes."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_the_command_writes_the_page_and_nothing_else() -> None:
    """The command writes only the page, so that its output can be redirected to the file."""
    command = [sys.executable, "-m", "stream.contracts.rubric"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=DEADLOCK_S)
    assert answer.stdout.decode() == markdown()
    assert answer.stderr == b""
