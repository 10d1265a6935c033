"""The making of the word lists of `stream/feedback/deidentification`, from packages that are kept by others.

Needs `pip install faker pyspellchecker confusable-homoglyphs` and Debian's `wamerican-small` and `wbritish-small`; what
is shipped needs none of them. Given names are those of Faker's locales (MIT), ordinary words those of SCOWL's small
lists in the order of pyspellchecker's counts (MIT), lookalikes those of Unicode's list of confusable characters.
"""

import importlib
import pkgutil
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from anyascii import anyascii

_FOLDER = Path("stream/feedback/deidentification/words")
_DICTIONARIES = tuple(Path(f"/usr/share/dict/{name}-english-small") for name in ("american", "british"))
_ORDINARY_WORDS = 12_000  # beyond them a word is rarer in subtitles than most names are
# Words of other languages by which a name of theirs could be taken for a word: the most frequent ones.
_FOREIGN_WORDS = 1_500
_FOREIGN = ("de", "es", "fr", "it", "nl", "pt")
_BY_HAND = {
    key: frozenset(words.split())
    for key, words in tomllib.loads(Path(__file__).with_name("by_hand.toml").read_text("utf-8")).items()
}
# What people use beside Unicode's list: small letters whose capital, or whose drawing, is that of another letter.
_MORE_LOOKALIKES = ("\u0432 b", "\u043d h", "\u043f n", "\u03b7 n", "\u03c9 w", "\u03c7 x")


def main() -> None:
    """Write the three lists."""
    dictionary = {word for path in _DICTIONARIES for word in path.read_text("utf-8").split() if word.isalpha()}
    lower_case = {anyascii(word) for word in dictionary if word.islower()}
    names = {name for name in _given_names() if len(name) > 3} | _BY_HAND["short_names"]  # noqa: PLR2004 - letters
    names = (names | _BY_HAND["more_names"] | _BY_HAND["more_words"]) - _BY_HAND["no_names"]
    foreign = {anyascii(word) for tongue in _FOREIGN for word in _by_frequency(tongue)[:_FOREIGN_WORDS]}
    known_in_english = set(_by_frequency("en"))
    words = [word for word in _by_frequency("en") if word in lower_case][:_ORDINARY_WORDS]
    also_words = {name for name in names if name in lower_case or (name in foreign and name not in known_in_english)}
    also_words = (also_words | _BY_HAND["more_words"]) - _BY_HAND["names_first"] - _BY_HAND["more_names"]
    _write("given_names", names)
    _write(
        "ordinary_words",
        ((set(words) | also_words | _BY_HAND["typed"]) - _BY_HAND["names_first"]) - (names - also_words),
    )
    _write("lookalikes", _lookalikes())


def _given_names() -> Iterator[str]:
    from faker.providers import person  # noqa: PLC0415 - only this command needs it

    for module in pkgutil.iter_modules(person.__path__):
        if module.name in _BY_HAND["left_out_locales"]:
            continue
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for attribute, values in vars(provider).items():
            if "first" not in attribute or "format" in attribute or attribute.startswith("_"):
                continue
            if isinstance(values, tuple | list | dict | set | frozenset):
                yield from (part for value in values if isinstance(value, str) for part in _parts(value))


def _parts(name: str) -> Iterator[str]:
    if all(unicodedata.name(char, "").startswith(("LATIN", "CYRILLIC", "GREEK")) for char in name if char.isalpha()):
        for part in anyascii(name).lower().replace("-", " ").split():
            yield "".join(char for char in part if char.isalpha())


def _by_frequency(language: str) -> list[str]:
    from spellchecker import SpellChecker  # noqa: PLC0415 - only this command needs it

    counts = SpellChecker(language=language).word_frequency.dictionary
    return sorted(counts, key=counts.__getitem__, reverse=True)


def _lookalikes() -> Iterator[str]:
    """Yield "CHARACTER LETTER" for characters that look like an ASCII letter and are transliterated to another one."""
    yield from _MORE_LOOKALIKES
    from confusable_homoglyphs import confusables  # noqa: PLC0415 - only this command needs it

    for char, others in confusables.confusables_data.items():
        if len(char) > 1 or char.isascii() or not char.isalpha():
            continue
        letters = {other["c"].lower() for other in others if other["c"].isascii() and other["c"].isalpha()}
        for letter in letters:
            if len(letter) == 1 and anyascii(char).lower() != letter:
                yield f"{char} {letter}"


def _write(name: str, lines: set[str] | Iterator[str]) -> None:
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / f"{name}.txt").write_text("\n".join(sorted(set(lines))) + "\n", "utf-8")


if __name__ == "__main__":
    main()
