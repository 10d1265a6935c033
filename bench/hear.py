"""The measure of what the reader hears: the time from the broker's append of a message to the request at the receiver.

Sender, broker, Triton, the stages stream, hear and deliver, and the receiver share this machine; the load is of phrases
and sentences of our own. Three things are asked: how many client messages the reader reads, how late its signals and
those of the word list come at steady loads, and how late they come while clients write more than it reads.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.environment import BenchEnvironment, LogLine, percentile, start_environment, used_s
from bench.load import Event, Load
from bench.measures import Figures, Scale
from bench.risk import WORDS, Told, deliverer, ids_of, receiver, settings_env, with_danger
from plugin.local.stage_process import StageProcess
from plugin.local.triton import TritonServer
from stream.contracts.messages import Message
from stream.contracts.vocabulary import HeardBy, Role
from stream.feedback.models.reader import READER
from stream.runtime import stages
from stream.runtime.settings import ReaderGrade

INDIRECT: Final = (
    "I have written letters to everyone and given away the cat. After Sunday nobody has to worry about me any more.",
    "I opened the skin on my leg again with the blade, just to feel something.",
)
"""What the word list does not hear and the reader does, whatever was said before; written by us."""
GRADE: Final[ReaderGrade] = "possible"
"""At this grade it hears each of them after every turn of the load, so that a signal that does not come was lost."""
DANGER_EVERY: Final = 5
"""One message in five speaks of danger, to the word list and to the reader by turns: for hundreds of signals each."""
BURST: Final = 1_200
"""Client messages that come at once, for the rate at which they are read: some 15 s on one core."""
STEADY: Final = ((20, 30), (40, 40), (60, 30))
"""Client messages a second, and for how many seconds."""
OVERLOAD: Final = (150, 15)
"""The same, more than is read."""
_MESSAGES: Final = 20
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class Hearing:
    """A running system with a receiver."""

    environment: BenchEnvironment
    hear: StageProcess
    triton: TritonServer
    told: Told

    def answered(self) -> float:
        """Return about how many messages the reader has answered so far."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(httpx.get(f"{self.hear.health_url}/metrics").text)
            for sample in family.samples
            if sample.name == "counterpoint_risk_heard_total" and sample.labels["outcome"] in {"raised", "quiet"}
        )


def hear(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the reader's limit, steady loads and an overload, one after the other on one system."""
    with (
        start_environment(folder, log) as environment,
        TritonServer(folder / "triton", (READER,)) as triton,
        hearing(environment, triton) as system,
    ):
        figures = limit(system, scale.times(BURST))
        for seed, (per_second, seconds) in enumerate((*STEADY, OVERLOAD), start=2):
            figures |= at_rate(system, per_second, scale.times(seconds), seed)
        figures["signals told twice"] = system.told.doubled()
    return figures


@contextmanager
def hearing(environment: BenchEnvironment, triton: TritonServer) -> Iterator[Hearing]:
    """Run the three stages and a receiver until the block ends."""
    with receiver() as told:
        env = settings_env(told.url, GRADE) | {"COUNTERPOINT_FEEDBACK__TRITON_URL": triton.grpc_url}
        with (
            environment.stage(stages.STREAM, env=env) as stream,
            environment.stage(stages.HEAR, env=env) as hear_stage,
            deliverer(environment, env),
        ):
            stream.wait_ready()
            hear_stage.wait_ready()
            yield Hearing(environment, hear_stage, triton, told)


def limit(system: Hearing, count: int) -> Figures:
    """Measure how many client messages the reader reads in a second where more wait, and what each costs."""
    events = dangerous_load(count, seed=1)
    to_read = len(client_ids(events) - ids_of(events, {WORDS}))
    system.environment.log(f"{to_read} client messages for the reader at once")
    samples = [sample(system)]
    system.environment.produce(events)
    deadline = time.monotonic() + _PATIENCE_S
    while samples[-1].answered < to_read and time.monotonic() < deadline:
        time.sleep(0.2)
        samples.append(sample(system))
    system.told.wait_for(ids_of(events, {WORDS, *INDIRECT}), _PATIENCE_S)
    return rates(samples)


class Sample(NamedTuple):
    """What was answered at a moment, and the CPU time that was used until then."""

    at_s: float
    answered: float
    by_hear_s: float
    by_triton_s: float


def sample(system: Hearing) -> Sample:
    """Return a sample of this moment."""
    return Sample(time.monotonic(), system.answered(), used_s(system.hear), used_s(system.triton))


def rates(samples: Sequence[Sample]) -> Figures:
    """Return what the samples come to; the first fifth of the answers is not counted, since the stages begin then."""
    last = samples[-1]
    first = [each for each in samples if each.answered <= last.answered / 5][-1]
    count = last.answered - first.answered
    return {
        "client messages/s that the reader reads": count / (last.at_s - first.at_s),
        "CPU of the stage hear a client message, ms": (last.by_hear_s - first.by_hear_s) * 1000 / count,
        "CPU of Triton a client message, ms": (last.by_triton_s - first.by_triton_s) * 1000 / count,
    }


def at_rate(system: Hearing, per_second: int, seconds: int, seed: int) -> Figures:
    """Measure how late signals come while clients write so many messages a second."""
    events = dangerous_load(per_second * seconds, seed)
    by_reader, by_list = ids_of(events, set(INDIRECT)), ids_of(events, {WORDS})
    system.environment.log(f"{per_second} client messages/s for {seconds} s, {len(by_reader)} for the reader alone")
    share = len(client_ids(events)) / len(events)
    system.environment.produce(events, per_second=per_second / share)
    system.told.wait_for(by_reader | by_list, _PATIENCE_S)
    figures: Figures = {}
    for name, heard_by, expected in (("reader", HeardBy.READER, by_reader), ("word list", HeardBy.LEXICON, by_list)):
        delays_ms = system.told.delays_ms(heard_by, expected) or [float("nan")]
        at = f"{per_second} client messages/s, {name}"
        figures[f"{at}: p50, ms"] = percentile(delays_ms, 0.5)
        figures[f"{at}: p99, ms"] = percentile(delays_ms, 0.99)
        figures[f"{at}: share within a second"] = sum(delay < 1000 for delay in delays_ms) / len(expected)  # noqa: PLR2004
        figures[f"{at}: lost"] = system.told.lost(expected)
    return figures


def dangerous_load(clients: int, seed: int) -> list[Event]:
    """Return a load with about so many messages by clients, of which some speak of danger in plain words or others."""
    # Half of the generated messages are the client's, and of the others every fifth becomes one.
    load = Load(max(1, round(clients / (0.5 + 0.5 / DANGER_EVERY) / _MESSAGES)), _MESSAGES, concurrent=100, seed=seed)
    words = [each for sentence in INDIRECT for each in (sentence, WORDS)]
    return list(with_danger(load.events(), words, DANGER_EVERY))


def client_ids(events: list[Event]) -> set[str]:
    """Return the ids of the messages of a load that are a client's."""
    return {event.message_id for event in events if isinstance(event, Message) and event.role is Role.CLIENT}
