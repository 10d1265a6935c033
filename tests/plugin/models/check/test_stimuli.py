"""The stimuli of the model check are numerous enough, of the right kinds, and distinguishable."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.models.check import stimuli
from plugin.models.check.cases import ATTACKED_MOMENTS
from plugin.models.check.stimuli import REPLY_KINDS, ExchangeText
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Concern, Level, Mechanism, Role
from stream.detection.lexicons import find_concerns

HEAD = "id,interjection,model_response\n"


def concerns(exchange: ExchangeText) -> set[Concern]:
    """Return the concerns that the lexicon finds in the client's words."""
    said = [*exchange.client, *(text for role, text in exchange.context if role is Role.CLIENT)]
    return {hit.category for text in said for hit in find_concerns(text)}


def test_there_are_ten_kinds_of_crisis_with_three_replies_each() -> None:
    """A colluding, a neutral and a sound one; only the reply differs within a kind."""
    cases = stimuli.crises()
    kinds = {name.split("/")[0] for name in cases}
    assert len(kinds) == 10
    assert set(cases) == {f"{kind}/{reply}" for kind in kinds for reply in REPLY_KINDS}
    for kind in kinds:
        exchanges = [cases[f"{kind}/{reply}"] for reply in REPLY_KINDS]
        assert len({exchange.client for exchange in exchanges}) == 1
        assert len({exchange.reply for exchange in exchanges}) == 3


def test_the_crises_cover_every_concern() -> None:
    """Each kind of critical content has at least one case, which the lexicon finds."""
    found = [concerns(exchange) for exchange in stimuli.crises().values()]
    assert all(found)
    assert set().union(*found) == set(Concern)


def test_five_turns_of_each_kind_are_critical_and_five_only_sound_so() -> None:
    """Each of the eight kinds has five turns that speak of it indirectly, and five harmless ones that resemble it."""
    counts = Counter((name.split("/")[0], case.kind) for name, case in stimuli.indirect_cases().items())
    assert counts == {(group, kind): 5 for group in ("critical", "harmless") for kind in Concern}


def test_an_indirect_case_is_found_by_its_id_in_either_group() -> None:
    """An id stands in one group alone and begins with its kind, so that a report can name a case by it."""
    cases = stimuli.indirect_cases()
    ids = [name.split("/")[1] for name in cases]
    assert len(set(ids)) == len(ids)
    assert all(name.split("/")[1].startswith(case.kind.replace("_", "-")) for name, case in cases.items())


def test_an_indirect_case_has_a_turn_before_it_and_a_reply() -> None:
    """A model sees one turn of the counsellor's before the client's words, and one reply."""
    for case in stimuli.indirect_cases().values():
        ((role, _),) = case.exchange.context
        assert role is Role.COUNSELLOR
        assert case.exchange.reply


def test_the_lexicon_finds_no_critical_turn_that_is_said_indirectly() -> None:
    """No plain word of danger stands in an indirect critical turn, so that the model is what is asked."""
    found = {name: concerns(case.exchange) for name, case in stimuli.indirect_cases().items()}
    assert not [name for name, hits in found.items() if hits and name.startswith("critical/")]


STYLES = stimuli.attack_styles()
BASES = {name: stimuli.moments()[name] for name in ATTACKED_MOMENTS}


def test_there_are_attacks_of_many_styles_and_a_third_of_them_are_of_styles_no_training_saw() -> None:
    """At least 150 attacks of 12 styles, of which a third of the styles were never trained on."""
    assert len(STYLES) >= 12
    assert sum(len(style.attacks) for style in STYLES) >= 150
    assert sum(not style.seen_in_training for style in STYLES) * 3 >= len(STYLES)
    assert len({style.name for style in STYLES}) == len(STYLES)


def test_no_attack_stands_twice() -> None:
    """Each attack is written once, and the number in the name of a case finds it."""
    attacks = [attack for style in STYLES for attack in style.attacks]
    assert len(set(attacks)) == len(attacks)


def test_each_attack_is_planted_once_in_the_words_of_everybody_who_could_plant_it() -> None:
    """Each attack stands once in the client's or the counsellor's words, or in either's; the moments take turns."""
    planted = stimuli.with_attacks(BASES)
    expected = {
        (f"{style.name}-{number}-{role}", attack, style.at_start)
        for style in STYLES
        for number, attack in enumerate(style.attacks, start=1)
        for role in style.said_by
    }
    assert {name.split("/")[1] for name in planted} == {name for name, _, _ in expected}
    counts = [sum(name.startswith(f"{base}/") for name in planted) for base in BASES]
    assert max(counts) - min(counts) <= 1
    texts = {name.split("/")[1]: (BASES[name.split("/")[0]], exchange) for name, exchange in planted.items()}
    for name, attack, at_start in expected:
        base, exchange = texts[name]
        said = base.client[0] if name.endswith("client") else base.reply
        whole = f"{attack} {said}" if at_start else f"{said} {attack}"
        assert exchange == (replace(base, client=(whole,)) if name.endswith("client") else replace(base, reply=whole))


@pytest.mark.parametrize("at_start", [True, False])
def test_of_a_turn_of_several_messages_the_outermost_holds_the_attack(at_start: bool) -> None:
    """An attack at the start stands in the client's first message, one at the end in the last."""
    style = next(style for style in STYLES if style.at_start is at_start and Role.CLIENT in style.said_by)
    planted = stimuli.with_attacks({"two": ExchangeText(("one", "two"), "reply")})
    attack = style.attacks[0]
    expected = (f"{attack} one", "two") if at_start else ("one", f"two {attack}")
    assert planted[f"two/{style.name}-1-client"].client == expected


def test_no_attack_speaks_of_danger() -> None:
    """No attack is stopped by the lexicon, since an abstention would hide what the attack does."""
    planted = stimuli.with_attacks(BASES)
    assert not [name for name, exchange in planted.items() if concerns(exchange)]


def test_a_pair_differs_in_its_condition_alone() -> None:
    """Depression, alcohol dependence, schizophrenia: put another in its place and it is the same exchange."""
    for versions in stimuli.condition_pairs().values():
        assert list(versions) == ["depression", "alcohol dependence", "schizophrenia"]
        neutral = {
            (exchange.client[0].replace(name, "X"), exchange.reply.replace(name, "X"))
            for name, exchange in versions.items()
        }
        assert len(neutral) == 1


@pytest.mark.parametrize("name", ["moments", "conditions", "rubric"])
def test_what_must_be_rated_is_stopped_by_no_lexicon(name: str) -> None:
    """A case that must be rated is not stopped by the lexicon, since two abstentions would compare as equal."""
    exchanges: dict[str, list[ExchangeText]] = {
        "moments": list(stimuli.moments().values()),
        "conditions": [exchange for versions in stimuli.condition_pairs().values() for exchange in versions.values()],
        "rubric": [expected.exchange for expected in stimuli.rubric_cases().values()],
    }
    assert [concerns(exchange) for exchange in exchanges[name]] == [set()] * len(exchanges[name])


def test_the_rubric_is_asked_with_its_levels_and_its_mistakes() -> None:
    """24 examples with their level; mistakes that must not be strong where they cost; collusion elsewhere."""
    cases = stimuli.rubric_cases()
    examples = [expected for expected in cases.values() if expected.level is not None]
    assert len(examples) == 2 * len(Mechanism) * len(Level)
    mistakes = [name for name, expected in cases.items() if expected.level is None]
    assert len(mistakes) == 9
    assert not any("collusion" in name for name in mistakes)


def test_the_version_changes_with_every_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version changes with each list and their frame, since a check continues on the same version alone."""
    before = stimuli.version()
    assert before.count("-") == 5
    monkeypatch.setattr(stimuli, "_FRAME_VERSION", "another")
    assert stimuli.version() != before


def test_published_stimuli_are_read_once_each_with_our_replies(tmp_path: Path) -> None:
    """Published stimuli are read once each, from the file or its folder, and get our replies."""
    rows = [
        "god,I hear him,some reply",
        "god,I hear him,another reply",
        """store,"['I said this', 'They said that', 'Where do I buy it?']",x""",
        """broken,"['It's cut off, 'x']",x""",
    ]
    table = tmp_path / "interjections_all_combined.csv"
    table.write_text(HEAD + "\n".join(rows))
    found = stimuli.published(tmp_path)
    assert found == stimuli.published(table)
    assert set(found) == {f"{name}/{kind}" for name in ("god", "store", "broken") for kind in REPLY_KINDS}
    assert found["god/neutral"].client == ("I hear him",)
    assert found["store/sound"].client == ("Where do I buy it?",)
    assert found["store/sound"].context == ((Role.CLIENT, "I said this"), (Role.COUNSELLOR, "They said that"))
    assert found["broken/sound"].client == ("['It's cut off, 'x']",)
    assert all(exchange.reply for exchange in found.values())


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n", "\xff"])
def test_a_path_without_that_table_is_reported(tmp_path: Path, content: str | None) -> None:
    """A path without that table is reported in one sentence without any word of the file."""
    table = tmp_path / "table.csv"
    if content is not None:
        table.write_bytes(content.encode("latin-1"))
    with pytest.raises(Misconfigured, match="is not the table of that test's results"):
        stimuli.published(table)
