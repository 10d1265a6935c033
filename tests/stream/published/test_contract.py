"""The contract of every reader of a published corpus, on files that were made up for it."""

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.contracts.errors import Misconfigured
from stream.published.formats import FORMATS
from tests.fuzz.strategies import rubbish, spoiled
from tests.stream.published.samples import (
    ANNOMI,
    CANARY,
    ESCONV,
    GOOD,
    ONCOCO,
    PAIRS,
    READERS,
    VOICES,
    as_csv,
    as_lines,
    write,
)


def changed(sample: Any, *path: str | int, to: object = None) -> Any:
    """Return a copy of a sample with one value replaced; without a new value it is taken out."""
    found = copy.deepcopy(sample)
    place = found
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return found


def voices(*path: str | int, to: object = None) -> str:
    """Return a file of Thousand Voices with one value replaced."""
    return json.dumps(changed(VOICES, *path, to=to))


def esconv(*path: str | int, to: object = None) -> str:
    """Return a file of FailedESConv with one value replaced."""
    return json.dumps(changed(ESCONV, *path, to=to))


BAD: list[tuple[str, str, str]] = [
    ("thousand-voices", voices("full_conversation"), r"^12_P10_conversation\.json: it has no list full_conversation"),
    ("thousand-voices", voices("full_conversation", 1, to=f"Narrator: {CANARY}"), "item 2: it begins with neither"),
    ("thousand-voices", voices("full_conversation", 1, to=CANARY), "item 2: .*Put who spoke before it"),
    ("thousand-voices", voices("full_conversation", 2, to="Client: "), "item 3: nothing stands after"),
    ("thousand-voices", voices("full_conversation", 2, to=[CANARY]), "item 3: it begins with neither"),
    ("failed-esconv", esconv(0, "dialog"), r"^FailedESConv\.json, item 1: it has no list dialog"),
    ("failed-esconv", esconv(1, to=[CANARY]), "item 2: it is no JSON object"),
    ("failed-esconv", esconv(0, "dialog", 1, "speaker"), "item 1, utterance 2: it lacks speaker"),
    (
        "failed-esconv",
        esconv(0, "dialog", 1, "speaker", to=CANARY),
        "utterance 2: speaker is none of speaker, listener",
    ),
    ("failed-esconv", esconv(0, "dialog", 1, "content", to="\n"), "utterance 2: content is empty"),
    ("failed-esconv", esconv(0, "dialog", 1, "annotation", to=CANARY), "utterance 2, annotation: it is no JSON object"),
    (
        "failed-esconv",
        esconv(0, "dialog", 1, "annotation", "feedback", to="6"),
        "feedback is no whole number from 1 to 5",
    ),
    ("failed-esconv", esconv(0, "dialog", 0, "annotation", "strategy", to=f"{CANARY}!"), "strategy is no name"),
    ("failed-esconv", esconv(0, "survey_score", "seeker", "empathy", to=CANARY), "item 1: empathy is no whole number"),
    ("annomi-full", as_csv(changed(ANNOMI, 1, "interlocutor", to=CANARY)), "line 3: interlocutor is none of client"),
    (
        "annomi-full",
        as_csv(changed(ANNOMI, 0, "main_therapist_behaviour", to=CANARY)),
        "line 2: main_therapist_behaviour",
    ),
    (
        "annomi-full",
        as_csv(changed(ANNOMI, 0, "question_subtype", to=CANARY)),
        "line 2: question_subtype is none of open",
    ),
    ("annomi-full", as_csv(changed(ANNOMI, 0, "question_subtype", to="n/a")), "line 2: .*says no kind. Correct one"),
    ("annomi-full", as_csv(changed(ANNOMI, 1, "utterance_id", to="one")), "line 3: utterance_id is no whole number"),
    ("annomi-full", as_csv(changed(ANNOMI, 1, "utterance_text", to="")), "line 3: utterance_text is empty"),
    (
        "annomi-full",
        as_csv(changed(ANNOMI, 3, "annotator_id", to="3")),
        "line 5: its annotator has the utterance in .*line 4",
    ),
    ("annomi-full", as_csv(changed(ANNOMI, 3, "utterance_text", to=CANARY)), "line 5: the utterance has other words"),
    ("annomi-full", as_csv(ANNOMI) + f"{CANARY},7\n", "line 7: another number of cells"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "code")), "line 2: it lacks code of OnCoCo"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "code", to="CO-Mod")), "line 2: code is of the other side than type"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "code", to=f"CL-{CANARY} 1")), "line 2: code is not written as"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "type", to=CANARY)), "line 2: type is none of co, cl"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "lang", to="FR")), "line 2: lang is none of de, en"),
    (
        "oncoco",
        as_lines(changed(ONCOCO, 1, "text", to=f"Counselor: {CANARY}")),
        "line 2: text begins with the other side",
    ),
    ("oncoco", as_lines(changed(ONCOCO, 1, "text", to="Client: ")), "line 2: nothing stands after the side"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "text")), "line 2: it has 0 of the columns"),
    ("oncoco", as_lines(changed(ONCOCO, 1, "text_en", to="x")), "line 2: it has 2 of the columns"),
    ("oncoco", as_lines(ONCOCO) + f"{CANARY}\n", "line 5: this is not JSON"),
    ("oncoco", as_lines(ONCOCO) + f'["{CANARY}"]\n', "line 5: a row is one JSON object"),
    ("psychocounsel", as_lines(changed(PAIRS, 1, "chosen_staging_rating")), "line 2: it lacks chosen_staging_rating"),
    (
        "psychocounsel",
        as_lines(changed(PAIRS, 1, "chosen_safety_rating", to=CANARY)),
        "line 2: chosen_safety_rating is no",
    ),
    ("psychocounsel", as_lines(changed(PAIRS, 1, "chosen_safety_rating", to=7)), "is no whole number from 1 to 5"),
    ("psychocounsel", as_lines(changed(PAIRS, 1, "question", to="")), "line 2: question is empty"),
    ("psychocounsel", as_csv(PAIRS).replace("question", "asked"), "the first line lacks columns of PsychoCounsel"),
]


def test_every_corpus_of_its_own_reader_is_known() -> None:
    """Each reader belongs to a corpus that the list of formats describes."""
    assert set(READERS) <= {each.name for each in FORMATS}


@pytest.mark.parametrize("name", READERS)
def test_a_good_file_is_read_and_keeps_words_out_of_repr(tmp_path: Path, name: str) -> None:
    """A file as its publisher lays it out is read, and what is read shows no words when it is printed."""
    found = READERS[name](write(tmp_path, name))
    assert found
    assert CANARY not in repr(found)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("name", READERS)
def test_encodings_and_line_ends_change_nothing(tmp_path: Path, name: str, encoding: str) -> None:
    """A file gives the same in any encoding of Unicode, with other line ends, and packed with gzip."""
    expected = READERS[name](write(tmp_path, name))
    data = GOOD[name].replace("\r\n", "\n").replace("\n", "\r\n").encode(encoding)
    assert READERS[name](write(tmp_path, name, data)) == expected
    assert READERS[name](write(tmp_path, name, gzip.compress(data))) == expected


@pytest.mark.parametrize("name", READERS)
def test_another_encoding_and_parquet_are_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    """A file that is not Unicode is refused with a command that converts it, and Parquet with what writes it anew."""
    with pytest.raises(Misconfigured, match=r"this is not UTF-8 .*iconv -f WINDOWS-1252"):
        READERS[name](write(tmp_path, name, GOOD[name].encode() + "\n\u00e9".encode("latin-1")))
    with pytest.raises(Misconfigured, match=r"this is Parquet.*to_json"):
        READERS[name](write(tmp_path, name, b"PAR1" + bytes(40)))


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"id": 1}', "a,b\n1,2\n", "[" * 5_000])
@pytest.mark.parametrize("name", READERS)
def test_another_file_is_refused_by_its_name(tmp_path: Path, name: str, content: str) -> None:
    """A file that is none of the corpus is refused in a sentence that begins with its name."""
    path = write(tmp_path, name, content)
    with pytest.raises(Misconfigured, match=rf"^{path.name}"):
        READERS[name](path)


@pytest.mark.parametrize(("name", "content", "sentence"), BAD)
def test_a_bad_row_is_named_by_its_place_with_what_to_do(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    """A bad row is named by its line or item and by what it must hold, without its words."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        READERS[name](write(tmp_path, name, content))
    assert CANARY not in str(error.value)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_named(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """A file with any damage is read, or refused in a sentence without its words."""
    path = write(tmp_path, name, data.draw(rubbish | spoiled(GOOD[name].encode())))
    said = outcome(READERS[name], path)
    assert said is None or (said.startswith(path.name) and CANARY not in said)


def outcome(reader: Callable[[Path], object], path: Path) -> str | None:
    """Return why a file was refused; None where it was read."""
    try:
        reader(path)
    except Misconfigured as error:
        return str(error)
    return None
