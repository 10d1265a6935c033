"""The rules of sessions from the settings, for every stage that runs them."""

from stream.contracts.sessions import DetectorVersion
from stream.contracts.vocabulary import Concern
from stream.detection.language import detect_language
from stream.detection.lexicons import find_concerns
from stream.runtime.settings import SessionsSettings
from stream.sessions.rules import Rules
from stream.sessions.sample import SampleRule


def rules_of(
    sessions: SessionsSettings,
    detector: DetectorVersion,
    sample: SampleRule | None,
    risk_tenants: frozenset[str],
    *,
    transcripts: bool = False,
) -> Rules:
    """Return the settings in the form of the pure rules: whole milliseconds of broker time, and the lexicon."""
    return Rules(
        detector=detector,
        find_concerns=_concerns,
        detect_language=detect_language,
        end_rule=sessions.end_rule,
        idle_ms=round(sessions.idle_s * 1000),
        reopen_within_ms=round(sessions.reopen_within_s * 1000),
        late_within_ms=round(sessions.late_within_s * 1000),
        clock_back_ms=round(sessions.clock_back_s * 1000),
        clock_ahead_ms=round(sessions.clock_ahead_s * 1000),
        languages=sessions.languages,
        min_client_messages=sessions.min_client_messages,
        min_words=sessions.min_words,
        sample=sample,
        risk_tenants=risk_tenants,
        transcripts=transcripts,
    )


def _concerns(text: str) -> set[Concern]:
    return {Concern(hit.category) for hit in find_concerns(text)}
