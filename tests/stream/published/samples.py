"""Files in the layouts of published corpora. Every word in them was made up for these tests; none is from a corpus."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stream.published import annomi_full, failed_esconv, oncoco, psychocounsel, thousand_voices

CANARY: Final = "canary-words"

Record = dict[str, Any]

VOICES: Final[Record] = {
    "full_conversation": [
        "Therapist: Shall we begin where you left the garden?",
        f"Client: I would rather not: it was loud. {CANARY}",
        "Client: And dark.",
        "Therapist: Loud and dark. Stay with me here.",
    ]
}
ESCONV: Final[list[Record]] = [
    {
        "experience_type": "Current Experience",
        "survey_score": {
            "seeker": {
                "initial_emotion_intensity": "4",
                "empathy": "2",
                "relevance": "1",
                "final_emotion_intensity": "5",
            },
            "supporter": {},
        },
        "dialog": [
            {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "What brings you here?\n"},
            {"speaker": "speaker", "annotation": {"feedback": "2"}, "content": f"The kiln broke again. {CANARY}"},
            {"speaker": "listener", "annotation": {"strategy": "Self-disclosure"}, "content": "mine too lol"},
            {"speaker": "speaker", "annotation": {}, "content": "ok"},
        ],
    },
    {"dialog": [{"speaker": "speaker", "annotation": {}, "content": "hello?"}]},
]
NONE: Final = "n/a"


def annotated(number: int, text: str, behaviour: str = NONE, kind: str = NONE, annotator: int = 3) -> Record:
    """Return a row of AnnoMI-full: of the client without a behaviour, of the therapist with one."""
    kinds = {f"{each}_subtype": kind if each == behaviour else NONE for each in annomi_full.KINDS}
    exists = {f"{each}_exists": str(each == behaviour) for each in annomi_full.KINDS}
    return {
        "mi_quality": "high",
        "transcript_id": "7",
        "video_url": "https://video.invalid/7",
        "utterance_id": str(number),
        "interlocutor": "client" if behaviour == NONE else "therapist",
        "timestamp": "00:00:01",
        "utterance_text": text,
        "annotator_id": str(annotator),
        **exists,
        **kinds,
        "main_therapist_behaviour": behaviour,
        "client_talk_type": "neutral" if behaviour == NONE else NONE,
    }


ANNOMI: Final[list[Record]] = [
    annotated(0, "What made you plant them, in autumn?", "question", "open"),
    annotated(1, f"No idea. {CANARY}"),
    annotated(2, "It just felt right.", "reflection", "complex"),
    annotated(2, "It just felt right.", "reflection", "simple", annotator=4),
    annotated(3, "Mm-hmm.", "other"),
]
ONCOCO: Final[list[Record]] = [
    {
        "id": 1,
        "code": "CO-IF-AC-RE-RCR-*",
        "type": "CO",
        "lang": "EN",
        "text": f"Counselor: So it wears you out. {CANARY}",
    },
    {"id": 2, "code": "CL-IF-ACP-*-Rej-*", "type": "CL", "lang": "EN", "text": "Client: No, not that."},
    {"id": 3, "code": "CO-FA-*-*-*-*", "type": "CO", "lang": "DE", "text": "Berater: Moin!"},
    {"id": 4, "code": "CO-IF-AC-RF-RC", "type": "CO", "lang": "EN", "text": "what is it: work, or home?"},
]


def rated_pair(chosen: int = 5, rejected: int = 3) -> Record:
    """Return a row of PsychoCounsel-Preference whose replies are rated alike by all principles."""
    names = ("empathy", "relevance", "clarity", "safety", "exploration", "autonomy", "staging")
    ratings = {
        f"{side}_{name}_rating": rating
        for side, rating in (("chosen", chosen), ("rejected", rejected))
        for name in names
    }
    row = {
        "ID": "s1",
        "prefID": 1,
        "question": f"I gave the dog away. {CANARY}",
        "chosen": "That was hard.",
        "rejected": "Get a cat.",
    }
    return row | {"chosen_model": "one", "rejected_model": "other"} | ratings


PAIRS: Final[list[Record]] = [rated_pair(), rated_pair() | {"prefID": 2}]


def as_csv(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Return rows as a CSV file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def as_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as JSON Lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


Reader = Callable[[Path], Sequence[object]]
READERS: Final[dict[str, Reader]] = {
    "thousand-voices": thousand_voices.read,
    "failed-esconv": failed_esconv.read,
    "annomi-full": annomi_full.read,
    "oncoco": oncoco.read,
    "psychocounsel": psychocounsel.read,
}
NAMES: Final = {
    "thousand-voices": "12_P10_conversation.json",
    "failed-esconv": "FailedESConv.json",
    "annomi-full": "AnnoMI-full.csv",
    "oncoco": "oncoco-messages.jsonl",
    "psychocounsel": "train.jsonl",
}
GOOD: Final = {
    "thousand-voices": json.dumps(VOICES),
    "failed-esconv": json.dumps(ESCONV, indent=1),
    "annomi-full": as_csv(ANNOMI),
    "oncoco": as_lines(ONCOCO),
    "psychocounsel": as_lines(PAIRS),
}
"""A good file of each corpus."""


def write(folder: Path, name: str, content: str | bytes | None = None) -> Path:
    """Write a file of a corpus under its published name; without content the good one."""
    path = folder / NAMES[name]
    text = GOOD[name] if content is None else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
