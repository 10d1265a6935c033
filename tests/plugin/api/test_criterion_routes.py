"""Tests of criteria in the API: an operator's program words, orders and retires them by the rules of the page."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from plugin.queue.criterion_views import MAX_ASKED, MAX_QUESTION
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.queue.criteria_samples import MOMENT, PACING, PACING_WORDS, SESSION, TOLD, WARMTH, add
from tests.plugin.web.conftest import OPERATOR, WAITING

TELL = {"name": "told", "about": "session", "question": TOLD.question, "scale": "yes_no", "shared": True}
PACE = {"name": "pacing", "about": "moment", "question": " Pacing ", "scale": "steps", "words": PACING_WORDS}
DONE = (200, {"outcome": "done"})


@pytest.fixture
def operator(programs: Programs) -> Program:
    """Return a program of the operator, with every scope."""
    return programs(OPERATOR)


async def step(program: Program, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
    """Take a step, and return the status and the content of the answer."""
    answer = await program.post(path, body, key=key)
    return answer.status_code, answer.json()


async def refused(program: Program, path: str, body: object = None) -> str:
    """Take a step that cannot be done, and return the sentence that says why."""
    status, problem = await step(program, path, body)
    assert (status, problem["type"]) == (409, "urn:counterpoint:problem:criterion-refused")
    return str(problem["detail"])


async def listed(program: Program) -> list[dict[str, Any]]:
    """Return the criteria of the list."""
    found: list[dict[str, Any]] = (await program.get("/criteria")).json()["criteria"]
    return found


async def test_a_criterion_is_added_once_and_asked(operator: Program, supervisor: Program) -> None:
    """A criterion has what was sent, is added once for each key, and is asked in the next review."""
    status, added = await step(operator, "/criteria", TELL, key="once")
    assert status == 200
    assert await step(operator, "/criteria", TELL, key="once") == (200, added)
    (told,) = await listed(operator)
    assert told == {
        "criterion_id": added["criterion_id"],
        "name": "told",
        "about": "session",
        "version": 1,
        "question": TOLD.question,
        "scale": "yes_no",
        "choices": {"yes": "Yes", "no": "No", "cannot_say": "Cannot say"},
        "words": [],
        "shared": True,
        "is_retired": False,
    }
    asked = (await supervisor.get(f"/sessions/{WAITING.session_id}")).json()["criteria"]
    assert [each["criterion_id"] for each in asked] == [added["criterion_id"]]


async def test_a_scale_of_ones_own_has_its_words(operator: Program, store: Store) -> None:
    """The words of a scale from 0 to 3 are stored in their order, each text without the blanks around it."""
    assert (await step(operator, "/criteria", {**PACE, "shared": True}))[0] == 200
    assert store.criteria.named("pacing").wording == PACING
    assert (await listed(operator))[0]["words"] == list(PACING_WORDS)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"name": "Told it"}, "small letters"),
        ({"question": " "}, "A question: 1 to 300 characters"),
        ({"question": "Told?\u202e"}, "none of them invisible"),
        ({"scale": "steps"}, "each of its 4 steps"),
        ({"scale": "steps", "words": ["a", "b", "c", "a"]}, "no two alike"),
        ({"words": ["rushed"]}, "belong to a scale from 0 to 3"),
    ],
)
async def test_what_is_no_wording_is_refused_by_a_sentence(
    operator: Program, store: Store, more: dict[str, object], sentence: str
) -> None:
    """A wording that the page would not take is refused with the page's sentence, which repeats nothing."""
    assert sentence in await refused(operator, "/criteria", TELL | more)
    assert store.criteria.entries() == ()


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"about": "person"}, "body.about"),
        ({"scale": "stars"}, "body.scale"),
        ({"shared": "yes"}, "body.shared"),
        ({"question": "x" * (MAX_QUESTION + 1)}, "body.question"),
        ({"model": "llm"}, "body"),
    ],
)
async def test_what_is_not_described_is_refused(operator: Program, more: dict[str, object], place: str) -> None:
    """A value that no criterion has is refused by its place; no field lets a model answer."""
    status, problem = await step(operator, "/criteria", TELL | more)
    assert (status, problem["places"]) == (400, [place])


async def test_a_name_is_used_once_and_the_list_has_an_end(operator: Program, store: Store) -> None:
    """A name that is taken is refused without being repeated, and so is one more than a review can hold."""
    add(store, "told", SESSION, TOLD)
    sentence = await refused(operator, "/criteria", TELL)
    assert sentence.startswith("There is a criterion of this name already")
    for number in range(MAX_ASKED - 1):
        add(store, f"c-{number}", MOMENT, WARMTH)
    assert "Retire one first" in await refused(operator, "/criteria", TELL | {"name": "more"})


async def test_a_change_is_a_new_version_of_what_was_read(operator: Program, store: Store) -> None:
    """A change adds a version in the operator's name; of two changes of one version the second is refused."""
    told = add(store, "told", SESSION, TOLD)
    path = f"/criteria/{told.criterion_id}"
    wording = {"question": "How warm?", "scale": "levels", "shared": False}
    assert await step(operator, f"{path}/versions", {**wording, "seen": 1}) == DONE
    latest, first = (await operator.get(path)).json()["versions"]
    assert (latest["by"], latest["criterion"]["version"], latest["criterion"]["question"]) == (
        *("Otto Brandt", 2),
        "How warm?",
    )
    assert (first["by"], first["criterion"]["shared"], first["criterion"]["scale"]) == (None, True, "yes_no")
    stale = {**wording, "question": "Mine?", "seen": 1}
    assert "Somebody has changed this criterion meanwhile" in await refused(operator, f"{path}/versions", stale)
    same = {**wording, "seen": 2}
    assert "worded already" in await refused(operator, f"{path}/versions", same)
    assert store.criteria.named("told").version == 2


async def test_criteria_are_ordered_retired_and_asked_again(operator: Program, store: Store) -> None:
    """A criterion changes places with the one beside it; a retired one has no place, and comes back as the last."""
    first, _, third = (add(store, name, MOMENT, WARMTH) for name in ("a", "b", "c"))
    assert await step(operator, f"/criteria/{third.criterion_id}/move", {"to": "earlier"}) == DONE
    assert await step(operator, f"/criteria/{first.criterion_id}/move", {"to": "later"}) == DONE
    assert [each["name"] for each in await listed(operator)] == ["c", "a", "b"]
    assert await step(operator, f"/criteria/{third.criterion_id}/retire") == DONE
    assert [(each["name"], each["is_retired"]) for each in await listed(operator)][-1] == ("c", True)
    move = f"/criteria/{third.criterion_id}/move"
    assert "Ask it again first" in await refused(operator, move, {"to": "earlier"})
    assert await step(operator, f"/criteria/{third.criterion_id}/restore") == DONE
    assert [each["name"] for each in await listed(operator)] == ["a", "b", "c"]


async def test_a_criterion_that_is_not_there_is_not_found(operator: Program) -> None:
    """Reading or changing a criterion that does not exist is answered as anything that does not."""
    path = f"/criteria/{uuid4()}"
    wording = {"question": "How warm?", "scale": "levels", "shared": False, "seen": 1}
    assert (await operator.get(path)).status_code == 404
    for action, body in (("versions", wording), ("move", {"to": "later"}), ("retire", None), ("restore", None)):
        assert (await step(operator, f"{path}/{action}", body))[0] == 404


async def test_nobody_else_writes_or_reads_here(supervisor: Program, programs: Programs, store: Store) -> None:
    """For a supervisor there is nothing here; an operator's token that only reads changes nothing."""
    told = add(store, "told", SESSION, TOLD)
    path = f"/criteria/{told.criterion_id}"
    assert [(await supervisor.get(each)).status_code for each in ("/criteria", path)] == [404, 404]
    assert (await step(supervisor, f"{path}/retire"))[0] == 404
    reader = programs(OPERATOR, Scope.SESSIONS_READ)
    assert (await reader.get(path)).status_code == 200
    assert (await step(reader, f"{path}/retire"))[0] == 403
    assert store.criteria.entries() == (told,)


async def test_a_change_is_on_the_trail_with_the_token(operator: Program, store: Store) -> None:
    """The entry of a change has the operator, the criterion and the token, and none of its words."""
    added = UUID((await step(operator, "/criteria", TELL))[1]["criterion_id"])
    with store.engine.connect() as connection:
        entry = connection.execute(text("SELECT * FROM audit WHERE object_type = 'criterion'")).mappings().one()
    otto = store.accounts.named(OPERATOR).account_id
    assert (entry["purpose"], entry["object_id"], entry["account_id"]) == ("criterion added", str(added), otto)
    assert " token " in entry["request_id"]
    assert "told" not in str(dict(entry))
