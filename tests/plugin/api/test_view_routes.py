"""Tests of saved views through the API: the same views as on the pages."""

import pytest

from plugin.queue.view_names import MAX_VIEW_NAME
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_review_routes import DONE, step
from tests.plugin.web.conftest import LEAD

VIEW = {"name": "  Risk  first ", "need": "risk", "from": "2026-01-05", "sort": "age"}


async def test_a_view_is_saved_renamed_and_removed(supervisor: Program, programs: Programs) -> None:
    """A view holds what the waiting list is asked for, and is its owner's alone."""
    assert await step(supervisor, "/views", VIEW) == DONE
    (view,) = (await supervisor.get("/views")).json()["views"]
    wanted = {name: value for name, value in view["filter"].items() if value is not None}
    assert (view["name"], wanted) == ("Risk first", {name: VIEW[name] for name in ("need", "from", "sort")})
    assert (await supervisor.get("/sessions", **wanted)).status_code == 200
    assert (await programs(LEAD).get("/views")).json() == {"views": []}
    status, problem = await step(supervisor, "/views", {**VIEW, "need": "other"})
    assert (status, problem["outcome"]) == (409, "name_taken")
    path = f"/views/{view['view_id']}"
    assert (await step(programs(LEAD), f"{path}/remove"))[0] == 404
    assert await step(supervisor, f"{path}/rename", {"name": "Second"}) == DONE
    assert [each["name"] for each in (await supervisor.get("/views")).json()["views"]] == ["Second"]
    assert await step(supervisor, f"{path}/remove") == DONE
    assert (await step(supervisor, f"{path}/remove"))[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * (MAX_VIEW_NAME + 1)},
        {"name": "a\x00b"},
        {"name": "a\u202eb"},
        {"need": "risk"},
        {"name": "x", "list": "decided"},
        {"name": "x", "state": "released"},
        {"name": "x", "from": "2026-11-02", "to": "2026-11-01"},
    ],
)
async def test_what_no_view_is_is_refused(supervisor: Program, body: dict[str, str]) -> None:
    """A view without a name, or with a filter that the waiting list does not have, is a 400."""
    assert (await step(supervisor, "/views", body))[0] == 400
    assert (await supervisor.get("/views")).json() == {"views": []}
