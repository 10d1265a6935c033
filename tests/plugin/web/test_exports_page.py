"""A therapist reads on their page who exported data about their sessions, when and why."""

from collections.abc import Callable

import pytest

from plugin.database.audit import add_audit_entry
from plugin.database.engine import connect, transaction
from plugin.queue.export_entries import BEGUN, ExportKind, ExportPurpose, export_entry
from plugin.queue.store import Store
from plugin.web.export_words import WHAT, WHY
from tests.plugin.web.conftest import OTHER_SUPERVISOR, OTHER_THERAPIST, SUPERVISOR, THERAPIST, Browser


def write_export(url: str, store: Store, by: str, about: str, kind: ExportKind, purpose: ExportPurpose) -> None:
    """Write the entry of an export about a therapist."""
    exporter, therapist = store.find_viewer(by), store.find_viewer(about)
    assert exporter is not None
    assert therapist is not None
    engine = connect(url)
    with transaction(engine) as session:
        add_audit_entry(
            session,
            exporter,
            purpose=export_entry(kind, purpose),
            object_type="account",
            object_id=therapist.user_id,
            outcome=BEGUN,
            request_id="export",
        )
    engine.dispose()


async def start_page(browsers: Callable[[], Browser], username: str) -> str:
    """Return the start page of a person."""
    browser = browsers()
    await browser.log_in(username)
    return (await browser.get("/")).text


async def test_without_an_export_there_is_no_list(browsers: Callable[[], Browser]) -> None:
    """A therapist about whom nothing was exported reads nothing of exports."""
    assert "Exported data" not in await start_page(browsers, THERAPIST)


async def test_a_line_says_who_what_when_and_why(
    browsers: Callable[[], Browser], store: Store, page_database: str
) -> None:
    """The list has a line with the name, the kind of data, the day and the purpose, for this therapist alone."""
    write_export(page_database, store, SUPERVISOR, THERAPIST, ExportKind.REVIEWS, ExportPurpose.MODEL_QUALITY)
    page = await start_page(browsers, THERAPIST)
    assert '<h2 id="exports">Exported data about your sessions</h2>' in page
    sentence = (
        "Maria Keller began to export levels and judgements of your sessions, under a pseudonym and without words,"
        " to measure how good the model is."
    )
    assert sentence in page
    assert "UTC</time>" in page
    for other in (OTHER_THERAPIST, SUPERVISOR):
        assert "Exported data" not in await start_page(browsers, other)


async def test_a_name_with_markup_is_escaped(browsers: Callable[[], Browser], store: Store, page_database: str) -> None:
    """The name of whoever exported is shown as text, whatever is in it."""
    write_export(page_database, store, OTHER_SUPERVISOR, THERAPIST, ExportKind.TRAINING, ExportPurpose.RESEARCH)
    page = await start_page(browsers, THERAPIST)
    assert "Nora &lt;i&gt;Lind&lt;/i&gt; began to export" in page
    assert "<i>Lind" not in page


@pytest.mark.parametrize(("words", "values"), [(WHAT, ExportKind), (WHY, ExportPurpose)])
def test_every_kind_and_purpose_has_words(words: dict[str, str], values: type[ExportKind | ExportPurpose]) -> None:
    """There are words for each kind of export and for each purpose."""
    assert set(words) == set(values)
