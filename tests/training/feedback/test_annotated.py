"""Annotated exchanges become training data that the gate accepts."""

import json
from pathlib import Path
from typing import Any

import pytest

from stream.contracts.vocabulary import Concern, Level, Mechanism
from stream.feedback.models.answer import parse_answer
from tests.training.feedback.samples import line, write
from training.errors import DataError
from training.feedback.annotated import TrainingSet, build_training_set, read_annotated
from training.feedback.data import Arm, levels_of, reasons_of

AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism


def built(path: Path, *written: dict[str, Any], arm: Arm = Arm.REASONS) -> TrainingSet:
    """Return the training data of annotated exchanges."""
    return build_training_set(read_annotated(write(path / "set.jsonl", written)), arm)


def test_the_instruction_is_our_prompt(tmp_path: Path) -> None:
    """The instruction is our prompt up to the answer, without the begin-of-text that the server adds."""
    (item,) = built(tmp_path, line(0)).items
    assert "begin_of_text" not in item.instruction
    assert "[1] context counsellor: How did it go?" in item.instruction
    assert "[2] client_turn client: I won't write that diary again." in item.instruction
    assert item.instruction.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")
    assert (item.session, item.reviewers) == ("s-0", 2)


def test_the_output_is_the_whole_answer(tmp_path: Path) -> None:
    """The output is the whole answer: levels, reasons, and quotations with the number of their message."""
    (item,) = built(tmp_path, line(0, (2, 1, 0, 1))).items
    answer = parse_answer(item.output.encode())
    assert levels_of(answer) == (Level.STRONG, Level.WEAK, Level.NONE, Level.WEAK)
    assert reasons_of(answer).count("What the reply does") == 4
    quoted = answer.ratings[0].evidence[0]
    assert (quoted.message, quoted.quote) == (3, "It is up to you whether the diary goes on")
    assert answer.resistance_type == "discounting"


def test_a_level_of_none_quotes_the_client(tmp_path: Path) -> None:
    """A level of none quotes the client, other levels the reply, also where both turns have the same words."""
    same = {RESONANCE: ["diary"], AUTONOMY: ["diary"], STANCE: ["diary"], ORIENTATION: ["diary"]}
    (item,) = built(tmp_path, line(0, (2, 1, 0, 1), evidence=same)).items
    numbers = {rating.mechanism: rating.evidence[0].message for rating in parse_answer(item.output.encode()).ratings}
    assert numbers == {AUTONOMY: 3, STANCE: 3, RESONANCE: 2, ORIENTATION: 3}


def test_labels_alone_say_nothing_else(tmp_path: Path) -> None:
    """The arm `labels` needs neither reasons nor quotations, and leaves them out if the set has them."""
    bare = line(1)
    del bare["reasons"], bare["evidence"], bare["resistance_type"]
    for item in built(tmp_path, line(0, strengths=["Short."]), bare, arm=Arm.LABELS).items:
        answer = parse_answer(item.output.encode())
        assert levels_of(answer) == (2, 1, 0, 1)
        assert reasons_of(answer) == ""
        assert not any(rating.evidence for rating in answer.ratings)
        assert answer.strengths == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"evidence": {}}, "levels 1 and 2 need a quotation from the reply"),
        ({"evidence": {AUTONOMY: ["nobody said that"]}}, "a quotation does not stand word for word"),
        ({"verdict": "rejected", "evidence": {}}, "levels 1 and 2 need a quotation from the reply"),
        ({"reasons": {}}, "the reason must describe the reply"),
        ({"reasons": dict.fromkeys(Mechanism, "The client is manipulative.")}, "neither blame nor label"),
        ({"resistance_type": None}, "a confirmed resistance needs its type"),
        ({"verdict": "not_assessed"}, "must be confirmed or rejected"),
        ({"levels": {AUTONOMY: 1}}, "levels must name all four mechanisms"),
        ({"strengths": [""]}, "a strength is empty"),
        ({"alternatives": [{"text": "I know how that feels.", "mechanism": RESONANCE}]}, "below the safety floor"),
        ({"reasons": dict.fromkeys(Mechanism, "long " * 200)}, "cannot be read back (ratings.0.reason)"),
        ({"critical_content": Concern.DELUSION}, "critical content has no levels"),
    ],
)
def test_what_the_gate_refuses_is_not_taught(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    """An answer that the gate refuses is an error that gives the line's number and no text."""
    with pytest.raises(DataError) as told:
        built(tmp_path, line(1), line(0, **wrong))
    assert str(told.value).startswith("line 2: ")
    assert said in str(told.value)
    assert "diary" not in str(told.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", "line 2: it is no JSON object"),
        ("[1]", "line 2: a field is missing, wrong or not known"),
        (json.dumps(line(0) | {"levels": {AUTONOMY: 3}}), "line 2: levels is missing"),
        (json.dumps(line(0) | {"client": ""}), "line 2: client is missing"),
        (json.dumps(line(0) | {"diary entry": 1}), "line 2: a field is missing, wrong or not known"),
        (json.dumps(line(0) | {"before": [["friend", "diary"]]}), "line 2: before is missing"),
    ],
)
def test_a_bad_line_is_told_by_its_number(wrong: str, said: str, tmp_path: Path) -> None:
    """A bad line is reported by its number, never by its text."""
    path = write(tmp_path / "set.jsonl", [line(0)])
    path.write_text(path.read_text() + wrong + "\n")
    with pytest.raises(DataError) as told:
        read_annotated(path)
    assert said in str(told.value)
    assert "diary" not in str(told.value)


def test_critical_content_is_left_out_and_counted(tmp_path: Path) -> None:
    """Exchanges with critical content are left out and counted, since no model is asked about them in production."""
    made = built(tmp_path, line(0, client="I want to kill myself."), line(1))
    assert (len(made.items), made.critical) == (1, 1)


def test_a_line_may_teach_to_abstain(tmp_path: Path) -> None:
    """A line may teach abstention: no level, no reason and no suggestion."""
    lamp = line(0, client="The lamp passes on what I think.", critical_content=Concern.DELUSION, levels={})
    (item,) = built(tmp_path, lamp).items
    answer = parse_answer(item.output.encode())
    assert answer.critical_content is Concern.DELUSION
    assert answer.abstain
    assert levels_of(answer) == (None,) * 4
    assert reasons_of(answer) == ""


def test_identifiers_become_placeholders_as_in_production(tmp_path: Path) -> None:
    """Identifiers become placeholders in prompt, quotations and reasons, as in production."""
    address = "anna@example.org"
    mail = line(0, reply=f"Write to {address} then.", evidence={key: [f"Write to {address}"] for key in Mechanism})
    mail["levels"] = dict.fromkeys(Mechanism, 1)
    mail["reasons"] = dict.fromkeys(Mechanism, f"It names {address}.")
    (item,) = built(tmp_path, mail).items
    assert address not in item.instruction + item.output
    assert "[EMAIL_1]" in item.output


def test_the_same_set_gives_the_same_data(tmp_path: Path) -> None:
    """A set gives the same data each time, with a boundary word that differs between exchanges."""
    first, second = (built(tmp_path, line(0), line(1)).items for _ in range(2))
    assert first == second
    begun = {item.instruction.rpartition("=====")[0].rpartition("===== ")[2] for item in first}
    assert len(begun) == 2
