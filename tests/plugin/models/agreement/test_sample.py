"""The sample for clinicians holds only what clients agreed to, without what could identify them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from plugin.cli import app
from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.viewer import AccountRole, Viewer
from plugin.models.agreement.rating_files import read_sample_key
from plugin.models.agreement.sample import queue_candidates
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Level, NeedsHuman
from tests.plugin.samples import (
    KEK,
    NOW,
    PLANTED,
    REJECTED,
    SAID,
    TENANT,
    add_person,
    answered,
    apply_records,
    record,
)

AGREED = Consent(processing=True, secondary_use=True)


@pytest.fixture(scope="module")
def engine(create_database: Callable[..., str]) -> Iterator[Engine]:
    """A migrated database of this file's own."""
    url = create_database()
    upgrade(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def mara(engine: Engine) -> Viewer:
    """A supervisor with four sessions in her team: two of clients who agreed, one of these with an abstention."""
    mara = add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",))
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana")
    apply_records(
        engine,
        record(conversation="c_1", consent=AGREED, moments=2, client_text="Call me on +49 30 901820, I won't."),
        record(conversation="c_2"),
        record(conversation="c_3", consent=AGREED, abstain=NeedsHuman.MODEL_FAILED),
        record(conversation="c_4", consent=AGREED, level=Level.STRONG, counsellor="p_elsewhere"),
    )
    return mara


def test_only_exchanges_of_clients_who_agreed_to_secondary_use_are_drawn(engine: Engine, mara: Viewer) -> None:
    """Only rated exchanges of clients who agreed to secondary use, within the supervisor's scope, are drawn."""
    found = list(queue_candidates(Store(engine, KEK, now=lambda: NOW), mara))
    assert len(found) == 2
    assert {one.levels for one in found} == {(1, 1, 1, 1)}
    assert found[0].exchange.reply == SAID[1]


def test_numbers_and_addresses_are_hidden(engine: Engine, mara: Viewer) -> None:
    """The sheet leaves the house; names went before the queue."""
    for one in queue_candidates(Store(engine, KEK, now=lambda: NOW), mara):
        assert "901820" not in one.exchange.client[0]
        assert "I won't" in one.exchange.client[0]


def test_each_reading_is_on_the_trail_under_its_purpose(engine: Engine, mara: Viewer) -> None:
    """A counsellor can see what a session was read for."""
    list(queue_candidates(Store(engine, KEK, now=lambda: NOW), mara))
    with engine.begin() as connection:
        read = connection.execute(text("SELECT count(*) FROM audit WHERE purpose = 'agreement sample'")).scalar_one()
    assert read >= 3


def test_every_confirmed_moment_is_drawn_and_no_rejected_one(engine: Engine) -> None:
    """Moments that are not shown at once are drawn too; a rejected one, which has no levels, is not."""
    nele = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("west",))
    add_person(engine, "cleo", AccountRole.THERAPIST, teams=("west",), tenant=TENANT, counsellor="p_cleo")
    sent = record(conversation="c_west", counsellor="p_cleo", moments=6, consent=AGREED)
    apply_records(engine, answered(sent, {}, {}, {}, {}, REJECTED, REJECTED | PLANTED))
    found = list(queue_candidates(Store(engine, KEK, now=lambda: NOW), nele))
    assert [one.levels for one in found] == [(1, 1, 1, 1)] * 4


@pytest.mark.parametrize("role", [AccountRole.THERAPIST, AccountRole.OPERATOR])
def test_nobody_but_a_supervisor_draws(engine: Engine, mara: Viewer, role: AccountRole) -> None:
    """Only a supervisor may draw a sample, because drawing reads the sessions of others."""
    with pytest.raises(Misconfigured, match="supervisor"):
        list(queue_candidates(Store(engine, KEK, now=lambda: NOW), replace(mara, role=role)))


def run(*arguments: str) -> tuple[int, str]:
    """The command, with the baseline in its own process."""
    env = {"COUNTERPOINT_FEEDBACK__TRITON_URL": "in-process", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, ["model", "sample", *arguments], env=env)
    return result.exit_code, result.output + str(result.exception or "")


def test_exchanges_of_a_file_are_rated_by_the_served_model_and_drawn(tmp_path: Path) -> None:
    """Sheet and key are written side by side, and each says what it holds."""
    lines = [
        {"session": f"s-{n}", "client": "I won't do it.", "reply": f"It's up to you. Number {n}."} for n in range(5)
    ]
    lines.append({"session": "s-9", "client": "I want to die.", "reply": "Okay."})
    source = tmp_path / "exchanges.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    sheet, key = tmp_path / "sheet.csv", tmp_path / "key.json"
    status, output = run("--from", str(source), "--sheet", str(sheet), "--key", str(key), "--size", "4")
    assert status == 0, output
    assert "4 exchanges" in output
    found = read_sample_key(key)
    assert len(found.items) == 4
    assert found.model.is_baseline
    assert any(item.levels == (None, None, None, None) for item in found.items)  # the critical one


def test_a_missing_person_and_missing_exchanges_are_reported(tmp_path: Path) -> None:
    """A file without exchanges is reported as holding no exchange."""
    (tmp_path / "empty.jsonl").write_text("")
    status, output = run("--from", str(tmp_path / "empty.jsonl"))
    assert status != 0
    assert "holds no exchange" in output
