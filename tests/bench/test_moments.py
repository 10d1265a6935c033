"""The measure of confirming and rating asks the real baseline about every moment of its sessions."""

from pathlib import Path

from bench import moments
from bench.load import Load
from bench.measures import Scale
from bench.units import stream
from stream.runtime.settings import IN_PROCESS, FeedbackSettings

SMALL = Load(3, 20, concurrent=2)


async def test_every_moment_is_answered_and_counted() -> None:
    """Each exchange and each turn that waits for a verdict is asked about once, and what is confirmed is among them."""
    records = (await stream(SMALL.events())).sessions
    answered = await moments.rate_all(records, FeedbackSettings(triton_url=IN_PROCESS))
    waiting = sum(mark.awaits_verdict for record in records for mark in record.marks)
    rated = sum(exchange.needs_human is None for record in records for exchange in record.exchanges)
    assert answered.moments == rated + waiting > 0
    assert 0 <= answered.confirmed <= rated
    assert answered.seconds > 0


async def test_no_session_is_left_for_the_end() -> None:
    """Rating one session at a time or all at once asks about the same moments."""
    records = (await stream(SMALL.events())).sessions
    by_one, by_all = [
        await moments.rate_all(records, FeedbackSettings(triton_url=IN_PROCESS, concurrency=places))
        for places in (1, len(records))
    ]
    assert (by_one.moments, by_one.confirmed) == (by_all.moments, by_all.confirmed)


def test_figures_are_of_a_real_triton(run_dir: Path) -> None:
    """The measure starts a Triton with the baseline and its reader, and every figure is above nothing."""
    figures = moments.moments(run_dir / "moments", Scale(0.01), lambda _line: None)
    assert figures["moments a second, behind Triton"] > 0
    assert figures["CPU of Triton a moment, ms"] > 0
    assert 0 <= figures["share of moments confirmed"] <= 1
