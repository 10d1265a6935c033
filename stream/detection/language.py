"""The language of a session, told from its texts where nobody declared it or declared another one."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import cast

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from stream.reading import read_text

# Bytes of letters in UTF-8: twelve words of English, twenty characters of Chinese. Of 835 stretches of AnnoMI and MIBot
# with as few as 40, every one was told as English.
MIN_LETTER_BYTES = 60
# The share of probability of the likeliest language. Below it stand mixed sessions and neighbours as Malay and
# Indonesian; a session in doubt counts as one whose language nobody knows.
MIN_CONFIDENCE = 0.7
# Enough to tell a language; the rest of a long session would only cost time.
_MAX_CODE_POINTS = 4_000
_NO_LANGUAGE = "zxx"
# What the model tells apart and a setting or a declaration seldom does.
_MACROLANGUAGES: Mapping[str, str] = {
    "nb": "no", "nn": "no", "wuu": "zh", "yue": "zh", "ary": "ar", "arz": "ar", "sdh": "ku", "uzs": "uz", "hbo": "he",
}  # fmt: skip


def detect_language(texts: Iterable[str]) -> str | None:
    """Return the code of the language (ISO 639) in which most of the texts are; None with too little text, or in doubt.

    The first call loads the model, which takes a second and 130 MB; `load_language_model` does so before.
    """
    joined = "\n".join(_within(texts, _MAX_CODE_POINTS))
    if sum(len(char.encode()) for char in joined if char.isalpha()) < MIN_LETTER_BYTES:
        return None
    language, confidence = cast("tuple[str, float]", load_language_model().classify(joined))
    if language == _NO_LANGUAGE or confidence < MIN_CONFIDENCE:
        return None
    return _MACROLANGUAGES.get(language, language)


@cache
def load_language_model() -> LanguageIdentifier:
    """Return the model, loaded once a process."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _within(texts: Iterable[str], limit: int) -> Iterable[str]:
    """Yield the words of the texts in lower case, for as long as the limit is not reached."""
    length = 0
    for text in texts:
        words = read_text(text).text.lower()
        yield words[: limit - length]
        length += len(words)
        if length >= limit:
            return
