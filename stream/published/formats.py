"""The published corpora that can be read: what each is, its licence as its source states it, and its permitted uses.

It is a lay reading and no legal advice; whoever has the files has also agreed to their terms.
"""

from dataclasses import dataclass
from typing import Final

NOT_STATED: Final = "not stated"


@dataclass(frozen=True, slots=True)
class PublishedFormat:
    """A corpus, with the sentences that somebody needs before using its files."""

    name: str
    title: str
    source: str
    """Where its publisher describes it."""
    layout: str
    """How its files look."""
    licence: str
    """As the source states it, with where it does; `not stated` where it does not."""
    may: str
    may_not: str
    commands: tuple[str, ...]
    """What reads it here."""
    note: str = ""
    """What readers of figures from it must know."""


_REPLAY: Final = "counterpoint replay FILE --format {}"
_EVAL: Final = "python -m training.measures eval FOLDER"
_RESEARCH: Final = (
    "nothing commercial, which a paid service may be; no weights that are passed on or that rate real sessions; no copy"
    " in a public demo"
)

FORMATS: Final[tuple[PublishedFormat, ...]] = (
    PublishedFormat(
        "annomi",
        "AnnoMI, simple",
        "the repository uccollab/AnnoMI",
        "AnnoMI-simple.csv: a row an utterance of 133 transcribed demonstrations of motivational interviewing",
        f"{NOT_STATED} by its README; one of March 2023 said public domain, which was taken out six days later",
        "replay, evaluation, training; weights rather than texts are passed on",
        "no copy of the texts elsewhere before the authors have said so",
        (_REPLAY.format("annomi"), _EVAL, "python -m training.studies tables FOLDER OUT"),
        "Spoken, and partly staged: low quality is acted.",
    ),
    PublishedFormat(
        "annomi-full",
        "AnnoMI, full",
        "the repository uccollab/AnnoMI",
        "AnnoMI-full.csv: the simple columns, the annotator, and the kinds of input, reflection and question; for some"
        " transcripts a row for each of ten annotators",
        f"{NOT_STATED} by its README",
        "replay; evaluation of techniques beside the annotators' own agreement",
        "no training of weights that are passed on, and no copy of the texts, before the authors have said so",
        (_REPLAY.format("annomi"), "python -m training.measures annomi-full FILE FOLDER"),
        "The videos are those of the simple file.",
    ),
    PublishedFormat(
        "mibot",
        "MIBot",
        "the repository zaffnet/MIBOT_ACL2025",
        "a JSON file for each typed session of a smoker with a counselling program; outcomes.csv",
        "CC BY-SA 4.0 (LICENSE and README)",
        "replay, evaluation, studies; training of weights that are passed on under the same licence",
        "no weights or copies under another licence",
        (_REPLAY.format("mibot"), _EVAL, "python -m training.studies tables FOLDER OUT"),
        "The counsellor is a language model, and the codes of utterances are GPT-4o's.",
    ),
    PublishedFormat(
        "thousand-voices",
        "Thousand Voices of Trauma",
        "the data set yenopoya/thousand-voices-trauma of a model hub (arXiv 2504.13955)",
        "conversations/CLIENT_PHASE_conversation.json, six phases of prolonged exposure for each of 500 clients; the"
        " metadata beside them are not read",
        "CC BY-NC 4.0 (data card), which restricts use to research and education; access after agreeing to conditions",
        "replay and load on one's own machine; trajectories of distress, for research",
        f"{_RESEARCH}. Its card rules out applications for consumers, claims about diagnosis or treatment, and"
        " unsupervised clinical use",
        (_REPLAY.format("thousand-voices"), "python -m training.measures published thousand-voices PATH"),
        "Written by a language model: no client spoke, and a figure from it says nothing of people.",
    ),
    PublishedFormat(
        "failed-esconv",
        "FailedESConv",
        "the repository thu-coai/Emotional-Support-Conversation",
        "FailedESConv.json: 196 typed conversations of emotional support that went badly, with strategies, the seekers'"
        " marks during the talk, and a survey",
        "academic research use only (README); the publishers' data card of the same corpus says CC BY-NC 4.0",
        "replay on one's own machine; evaluation and studies, in academic research",
        _RESEARCH,
        (
            _REPLAY.format("failed-esconv"),
            "python -m training.measures published failed-esconv PATH",
            "python -m training.studies published PATH OUT",
        ),
        "Crowd workers in both roles, chosen because the talk failed by the seekers' own marks.",
    ),
    PublishedFormat(
        "oncoco",
        "OnCoCo 1.0",
        "the repository th-nuernberg/oncoco_v1_dataset (arXiv 2512.09804)",
        "oncoco-messages.jsonl or .csv: single messages, each with one of 66 codes, German and in English translation",
        "CC BY-SA 4.0 (README), whose authors ask for the same licence on models that are derived from it",
        "evaluation; training of weights that are passed on under the same licence, with the attribution of its README",
        "no weights or copies under another licence",
        ("python -m training.measures oncoco FILE",),
        "Written for the purpose by counsellors and students; the English is a translation by GPT-4o.",
    ),
    PublishedFormat(
        "psychocounsel",
        "PsychoCounsel-Preference",
        "the data set Psychotherapy-LLM/PsychoCounsel-Preference of a model hub (arXiv 2502.19731)",
        "Parquet, to be written as JSON Lines or CSV first: two replies to a client's words, with seven ratings each",
        "CC BY-NC 4.0 (data card)",
        "the recipe of preferences, for research",
        _RESEARCH,
        ("python -m training.preference prepare PAIRS --rated FILE",),
        "The ratings are GPT-4o's. Pairs whose preferred reply is the less safe one are left out.",
    ),
)


def find_format(name: str) -> PublishedFormat | None:
    """Return the corpus of a name; None where there is none."""
    return next((each for each in FORMATS if each.name == name), None)
