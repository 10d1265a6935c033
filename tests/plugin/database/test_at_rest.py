"""What lies on the database's disk: nothing of what anybody said, in clear."""

import mmap
from pathlib import Path

from sqlalchemy import Engine, text

from plugin.local.postgres import PostgreSQL
from plugin.queue.store import Store
from stream.contracts.vocabulary import Concern, MarkKind
from tests.plugin.conftest import People
from tests.plugin.samples import mark, put, record

CANARY = "violet heron under the seventh bridge"
CONTROL = "c-control-0b5e1f7a"


def holds(folder: Path, what: str) -> list[str]:
    """The files below a folder that hold these bytes."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if content.find(what.encode()) >= 0:
                    found.append(path.name)
    return found


def test_a_phrase_from_a_chat_is_in_no_byte_of_the_database(
    engine: Engine, store: Store, people: People, postgres: PostgreSQL
) -> None:
    """Table files, indexes and write-ahead log, after a checkpoint; a plain id from the same rows is found there."""
    sent = record(conversation=CONTROL, client_text=CANARY, marks=(mark(MarkKind.RISK_LANGUAGE, Concern.ABUSE),))
    quoting = sent.assessments[0].model_copy(update={"strengths": (f"It answers: {CANARY}",)})
    put(engine, sent.model_copy(update={"assessments": (quoting,)}))
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.messages[0].text == CANARY
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
    assert holds(postgres.data_dir, CONTROL)
    assert holds(postgres.data_dir, CANARY) == []


def test_a_phrase_from_a_chat_is_not_in_the_servers_log(engine: Engine, postgres: PostgreSQL) -> None:
    """Not even of a statement that fails."""
    put(engine, record(client_text=CANARY))
    assert CANARY not in postgres.log.read_text(errors="replace")
