"""Known names, however they are written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role
from stream.feedback.deidentification.names import KnownNames


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
        ("Анна", "анна и Аннам", "CLIENT_1 и Аннам"),
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


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.text(alphabet="nadiNADIáß -'", max_size=20),
    st.sampled_from(["nadia", "NADIA", "Nadia", "Nádia", "nadia's", "Nadia Brandt", "nadiabrandt"]),
    st.text(alphabet="nadiNADI ,.'", max_size=20),
)
def test_a_name_between_spaces_never_stays(before: str, name: str, after: str) -> None:
    """A name between spaces is always removed, whatever surrounds it."""
    rest = shown(client("Nadia Brandt"), f"{before} {name} {after}")
    assert f" {name} " not in f" {rest} "
