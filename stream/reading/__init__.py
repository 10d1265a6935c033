"""Reading of chat text as its words, however a platform encoded or marked it up, with every place traced back."""

from stream.reading.text import READING_VERSION, Damage, Reading, read_text
from stream.reading.traced import Span, TracedText
from stream.reading.words import count_words

__all__ = ["READING_VERSION", "Damage", "Reading", "Span", "TracedText", "count_words", "read_text"]
