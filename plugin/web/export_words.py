"""The words in which a therapist reads that somebody exported data about their sessions."""

from typing import Final

from plugin.queue.export_entries import ExportKind, ExportPurpose

WHAT: Final = {
    ExportKind.REVIEWS: "levels and judgements of your sessions, under a pseudonym and without words",
    ExportKind.REVIEWS_WITH_TEXT: "levels and judgements of your sessions, under a pseudonym, with words of clients who"
    " agreed to that",
    ExportKind.TRAINING: "reviewed moments of your sessions, under a pseudonym, of clients who agreed to that",
    ExportKind.CRITERIA: "what supervisors said of your sessions to questions of your service, under a pseudonym and"
    " without notes",
    ExportKind.OUTCOMES: "outcomes that clients gave, without your name, of clients who agreed to that",
    ExportKind.STUDY_TABLES: "levels, measures and outcomes of your sessions as tables for a study, without your"
    " name and without words, of clients who agreed to that",
    ExportKind.PERSON: "what is stored about you",
}
WHY: Final = {
    ExportPurpose.MODEL_QUALITY: "to measure how good the model is",
    ExportPurpose.AGREEMENT: "to see how far supervisors agree with each other",
    ExportPurpose.RESEARCH: "for research",
    ExportPurpose.MODEL_TRAINING: "to train a model",
    ExportPurpose.OWN_DATA: "because you asked for your data",
}
