"""What is marked where nobody replied is measured by the flag alone and by the reader's verdict."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.detector.conftest import resisting, turn
from training.detector.evaluation import Scored
from training.detector.unanswered import out_of_fold_verdicts, turns_without_reply, unanswered_rows
from training.errors import DataError
from training.reader.targets import TURN_HEADS, width


def test_a_mark_needs_flag_and_verdict() -> None:
    """A turn counts as confirmed only where the detector flags it too, and among the turns that were read."""
    scored = [
        Scored(resisting("annomi", "video/1", "no"), 0.9, flagged=True),
        Scored(resisting("annomi", "video/2", "no"), 0.1, flagged=False),
        Scored(turn("annomi", "video/3", "yes"), 0.9, flagged=True),
        Scored(turn("annomi", "video/4", "yes"), 0.9, flagged=True),
        Scored(turn("annomi", "video/5", "yes"), 0.9, flagged=True),
    ]
    verdicts = {"video/1/2": True, "video/2/2": True, "video/3/3": True, "video/4/3": False}
    every, last, *_ = unanswered_rows(scored, {"video/3/3"}, verdicts)
    assert (every.source, every.turns, every.resisting, every.read) == ("annomi, every turn", 5, 2, 4)
    assert (every.flagged.flagged, every.flagged.precision, every.flagged.recall) == (0.8, 0.25, 0.5)
    assert (every.confirmed.flagged, every.confirmed.precision, every.confirmed.recall) == (0.5, 0.5, 0.5)
    assert (last.source, last.turns, last.resisting, last.confirmed.precision) == ("annomi, no reply", 1, 0, 0)


def test_a_turn_without_a_reply_is_the_one_that_a_transcript_ends_on(tmp_path: Path) -> None:
    """Only a client's turn after which nothing comes has no reply."""
    (tmp_path / "mibot").mkdir()
    for name, speakers in (("aaaaaaaa", ("client", "counsellor", "client")), ("bbbbbbbb", ("client", "counsellor"))):
        said = [{"speaker": speaker, "text": "Yes."} for speaker in speakers]
        path = tmp_path / "mibot" / f"{name}.json"
        path.write_text(json.dumps({"participant_id": name, "utterances": said}), encoding="utf-8")
    assert turns_without_reply(tmp_path) == {"Maaaaaaaa/2"}


def test_verdicts_need_a_finished_fold(tmp_path: Path) -> None:
    """Without out-of-fold answers there is no verdict to measure by."""
    with pytest.raises(DataError):
        out_of_fold_verdicts(tmp_path)


def test_a_verdict_is_that_of_the_served_threshold(tmp_path: Path) -> None:
    """A turn whose every sign is resistance is confirmed, and one without any is not."""
    logits = np.zeros((2, width(TURN_HEADS)), dtype=np.float32)
    start = TURN_HEADS["resistance"].start
    logits[:, [start, start + 1]] = [[-9, 9], [9, -9]]
    np.savez(
        tmp_path / "fold-0.npz",
        turn_ids=["A1/1", "A1/2"],
        turns=logits,
        words=np.zeros(2),
        reply_ids=[],
        replies=np.zeros((0, 1)),
    )
    assert out_of_fold_verdicts(tmp_path) == {"A1/1": True, "A1/2": False}
