"""A map of topics: planted topics are found and come back, and what few people say is not told."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plugin.studies.question import QuestionFile, TopicsQuestion
from plugin.studies.report import Report
from plugin.studies.topic_model import read_words
from plugin.studies.topic_report import topic_report, write_naming_file
from plugin.studies.topic_study import TopicResult, run_topic_study
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import table
from tests.plugin.studies.test_report import NOW

SUBJECTS = (
    ("sleep", "night", "bed", "tired", "awake", "dream"),
    ("money", "rent", "debt", "bank", "bills", "loan"),
    ("school", "teacher", "exam", "class", "homework", "marks"),
)
QUESTION = TopicsQuestion.model_validate(
    {
        "study": "topics",
        "title": "Simulated remarks",
        "question": "Which topics are there?",
        "written_on": "2026-11-30",
        "seed": 2,
        "numbers": [2, 3, 5],
        "resamples": 5,
    }
)


def remarks(each: int = 60, seed: int = 1) -> pd.DataFrame:
    """Return simulated remarks of sixteen people: half speak of sleep, in month two of school too; half of money."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(16):
        for turn in range(each):
            late = turn % 2
            subject = 1 if number % 2 else 2 * int(random.integers(1 + late))
            words = " ".join(random.choice(SUBJECTS[subject], 5))
            rows.append({"counsellor": f"c{number}", "time": f"2026-0{1 + late}", "text": f"tell me about {words}"})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def found() -> TopicResult:
    """What is found in the simulated remarks."""
    return run_topic_study(QUESTION, table(remarks(), "remarks.csv"), Path("none"))


def test_planted_topics_are_found_and_come_back(found: TopicResult) -> None:
    """Three planted subjects are three topics, each with its own words, which come back in parts of the remarks."""
    assert found.number == 3
    assert {frozenset(topic.words) for topic in found.topics} == {frozenset(words) for words in SUBJECTS}
    assert all(topic.stability == "stable" for topic in found.topics)
    assert found.coherence > 0


def test_shares_follow_the_times(found: TopicResult) -> None:
    """A subject that comes up in the second month has a share of nothing before, and its change is above nothing."""
    school = next(topic for topic in found.topics if "exam" in topic.words)
    assert [share.time for share in school.shares] == ["2026-01", "2026-02"]
    first, second = school.shares
    assert first.share == 0
    assert second.low is not None
    assert second.low > 0.05
    assert school.change is not None
    assert school.change[1] > 0


def test_words_of_few_people_and_of_everybody_take_no_part() -> None:
    """A word that four counsellors use, one that most use, a number and a word of grammar are no words of topics."""
    texts = [
        f"okay about {'budget' if number < 5 else 'garden'} {'Leonie' if number < 4 else ''} 2026"
        for number in range(12)
    ]
    words = read_words(texts, [str(number) for number in range(12)], 5).words
    assert words == ("budget",)


def test_what_few_counsellors_speak_of_is_not_told() -> None:
    """A topic of fewer than five counsellors has neither words nor shares, and a time of few has a dash."""
    frame = remarks()
    frame.loc[frame["counsellor"].isin(["c0", "c1", "c2", "c3"]) & (frame["time"] == "2026-02"), "time"] = "2026-03"
    shared = run_topic_study(QUESTION, table(frame, "remarks.csv"), Path("none"))
    third = [topic.shares[2] for topic in shared.topics if topic.shares]
    assert third
    assert all(share.share is None for share in third)


def test_experts_join_topics_by_giving_them_one_name(found: TopicResult, tmp_path: Path) -> None:
    """The file lists the topics with their words; those that get one name become one, with the words of all."""
    path = write_naming_file(found, tmp_path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["name"] = "daily worries" if {"exam", "bank"} & set(row["words"].split()) else "sleep"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    named = run_topic_study(QUESTION, table(remarks(), "remarks.csv"), path)
    assert {topic.name: len(topic.numbers) for topic in named.topics} == {"daily worries": 2, "sleep": 1}
    assert named.named_by_experts
    other = remarks(seed=2).assign(text=lambda given: given["text"].str.replace("bank", "harbour"))
    with pytest.raises(Misconfigured, match="about other topics"):
        run_topic_study(QUESTION, table(other, "remarks.csv"), path)


def test_too_few_remarks_are_refused() -> None:
    """With fewer than two hundred usable remarks there is no map."""
    with pytest.raises(Misconfigured, match="needs 200"):
        run_topic_study(QUESTION, table(remarks(each=8), "remarks.csv"), Path("none"))


def test_the_report_says_what_is_open_and_names_nobody(found: TopicResult) -> None:
    """The report says that no expert has looked, gives stability in a word, and holds no counsellor's name."""
    file = QuestionFile(question=QUESTION, sha256="0" * 64)
    report: Report = topic_report(file, QUESTION, found, "16 counsellors.", (), NOW)
    page = report.html()
    assert "No expert has looked at these topics" in page
    assert ">stable<" in page
    assert "used by 5 counsellors or more and by no more than half of them" in report.methods
    assert not any(f"c{number}" in report.model_dump_json() for number in range(16))
