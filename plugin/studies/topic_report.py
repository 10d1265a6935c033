"""The report of a map of topics, and the file in which experts name and join them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from plugin.least_people import LEAST_COUNSELLORS
from plugin.plain_text import counted, inert_cell
from plugin.studies.charts import effects_chart
from plugin.studies.effects import Effect
from plugin.studies.question import QuestionFile, TopicsQuestion
from plugin.studies.report import Report, ReportTable, Source
from plugin.studies.topic_study import MERGES, Share, Topic, TopicResult
from plugin.studies.words import figure, interval
from stream.contracts.errors import Misconfigured

_HIDDEN = f"fewer than {LEAST_COUNSELLORS} counsellors"


def topic_report(
    file: QuestionFile,
    question: TopicsQuestion,
    result: TopicResult,
    people: str,
    sources: Sequence[Source],
    made_at: datetime,
) -> Report:
    """Return the report; `people` says how many counsellors are behind it."""
    changes = [_change(each) for each in result.topics if each.change is not None]
    tables = [_topics_table(result)]
    if result.times:
        tables.append(_times_table(result))
    if changes:
        tables.append(
            ReportTable(
                title=f"Change from {result.times[0]} to {result.times[-1]}",
                columns=("topic", "percentage points", f"{100 * (1 - question.alpha):g} % interval"),
                rows=tuple((each.predictor, figure(each.value), interval(each.low, each.high)) for each in changes),
                note="Remarks of one counsellor are alike, which the intervals do not know: they are too narrow.",
                chart=effects_chart(changes),
            )
        )
    return Report(
        question=question,
        question_sha256=file.sha256,
        made_at=made_at,
        sources=tuple(sources),
        aloud=(*_aloud(result), people),
        answer=tuple(_answer(result)),
        tables=tuple(tables),
        methods=_methods(question, result),
        figures=asdict(result),
    )


def write_naming_file(result: TopicResult, folder: Path) -> Path:
    """Write the file in which experts name topics, and return its path; it is no part of the report.

    Raises:
        Misconfigured: it cannot be written.
    """
    path = folder / MERGES
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("topic", "words", "name"))
            for number, words in sorted(_words_by_number(result)):
                writer.writerow((number, inert_cell(" ".join(words)), ""))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None
    return path


def _words_by_number(result: TopicResult) -> Iterator[tuple[int, tuple[str, ...]]]:
    for topic in result.topics:
        if len(topic.numbers) == 1:
            yield topic.numbers[0], topic.words


def _aloud(result: TopicResult) -> Iterator[str]:
    yield (
        f"n = {counted(result.remarks, 'remark')} of {counted(result.counsellors, 'counsellor')}. Topics are words that"
        " stand together, and no judgement of anybody."
    )
    if not result.named_by_experts:
        yield f"No expert has looked at these topics. Fill in {MERGES}: topics with one name become one."
    weak = sum(each.stability == "not stable" for each in result.topics)
    if weak:
        yield f"{weak} of {counted(len(result.topics), 'topic')} do not come back in other parts of the remarks."


def _answer(result: TopicResult) -> Iterator[str]:
    tried = ", ".join(f"{number}: {figure(value)}" for number, value in result.stability.items())
    yield f"{result.number} topics come back best (adjusted Rand index by number of topics: {tried})."
    yield f"The words of a topic meet in one remark with a mean NPMI of {figure(result.coherence)}."


def _topics_table(result: TopicResult) -> ReportTable:
    return ReportTable(
        title="Topics",
        columns=("topic", "remarks", "counsellors", "words", "comes back", "what it says"),
        rows=tuple(_topic_row(each) for each in result.topics),
        note="Comes back: the mean Jaccard index with the most similar topic of other parts of the remarks.",
    )


def _topic_row(topic: Topic) -> tuple[str, ...]:
    hidden = not topic.words
    counsellors = "" if hidden else str(topic.counsellors)
    words = _HIDDEN if hidden else " ".join(topic.words)
    return (topic.name, str(topic.remarks), counsellors, words, figure(topic.returning), topic.stability)


def _times_table(result: TopicResult) -> ReportTable:
    return ReportTable(
        title="Shares over time",
        columns=("topic", *result.times),
        rows=tuple((each.name, *map(_percent, each.shares)) for each in result.topics if each.shares),
        note="In per cent of the remarks of that time, with Wilson intervals; a dash where too little may be told.",
    )


def _percent(share: Share) -> str:
    if share.share is None or share.low is None or share.high is None:
        return "\u2013"
    return f"{100 * share.share:.0f} ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _change(topic: Topic) -> Effect:
    assert topic.change is not None  # noqa: S101 - as the caller has asked
    value, low, high = (100 * each for each in topic.change)
    return Effect(outcome="share", predictor=topic.name, rows=topic.remarks, value=value, low=low, high=high)


def _methods(question: TopicsQuestion, result: TopicResult) -> str:
    return (
        f"{counted(result.left_out, 'remark')} of fewer than {question.least_words} words, or without a word that takes"
        f" part, were left out. {result.words} words took part: letters alone, three or more, without words of grammar,"
        f" each used by {LEAST_COUNSELLORS} counsellors or more and by no more than half of them. Remarks were weighted"
        " words (TF-IDF, logarithmic counts), reduced by latent semantic analysis, and grouped by k-means; a topic has"
        " the words with the highest class-based TF-IDF. The number of topics is the one, of those in the question"
        f" file, with which remarks stay together best in {question.resamples} random parts of four fifths (adjusted"
        " Rand index). Experts may name and join topics. Nothing is told of a topic or a time with fewer than"
        f" {LEAST_COUNSELLORS} counsellors."
    )
