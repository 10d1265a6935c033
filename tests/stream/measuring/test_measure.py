"""The measuring of a transcript: what the reader is shown, and what the record says, whatever the reader does."""

import time
from typing import Any

import pytest

from stream.contracts.measures import Absent, MeasuresRecord
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.transcripts import Transcript
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.patience import MAX_FAILED_REQUESTS
from stream.feedback.models.reader import MAX_PAIRS
from stream.measures.hearing import pairs_to_read
from stream.measures.registry import MEASURES
from stream.measuring.measure import MAX_TURNS, Measurer, shown_session
from stream.runtime.codec import encode
from stream.runtime.health import Health
from stream.runtime.metrics import READER_BREAKER_STATE
from tests.stream.measuring.samples import CLIENT, COUNSELLOR, SYSTEM, TALK, ScriptedReader, transcript


async def no_sleep(_seconds: float) -> None:
    """Wait for nothing."""


def measurer(reader: ScriptedReader, **changes: Any) -> Measurer:
    """Return a measurer with this reader, whose waiting takes no time."""
    clock = iter(range(10**9))
    availability = ModelAvailability(
        reader,
        Health(),
        deadline_s=5,
        what="the reader",
        state_metric=READER_BREAKER_STATE,
        clock=lambda: float(next(clock)),
        sleep=no_sleep,
    )
    return Measurer(reader, availability, 5, time.monotonic, **changes)


async def measured(given: Transcript, reader: ScriptedReader | None = None, **changes: Any) -> MeasuresRecord:
    """Return the record of a transcript."""
    return await measurer(reader or ScriptedReader(), **changes).measure(given)


async def test_each_session_gets_every_measure_of_its_turns() -> None:
    """The record names session, revision, people and reader, its turns by their messages, and holds each measure."""
    given = transcript(*TALK[:1], (CLIENT, "At all."), (SYSTEM, "Somebody is typing."), *TALK[1:])
    record = await measured(given)
    assert (record.session_id, record.revision, record.reader) == (given.session_id, 1, ScriptedReader.fingerprint)
    assert (record.clients, record.counsellors) == (given.clients, given.counsellors)
    assert [(turn.role, turn.message_ids) for turn in record.turns] == [
        (CLIENT, ("m-1", "m-2")),
        (COUNSELLOR, ("m-4",)),
        (CLIENT, ("m-5",)),
        (COUNSELLOR, ("m-6",)),
    ]
    assert record.absent is None
    assert [(taken.name, taken.version) for taken in record.measures] == [
        (measure.card.name, measure.card.version) for measure in MEASURES
    ]


async def test_what_people_may_be_shown_is_what_the_card_says() -> None:
    """Each measure names the quantities that its card marks as shown, and says whether it is validated."""
    record = await measured(transcript())
    for taken, measure in zip(record.measures, MEASURES, strict=True):
        assert taken.shown == tuple(each.name for each in measure.card.quantities if each.shown)
        assert taken.validated is measure.card.validated is False


async def test_the_same_transcript_gives_the_same_record() -> None:
    """A transcript that comes again gives the same record under the same id."""
    first, again = await measured(transcript()), await measured(transcript())
    assert first == again
    assert first.event_id == again.event_id


async def test_no_word_of_the_session_is_in_the_record() -> None:
    """Of what people wrote nothing is in the record but who wrote, by role and pseudonym."""
    words = "zyzzyva petrichor"
    record = await measured(transcript(*((role, f"{text} {words}.") for role, text in TALK), names=["Lena"]))
    assert record.measures
    assert not [word for word in (*words.split(), "lena") if word in encode(record).value.decode().lower()]


async def test_the_reader_sees_no_told_name() -> None:
    """Names that the platform told, and what points at a person, are replaced in both texts of every pair."""
    reader = ScriptedReader()
    given = transcript(
        (CLIENT, "I am Lena and I live with Tomas."),
        (COUNSELLOR, "Lena, call me on 0171 2345678."),
        names=["Lena", "Tomas"],
    )
    await measured(given, reader)
    shown = " ".join(text for batch in reader.asked for pair in batch for text in pair)
    assert "[CLIENT_1]" in shown
    assert not [name for name in ("Lena", "Tomas", "2345678") if name in shown]


async def test_no_request_holds_more_pairs_than_the_reader_takes() -> None:
    """A long session is read in batches of at most 64 pairs, which together are all of it, in order."""
    reader = ScriptedReader()
    given = transcript(*(TALK[number % 2] for number in range(100)))
    record = await measured(given, reader)
    assert max(map(len, reader.asked)) == MAX_PAIRS
    assert [pair for batch in reader.asked for pair in batch] == pairs_to_read(shown_session(given))
    assert len(record.turns) == 100


async def test_while_the_reader_is_away_the_session_waits() -> None:
    """Failures with a failing canary hold the session, which is measured once the reader is back."""
    reader = ScriptedReader(failures=6, is_away=True)
    record = await measured(transcript(), reader)
    assert record.absent is None
    assert reader.canaries > 1


async def test_a_session_on_which_the_reader_fails_gets_a_record_all_the_same() -> None:
    """After three failures with a passing canary nothing is said of the session, for that reason; it is not held."""
    reader = ScriptedReader(failures=99)
    record = await measured(transcript(), reader)
    assert (record.absent, record.turns, record.measures) == (Absent.READER_FAILED, (), ())
    assert len(reader.asked) == MAX_FAILED_REQUESTS


@pytest.mark.parametrize("names", [[], ["Lena"]])
async def test_without_names_no_model_reads_where_a_service_says_so(names: list[str]) -> None:
    """With `abstain` a session whose names nobody told is not read; one whose names were told is."""
    reader = ScriptedReader()
    record = await measured(transcript(names=names), reader, without_names="abstain")
    assert record.absent is (None if names else Absent.NAMES_NOT_TOLD)
    assert bool(reader.asked) == bool(names)


async def test_a_session_that_is_too_long_is_not_read() -> None:
    """A transcript without its messages, or with too many turns, gets a record that says so."""
    reader = ScriptedReader()
    many = transcript(*(TALK[number % 2] for number in range(MAX_TURNS + 1)))
    for given in (transcript(too_large=True, messages=()), many):
        assert (await measured(given, reader)).absent is Absent.TOO_LONG
    assert reader.asked == []


async def test_the_longest_session_fits_into_a_record() -> None:
    """The record of a session with as many turns as are read is smaller than a record may be."""
    given = transcript(*(TALK[number % 4] for number in range(MAX_TURNS)))
    assert len(encode(await measured(given)).value) < MAX_RECORD_BYTES


async def test_a_language_that_the_reader_does_not_know_is_said() -> None:
    """Of a session in another language nothing is asked, and each finding says why there is none."""
    reader = ScriptedReader()
    record = await measured(transcript(language="de"), reader)
    assert reader.asked == []
    assert {one.absent for taken in record.measures for one in taken.findings} == {Absent.LANGUAGE}


async def test_a_concern_in_the_original_words_silences_their_turn() -> None:
    """Danger in a client's own words counts, also where a told name has replaced the word that says it."""
    given = transcript((CLIENT, "I want to die."), (COUNSELLOR, "You are not alone with it."), *TALK, names=["Die"])
    assert "die" not in shown_session(given).turns[0].text.lower()
    record = await measured(given)
    of_first = [one for taken in record.measures for one in taken.findings if one.turn in {1, 2}]
    assert of_first
    assert {one.absent for one in of_first} == {Absent.CRITICAL_CONTENT}
