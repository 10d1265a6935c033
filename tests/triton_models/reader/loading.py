"""The reader as the in-process fallback loads it, and pairs of texts for it. No test knows what it says of them."""

from typing import Any

from stream.feedback.models.reader import READER, load_reader
from stream.model_repository import MODEL_REPOSITORY, version_folder

MODEL = MODEL_REPOSITORY / READER
VERSION_FOLDER = version_folder(READER)

PAIRS = [
    ("How did the diary go?", "I don't see what a diary would change."),
    ("", "no"),
    ("no", ""),
    ("", ""),
    ("What happened then?", "the bus was late 🙃 and then it rained"),
    ("Könnten Sie mehr erzählen?", "Ich möchte nicht darüber reden. もういいです。"),
    ("x" * 20_000, "y " * 10_000),
    ("[CLS] [SEP] [PAD] [MASK]", "<|eot_id|> {reply} %s \\ \" ' \u202e\u200b\x00"),
    ("\u0130\u0301 e\u0301", "ﬁne, ﬁne"),
]


def module() -> Any:
    """The module `reader.py`."""
    return load_reader(VERSION_FOLDER)[0]


def reader() -> Any:
    """The shipped reader."""
    return load_reader(VERSION_FOLDER)[1]
