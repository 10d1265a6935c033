"""Run a study: read the question and the tables it needs, fit, and return the report."""

from datetime import datetime
from pathlib import Path

from plugin.studies.grouping import check_counsellors
from plugin.studies.question import TechniquesQuestion, TopicsQuestion, TrialQuestion, TurnsQuestion, read_question
from plugin.studies.report import Report, Source
from plugin.studies.tables import Table, read_table
from plugin.studies.technique_report import technique_report
from plugin.studies.technique_study import run_technique_study
from plugin.studies.topic_report import topic_report, write_naming_file
from plugin.studies.topic_study import MERGES, run_topic_study
from plugin.studies.trial.analysis import run_trial_analysis
from plugin.studies.trial.report import trial_report
from plugin.studies.turn_report import turn_report
from plugin.studies.turn_study import run_turn_study
from plugin.studies.versions import check_versions
from stream.contracts.errors import Misconfigured


def run_study(question: Path, tables: Path, out: Path, made_at: datetime) -> Report:
    """Run the study of a question file on the tables of a folder; `out` gets what experts fill in, if there is any.

    Raises:
        Misconfigured: the question or a table cannot be used, too few counsellors are behind them, or several versions
            of a model and the question does not say why.
    """
    file = read_question(question)
    match file.question:
        case TechniquesQuestion() as asked:
            sessions = read_table(tables, "sessions")
            needed = [sessions]
            turns = None
            if any(each.share_of for each in asked.predictors):
                turns = read_table(tables, "turns")
                needed.append(turns)
            people = check_counsellors(sessions, asked)
            versions = check_versions(asked, sessions, turns)
            result = run_technique_study(asked, sessions, turns)
            return versions.told_in(technique_report(file, asked, result, people, _sources(*needed), made_at))
        case TurnsQuestion() as asked:
            turns = read_table(tables, "turns")
            people = check_counsellors(turns, asked)
            versions = check_versions(asked, None, turns)
            result_of_turns = run_turn_study(asked, turns)
            return versions.told_in(turn_report(file, asked, result_of_turns, people, _sources(turns), made_at))
        case TopicsQuestion() as asked:
            remarks = read_table(tables, "remarks")
            people = check_counsellors(remarks, asked)
            topics = run_topic_study(asked, remarks, tables / MERGES)
            if not topics.named_by_experts:
                out.mkdir(parents=True, exist_ok=True)
                write_naming_file(topics, out)
            return topic_report(file, asked, topics, people, _sources(remarks), made_at)
        case TrialQuestion() as asked:
            found, read = run_trial_analysis(asked, tables)
            return trial_report(file, asked, found, _sources(*read), made_at)


def read_trial(path: Path) -> TrialQuestion:
    """Read the question file of a trial.

    Raises:
        Misconfigured: it cannot be read, or is of another study.
    """
    question = read_question(path).question
    if not isinstance(question, TrialQuestion):
        raise Misconfigured(f"{path} is the question of another study than a trial.")
    return question


def _sources(*tables: Table) -> tuple[Source, ...]:
    return tuple(Source(name=each.name, rows=len(each.frame), sha256=each.sha256) for each in tables)
