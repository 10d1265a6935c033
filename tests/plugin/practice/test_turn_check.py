"""Tests of the check of written turns: every one is asked about, and the table tells good from poor replies."""

from io import StringIO
from uuid import UUID

import pytest
from rich.console import Console

from plugin.practice.turn_check import check_turns, table
from plugin.queue.practice_views import PractisedReply
from plugin.written_client.counsellor import Manner, written_replies
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import written_turns
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Abstention, Assessment, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from tests.stream.feedback.builders import BASELINE

TURNS = sum(len(found) for found in written_turns().resisting.values())
POOR = {profile.fill(each.written.text) for profile in profiles().values() for each in written_replies().poor}
IDS = {"assessment_id": UUID(int=1), "exchange_id": UUID(int=2), "input_id": UUID(int=3)}


class Ear:
    """A rater that hears everything in good replies, nothing in poor ones, and abstains at short turns."""

    def __init__(self) -> None:
        self.asked: list[PractisedReply] = []
        self.is_away = False
        self.is_closed = False

    async def rate(self, practised: PractisedReply) -> Assessment | Abstention | None:
        """Return the answer to a reply."""
        self.asked.append(practised)
        if self.is_away:
            return None
        if len(practised.client_turn[0]) < 15:
            return Abstention(**IDS, model=BASELINE, reason=NeedsHuman.MODEL_ABSTAINED)
        level = Level.NONE if practised.reply in POOR else Level.STRONG
        ratings = tuple(Rating(mechanism=mechanism, level=level) for mechanism in Mechanism)
        return Assessment(**IDS, model=BASELINE, verdict=Verdict.CONFIRMED, ratings=ratings)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


def printed(ear: Ear) -> dict[str, list[str]]:
    """Return the cells of the table by behaviour."""
    console = Console(width=200, record=True, file=StringIO())
    console.print(table(check_turns(ear)))
    lines = [line.split("\u2502")[1:-1] for line in console.export_text().splitlines() if "\u2502" in line]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_every_written_turn_is_asked_about_twice() -> None:
    """Each turn is rated with a good and a poor reply, after what the counsellor had said, and the model is let go."""
    ear = Ear()
    found = check_turns(ear)
    assert len(ear.asked) == len(found) == 2 * TURNS
    assert {each.manner for each in found} == {Manner.GOOD, Manner.POOR}
    assert all(len(each.context) == len(each.client_turn) == 1 for each in ear.asked)
    assert ear.is_closed


def test_the_table_says_what_moves_a_client() -> None:
    """Good replies move all clients up and poor ones down here, and where nothing is rated nothing is counted."""
    rows = printed(Ear())
    assert rows["excusing"] == ["36", "1.00", "1.00", "0.00", "0.00", "0.00", "0.00", "1.00"]
    assert float(rows["minimum talk"][1]) < 1
    assert rows["all"][0] == str(2 * TURNS)
    assert len(rows) == len(ResistanceType) + 1


def test_a_model_that_is_away_is_said_so() -> None:
    """Where the model does not answer, or none may rate, the command ends with a sentence."""
    ear = Ear()
    ear.is_away = True
    with pytest.raises(Misconfigured, match="does not answer"):
        check_turns(ear)
    assert ear.is_closed
    with pytest.raises(Misconfigured, match="abstain"):
        check_turns(None)
