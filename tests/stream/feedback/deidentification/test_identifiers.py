"""Identifiers are the addresses and numbers that point at a person without being a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.feedback.deidentification.identifiers import IdentifierKind, find_identifiers


def found(text: str) -> list[tuple[str, IdentifierKind]]:
    """Return the found words with their kinds."""
    return [(text[start:end], kind) for (start, end), kind in find_identifiers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail me: jo.doe+x@mail.example.org, please", [("jo.doe+x@mail.example.org", IdentifierKind.EMAIL)]),
        ("see https://example.org/a?b=c.", [("https://example.org/a?b=c", IdentifierKind.URL)]),
        ("it is on example.com/jo", [("example.com/jo", IdentifierKind.URL)]),
        ("www.example.is has it", [("www.example.is", IdentifierKind.URL)]),
        ("call (555) 123-4567 now", [("(555) 123-4567", IdentifierKind.PHONE)]),
        ("call +49 30 123456 now", [("+49 30 123456", IdentifierKind.PHONE)]),
        ("ring 0151 496 0000 at six", [("0151 496 0000", IdentifierKind.PHONE)]),
        ("ring 07700 900123", [("07700 900123", IdentifierKind.NUMBER)]),
        ("I am @jo_92 there", [("@jo_92", IdentifierKind.HANDLE)]),
        ("card 4111 1111 1111 1111", [("4111 1111 1111 1111", IdentifierKind.NUMBER)]),
        ("born 12/05/1998", [("12/05/1998", IdentifierKind.NUMBER)]),
        ("my number is QQ123456C", [("QQ123456C", IdentifierKind.NUMBER)]),
        ("login jo-84213", [("jo-84213", IdentifierKind.NUMBER)]),
        (
            "(555) 123-4567. 07700900123",
            [("(555) 123-4567", IdentifierKind.PHONE), ("07700900123", IdentifierKind.NUMBER)],
        ),
    ],
)
def test_addresses_and_numbers_are_found_whole(text: str, expected: list[tuple[str, IdentifierKind]]) -> None:
    """Addresses and numbers are found whole, with their kind and without the punctuation around them."""
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I was tired.So I slept. I know.It's fine.Me too",
        "it took 10-15 minutes, twice in 2024",
        "I owe 15,000 and it is 3.5 percent",
        "at 10:30 on day 2 of 14",
        "what @ all",
        "COVID-19 and B12",
    ],
)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    """A missing space, a year, an amount, a time are no identifiers."""
    assert found(text) == []


@given(st.text(alphabet="ab1 2-@.(/:+\u0663w", max_size=60))
def test_findings_are_in_order_and_apart(text: str) -> None:
    """Findings are in order, apart and never empty, so that they can be replaced one after the other."""
    last = 0
    for (start, end), _ in find_identifiers(text):
        assert last <= start < end <= len(text)
        last = end


@given(st.text(alphabet="0123456789", min_size=7, max_size=19), st.sampled_from([" ", "", "-", "."]))
def test_no_long_number_stays(digits: str, between: str) -> None:
    """A long account number is always found, however its digits are grouped."""
    text = "it is " + between.join(digits[i : i + 4] for i in range(0, len(digits), 4)) + " okay"
    for span, _ in reversed(find_identifiers(text)):
        text = text[: span[0]] + "#" + text[span[1] :]
    assert sum(char.isdigit() for char in text) < 4
