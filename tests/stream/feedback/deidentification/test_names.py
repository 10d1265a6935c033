"""Known names, however they are written."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role
from stream.feedback.deidentification import names as names_module
from stream.feedback.deidentification.names import KnownNames
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.deidentification.words import ordinary_words
from tests.stream.feedback.deidentification.disguises import NAMES, UNSPACED_NAMES, disguised


def client(*names: str) -> KnownNames:
    """The names of one client."""
    return KnownNames([KnownName(role=Role.CLIENT, name=name) for name in names])


def shown(names: KnownNames, text: str) -> str:
    """The text with labels in place of names."""
    for (start, end), label in reversed(names.find(text)):
        text = text[:start] + label + text[end:]
    return text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Nadia", "nadia, NADIA and Nadia.", "CLIENT_1, CLIENT_1 and CLIENT_1."),
        (
            "Nadia",
            "Nadia's house, Nadia\u2019s car, nadias dog",
            "CLIENT_1's house, CLIENT_1\u2019s car, CLIENT_1s dog",
        ),
        ("James", "James' and James's", "CLIENT_1' and CLIENT_1's"),
        ("Nadia", '"Nadia"(nadia)/nadia!nadia92 _nadia_', '"CLIENT_1"(CLIENT_1)/CLIENT_1!CLIENT_192 _CLIENT_1_'),
        (
            "Nadia Brandt",
            "Nadia Brandt, nadia  brandt, NadiaBrandt, nadia.brandt",
            "CLIENT_1, CLIENT_1, CLIENT_1, CLIENT_1",
        ),
        ("Nadia Brandt", "Nadia or Ms Brandt", "CLIENT_1 or Ms CLIENT_1"),
        ("José", "jose JOSÉ jose\u0301 josè", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Søren", "soren SØREN", "CLIENT_1 CLIENT_1"),
        ("Weiß", "Weiss WEISS weiß", "CLIENT_1 CLIENT_1 CLIENT_1"),
        ("O'Brien", "O'Brien o\u2019brien OBrien brien", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1"),
        ("@nadia_92", "it is nadia_92 or Nadia-92", "it is CLIENT_1 or CLIENT_1"),
        ("Ludwig van Dyk", "the van of Ludwig, says Dyk", "the van of CLIENT_1, says CLIENT_1"),
        ("Will", "I will ask Will", "I CLIENT_1 ask CLIENT_1"),
        ("Анна", "анна и Аннам, Аннамит", "CLIENT_1 и CLIENT_1, Аннамит"),
    ],
)
def test_a_known_name_is_found_in_every_form(name: str, text: str, expected: str) -> None:
    """Any case, possessive, with or without accents, written together or apart, whole or in part."""
    assert shown(client(name), text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann", "annual plans and Hannah"),
        ("May", "maybe dismay"),
        ("J", "I said J"),
        ("!!", "what!!"),
        ("Nadia", "Nadine"),
    ],
)
def test_other_words_are_left_alone(name: str, text: str) -> None:
    """A name inside another word is left alone, and a lone initial is ignored because it would replace every "I"."""
    assert shown(client(name), text) == text


def test_a_person_has_one_label_under_every_name() -> None:
    """A first name and a full name of one role are one person; another name is another person."""
    names = client("Nadia", "Nadia Brandt", "Omar Brandt")
    assert shown(names, "Nadia Brandt, Nadia, Omar") == "CLIENT_1, CLIENT_1, CLIENT_2"


def test_labels_say_the_role() -> None:
    """A model may know who speaks of whom, not who it is."""
    names = KnownNames([KnownName(role=Role.COUNSELLOR, name="Ruth"), KnownName(role=Role.CLIENT, name="Omar")])
    assert shown(names, "Ruth, this is Omar") == "COUNSELLOR_1, this is CLIENT_1"


def test_without_names_nothing_is_found() -> None:
    """A platform may give none."""
    assert client().find("Nadia") == []


@given(
    st.text(alphabet="nadiNADIáß -'", max_size=20),
    st.sampled_from(["nadia", "NADIA", "Nadia", "Nádia", "nadia's", "Nadia Brandt", "nadiabrandt"]),
    st.text(alphabet="nadiNADI ,.'", max_size=20),
)
def test_a_name_between_spaces_never_stays(before: str, name: str, after: str) -> None:
    """A name between spaces is always removed, whatever surrounds it."""
    rest = shown(client("Nadia Brandt"), f"{before} {name} {after}")
    assert f" {name} " not in f" {rest} "


NEUTRAL = st.sampled_from(["", "so ", "I said: ", "(", "\u201c", "... ", "well, ", "1 ", "\U0001f642 "])


@settings(max_examples=300)
@given(NAMES, NEUTRAL, st.data())
def test_no_covered_disguise_of_a_told_name_stays(name: str, before: str, data: st.DataObject) -> None:
    """No letter of a told name or of one of its parts stays, under each covered disguise that is no other word."""
    word = data.draw(disguised(name))
    assume(word.casefold() not in ordinary_words())  # Mary with a letter doubled is to marry
    rest = shown(client(name), normalise(f"{before}{word} ok").text)
    left = normalise(rest.replace("CLIENT_1", "").removesuffix(" ok").removeprefix(normalise(before).text)).text
    assert "CLIENT_1" in rest
    assert not [char for char in left if char.isalpha() and char.casefold() != "s"]


@given(
    UNSPACED_NAMES,
    st.sampled_from(["我叫", "私は", "나는 ", "", "ฉันชื่อ", "قال ", "שלום "]),
    st.sampled_from(["", "です", "는", "啊", " ok"]),
)
def test_a_name_in_a_script_without_spaces_is_found_inside_other_words(name: str, before: str, after: str) -> None:
    """A name is found wherever it stands between letters of a script without spaces."""
    assert name not in shown(client(name), normalise(f"{before}{name}{after}").text)


@pytest.mark.parametrize(
    ("told", "text", "expected"),
    [
        ("Mary Ann Smith", "maryann or annsmith or mary_ann or smithmary or msmith", " or ".join(["CLIENT_1"] * 5)),
        ("Maria", "mariaaa maaaria m a r i a M.A.R.I.A mar1a", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Müller", "Mueller Muller mu\u0308ller Müllers", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1s"),
        ("Mueller", "Müller", "CLIENT_1"),
        ("小明", "我叫小明 Xiao Ming xiaoming", "我叫CLIENT_1 CLIENT_1 CLIENT_1"),
        ("王小明", "小明来了, 小王也来了", "CLIENT_1来了, 小王也来了"),
        ("Xiaoming", "我叫小明", "我叫CLIENT_1"),
        ("김민수", "민수야 Min-su", "CLIENT_1야 CLIENT_1"),
        ("Анна", "Анны Анне Анну Анной anna", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Yulia", "Юлия Юлии Юлию", "CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Сергей", "Sergei Sergey Sergej Сергею", "CLIENT_1 CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Γιώργος", "Γιώργο Giorgos", "CLIENT_1 CLIENT_1"),
        ("Marek", "Marka Markowi marku", "CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Samantha", "sam and Sammy", "CLIENT_1 and CLIENT_1"),
        ("Peter", "\u0420eter \u03c1eter pet\u0435r", "CLIENT_1 CLIENT_1 CLIENT_1"),
        ("Rob", "robby, Robbie", "CLIENT_1, CLIENT_1"),
    ],
)
def test_a_name_is_found_under_its_disguises(told: str, text: str, expected: str) -> None:
    """Joined, drawn out, spelt out, in another spelling, alphabet or case, and shortened."""
    assert shown(client(told), normalise(text).text) == expected


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("Ben", "I have been there"),
        ("Al", "all of it"),
        ("Tim", "that time"),
        ("Vera", "very, very tired"),
        ("Don", "I have done it"),
        ("何伟", "he said he will"),
        ("Al", "ale and joy"),
    ],
)
def test_what_a_name_is_inflected_or_drawn_out_to_may_be_a_word(told: str, text: str) -> None:
    """An ordinary word of English is left alone where only an ending or a repeated letter makes it the name."""
    assert shown(client(told), text) == text


@pytest.mark.parametrize("name", ["Aaab Aaa", "小小", "Яя"])
@pytest.mark.parametrize("unit", ["a", "a ", "1a", "ab", "a.", "小", "я", "s5"])
def test_the_steps_of_a_search_grow_with_the_text_alone(unit: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the text takes no more than some four times the steps, whatever a message repeats."""
    steps = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            return step(*arguments)

        return count

    for walk in ("_over_letter", "_over_sign"):
        monkeypatch.setattr(names_module, walk, counted(getattr(names_module, walk)))
    taken = []
    for length in (1_000, 4_000):
        steps = 0
        client(name).find((unit * length)[:length])
        taken.append(steps)
    assert taken[1] < taken[0] * 4 + 1_000  # with squares it would be sixteen times


def test_as_many_names_are_found_as_may_be_told() -> None:
    """Every one of 500 full names is found by its parts."""
    people = [
        f"Given{chr(97 + i // 26)}{chr(97 + i % 26)}x Family{chr(97 + i % 26)}{chr(97 + i // 26)}z" for i in range(500)
    ]
    names = client(*people)
    assert all(names.find(word) for person in people for word in person.split())
