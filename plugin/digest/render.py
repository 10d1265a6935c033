"""Printing a digest in a terminal, as plain text."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from plugin.database.viewer import AccountRole
from plugin.digest.gather import Digest
from plugin.plain_text import SCOPE, counted, join_words, printable
from plugin.queue import labels
from plugin.queue.statements import level_of
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.feedback import Assessment, ModelVersion, Rating
from stream.contracts.rubric import LEVEL_TITLES
from stream.contracts.vocabulary import Level, Role, Verdict

_Line = tuple[Text, int]
"""A text to print, and the number of columns to indent it."""


def render_digest(digest: Digest, console: Console) -> None:
    """Print a digest. No text of a session can move the cursor, colour the screen or start a link."""
    since = f"since {digest.since:%Y-%m-%d %H:%M} UTC"
    new = counted(len(digest.sessions), "session")
    console.print(Rule(Text(printable(f"For {digest.viewer.display_name}: {new} {since}"))))
    for due in digest.follow_ups:
        who, row = join_words(list(due.row.counsellors)) or "no counsellor", due.row
        when = f"{row.started_at:%Y-%m-%d %H:%M} UTC"
        console.print(_text(f"Follow up your note: session of {when} with {who}, /sessions/{row.session_id}"))
    for view in digest.sessions:
        for text, indent in _session_lines(view, digest.viewer.role):
            console.print(Padding(text, (0, 0, 0, indent)))
    for reason, count in digest.left_out.items():
        console.print(Text(f"Left out: {counted(count, 'session')}. {labels.LEFT_OUT[reason]}."))
    console.print()
    console.print(Text(SCOPE, style="dim"))


def _session_lines(view: SessionView, reader: AccountRole) -> Iterator[_Line]:
    """Yield the heading and marks of a session, and each moment with its words, levels, alternatives and model."""
    row = view.row
    who = join_words(list(row.counsellors)) or "no counsellor"
    yield Text(""), 0
    yield _text(f"Session of {row.started_at:%Y-%m-%d %H:%M} UTC with {who}", "bold"), 0
    if row.left_out is not None:
        yield _text(f"Left out: {labels.LEFT_OUT[row.left_out]}."), 2
    if view.read_without_names:
        yield _text(labels.NAMES_NOT_TOLD), 2
    yield from _note_lines(view, None, 2)
    yield from _criterion_lines(view, None, 2)
    messages = {message.message_id: message for message in view.messages}
    for mark in view.marks:
        concerns = f" ({labels.concerns(mark.concerns)})" if mark.concerns else ""
        yield _text(f"! {labels.MARKS[mark.kind]}{concerns}: {labels.mark_explanation(mark)}"), 2
        yield from _message_lines(messages, mark.message_ids)
    for number, moment in enumerate(view.moments, 1):
        yield Text(""), 0
        yield _text(f"Moment {number}: {labels.verdict(_assessment(moment))}", "bold"), 2
        yield from _message_lines(messages, (*moment.client_turn, *moment.reply))
        yield from _answer_lines(moment, reader)
        yield from _note_lines(view, moment.exchange_id, 4)
        yield from _criterion_lines(view, moment.exchange_id, 4)
    if not_shown := labels.not_shown(len(view.further), view.not_confirmed):
        yield _text(not_shown), 2
    if row.counts.flagged_not_shown:
        unread = counted(row.counts.flagged_not_shown, "flagged moment was", "flagged moments were")
        yield _text(f"{unread} not looked at."), 2
    yield _text(f"On the page: /sessions/{row.session_id}{'?further=yes' if view.further else ''}", "dim"), 2


def _note_lines(view: SessionView, exchange_id: UUID | None, indent: int) -> Iterator[_Line]:
    for note in view.notes:
        if note.exchange_id == exchange_id:
            yield _text(f"Note from {note.by}: {note.text}"), indent


def _criterion_lines(view: SessionView, exchange_id: UUID | None, indent: int) -> Iterator[_Line]:
    """Yield what people said to criteria of the service about a moment or the session, with their notes."""
    for answer in view.criterion_answers:
        if answer.exchange_id == exchange_id:
            yield _text(f"{answer.criterion.question} {answer.by}: {answer.said_words}"), indent
            if answer.note:
                yield _text(answer.note), indent + 2


def _text(line: str, style: str = "") -> Text:
    return Text(printable(line), style=style)


def _message_lines(messages: Mapping[str, MessageView], wanted: tuple[str, ...]) -> Iterator[_Line]:
    for message_id in wanted:
        if message := messages.get(message_id):
            speaker = message.author or ("Client" if message.role is Role.CLIENT else "System")
            yield _text(f"{speaker}: {message.text}", "italic"), 4


def _assessment(moment: MomentView) -> Assessment | None:
    return moment.answer if isinstance(moment.answer, Assessment) else None


def _answer_lines(moment: MomentView, reader: AccountRole) -> Iterator[_Line]:
    answer = moment.answer
    if not isinstance(answer, Assessment):
        yield _text(f"Needs a person. {labels.NEEDS_HUMAN[answer.reason]}"), 4
        return
    if answer.possible_injection:
        yield _text(labels.POSSIBLE_INJECTION), 4
    if answer.verdict is Verdict.REJECTED:  # shown for its planted text, and not rated
        return
    for rating in answer.ratings:
        title, own = labels.mechanism_title(rating.mechanism), moment.labels.get(str(level_of(rating.mechanism)))
        if own is not None and own.opinion.level is not None:
            yield _text(f"{title}, {own.by}: {_level_words(own.opinion.level, reader)}"), 4
            title = f"{title}, the model"
        if rating.level is None and rating.needs_human is None:  # withheld
            continue
        yield _text(f"{title}: {_level(rating, reader)}"), 4
        for quote in dict.fromkeys(evidence.quote for evidence in rating.evidence):
            yield _text(f"\u201c{quote}\u201d", "italic"), 6
    for strength in answer.strengths:
        yield _text(f"What works: {strength}"), 4
    for alternative in answer.alternatives:
        origin = f" (invented, {alternative.written_id})" if alternative.written_id else ""
        asked = (
            f", where an invented client wrote \u201c{alternative.written_for}\u201d" if alternative.written_for else ""
        )
        yield _text(f"{labels.source(alternative, answer.model)}{origin}{asked}: {alternative.text}"), 4
    yield _text(f"By {_model_description(answer.model)}", "dim"), 4


def _level(rating: Rating, reader: AccountRole) -> str:
    if rating.level is None:
        return "no level. " + (labels.NEEDS_HUMAN[rating.needs_human] if rating.needs_human else "")
    return f"{_level_words(rating.level, reader)}. {rating.reason}"


def _level_words(level: Level, reader: AccountRole) -> str:
    if reader is AccountRole.THERAPIST:
        return labels.LEVELS_FOR_THERAPIST[level]
    return f"{labels.GLYPHS[level]} {LEVEL_TITLES[level].lower()}"


def _model_description(model: ModelVersion) -> str:
    kind = "a baseline, " if model.is_baseline else ""
    validation = "validated" if model.validated else "unvalidated: its agreement with clinicians has not been measured"
    return f"{model.name} ({kind}{validation}), rubric {model.rubric}"
