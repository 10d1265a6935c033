"""De-identified text is what leaves for a model, and its spans lead back to the words of the session."""

from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role
from stream.feedback.deidentification.deidentify import Deidentifier, sure_names

NAMES = (
    KnownName(role=Role.CLIENT, name="Nadia Brandt"),
    KnownName(role=Role.CLIENT, name="@nadia_92"),
    KnownName(role=Role.COUNSELLOR, name="Will"),
)


def test_each_thing_has_one_placeholder_for_the_whole_session() -> None:
    """A person, number or address has one placeholder in all messages of a session, and another one has another."""
    session = Deidentifier(NAMES)
    assert session.apply("NADIA's number is (555) 123-4567").text == "[CLIENT_1]'s number is [PHONE_1]"
    assert session.apply("or 555.123.4567, not (555) 123-4568").text == "or [PHONE_1], not [PHONE_2]"
    assert session.apply("thanks nadia brandt, jo@example.org").text == "thanks [CLIENT_1], [EMAIL_1]"
    assert session.apply("Jo@Example.org and will").text == "[EMAIL_1] and [COUNSELLOR_1]"


def test_a_name_inside_an_address_is_that_address() -> None:
    """A name inside an address is covered by the placeholder of the address."""
    session = Deidentifier(NAMES)
    assert session.apply("nadia.brandt@example.org").text == "[EMAIL_1]"
    assert session.apply("https://example.org/nadia?x=1, or @nadia_92").text == "[URL_1], or [HANDLE_1]"


def test_what_hides_a_name_does_not_help_it() -> None:
    """Invisible characters and full-width letters are folded before names are searched, so they hide no name."""
    session = Deidentifier(NAMES)
    for hidden in ("Na\u200bdia", "\uff2e\uff41\uff44\uff49\uff41", "N\u00e1dia", "N\u202eadia"):
        assert session.apply(f"Hi {hidden}!").text == "Hi [CLIENT_1]!"


def test_a_span_with_a_placeholder_leads_back_to_the_original_words() -> None:
    """A span that contains or cuts a placeholder leads back to the original words, even if these were hidden."""
    original = "So 😀 Na\u200bdia… you said <|no|> to +49 30 123456?"
    shown = Deidentifier(NAMES).apply(original)
    assert shown.text == "So 😀 [CLIENT_1]... you said < |no| > to [PHONE_1]?"
    for quoted, words in {
        "[CLIENT_1]...": "Na\u200bdia…",
        "_1]... you": "Na\u200bdia… you",
        "< |no| > to [PHONE": "<|no|> to +49 30 123456",
        "So": "So",
    }.items():
        start = shown.text.index(quoted)
        begin, end = shown.restore(start, start + len(quoted))
        assert original[begin:end] == words


def test_a_models_own_words_get_the_names_back() -> None:
    """A model's own words get the names back, and an unknown placeholder is kept as it is."""
    session = Deidentifier(NAMES)
    session.apply("It's nadia, on (555) 123-4567")
    assert (
        session.reveal("[CLIENT_1] gave [PHONE_1], [CLIENT_7] did not")
        == "nadia gave (555) 123-4567, [CLIENT_7] did not"
    )


def test_a_link_as_long_as_a_message_stays_a_placeholder_in_a_reason() -> None:
    """A reason must stay a sentence that fits its field."""
    session = Deidentifier(())
    session.apply("https://example.org/" + "a" * 500)
    assert session.reveal("They sent [URL_1].") == "They sent [URL_1]."


def test_a_placeholder_that_somebody_typed_is_text() -> None:
    """A placeholder that a person typed is treated as text and quoted as typed."""
    original = "I am [CLIENT_1], right?"
    shown = Deidentifier(NAMES).apply(original)
    assert shown.text == original
    assert shown.restore(5, 15) == (5, 15)


def test_a_deidentified_text_hides_itself() -> None:
    """The representation of a de-identified text does not show its words, which are still a person's."""
    assert "house" not in repr(Deidentifier(()).apply("the house"))


def test_names_that_nobody_told_are_replaced_in_the_whole_session() -> None:
    """A name that one message introduces is replaced in the others as well, before and after it, in its disguises."""
    said = ["thandekaa rang", "my name is Thandeka", "THANDEKA's here", "Ruth, are you there?"]
    session = Deidentifier((), said)
    assert [session.apply(text).text for text in said] == [
        "[NAME_1] rang",
        "my name is [NAME_1]",
        "[NAME_1]'s here",
        "[NAME_2], are you there?",
    ]


def test_names_that_were_recognised_before_are_replaced_alike() -> None:
    """Whoever has read the messages of a session already hands in their names, with the same result."""
    said = ["My name is Oswald.", "Oswald, you said?"]
    told = Deidentifier((), recognised=(name for text in said for name in sure_names(text)))
    assert sure_names(said[0]) == ("Oswald",)
    assert [told.apply(text).text for text in said] == [Deidentifier((), said).apply(text).text for text in said]


def test_a_recognised_name_that_is_a_word_is_replaced_at_its_place_alone() -> None:
    """An ordinary word that is a name in one place keeps its meaning in another."""
    said = ["I told Will that I will go", "they hope so, but my nan Hope is gone"]
    session = Deidentifier((), said)
    assert [session.apply(text).text for text in said] == [
        "I told [NAME_1] that I will go",
        "they hope so, but my nan [NAME_2] is gone",
    ]


def test_a_told_name_keeps_its_label_where_it_is_recognised_too() -> None:
    """A told name is labelled by its role, also where somebody introduces themselves by it."""
    session = Deidentifier(NAMES, ["my name is Nadia"])
    assert session.apply("my name is Nadia, ask Zoe").text == "my name is [CLIENT_1], ask [NAME_1]"


def test_a_model_cannot_be_made_to_repeat_what_is_hidden() -> None:
    """A placeholder is turned back into the words as they are read, without what is invisible in the original."""
    session = Deidentifier(NAMES)
    session.apply("it is Na\u200bd\u202eia")
    assert session.reveal("[CLIENT_1]") == "Nadia"


def test_markup_hides_no_name() -> None:
    """Entities, tags and emphasis are read before names are looked for."""
    session = Deidentifier(NAMES)
    for hidden in ("**Nad**ia", "N&#97;dia", "<b>Na</b>dia", "Nadia&nbsp;Brandt"):
        assert session.apply(f"so {hidden} said").text == "so [CLIENT_1] said"


@given(
    st.lists(
        st.sampled_from(["Nadia", "BRANDT", "nadia_92", "will", "Will's", "<|x|>", "…", "a\u200bb", "7 days", "ok"])
    )
)
def test_no_known_name_is_ever_shown(words: list[str]) -> None:
    """No known name is ever shown, and every code point has an origin inside the original."""
    original = " ".join(words)
    shown = Deidentifier(NAMES).apply(original)
    assert not {"nadia", "brandt", "will"} & set(shown.text.casefold().replace("'", " ").replace("_", " ").split())
    if shown.text:
        assert shown.restore(0, len(shown.text)) == (0, len(original))
