"""The page's role uses each person's own tokens and replies alone, makes and revokes none, and lists nobody's."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from plugin.database.engine import transaction
from plugin.queue.account_changes import Actor
from plugin.queue.replies import KeyedRequest, Refusal, Reply
from plugin.queue.store import Store
from plugin.queue.token_views import Scope, TokenUse
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.queue.criteria_samples import SESSION, TOLD
from tests.plugin.samples import KEK, NOW

__all__ = ["roles"]

REQUEST = KeyedRequest.of("cp_", "a", "POST", "/releases", b"{}")


def stores(roles: Roles) -> tuple[Store, Store]:
    """Return the store of the owner and that of the page's role."""
    return Store(roles.owner, KEK, now=lambda: NOW), Store(roles.by_stage["web"], KEK, now=lambda: NOW)


def seen(roles: Roles, account: UUID | None, table: str) -> int:
    """Return how many rows of a table the page's role sees on behalf of an account."""
    with transaction(roles.by_stage["web"], account) as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def take(store: Store, use: TokenUse, act: Callable[[Store], object]) -> Reply | Refusal:
    """Take a step of a program, with its reply in one transaction."""

    def step(begun: Connection) -> Reply:
        act(store.within(begun))
        return Reply(200, {})

    return store.replies.once(use, REQUEST, step)


def test_the_page_uses_tokens_and_keeps_replies(roles: Roles, people: People) -> None:
    """The page's role finds a token's person, notes its use, stores a reply once, and takes tokens over a logout."""
    owner, web = stores(roles)
    token, _ = owner.tokens.create("mara", set(Scope))
    use = web.tokens.use(token)
    assert use is not None
    assert web.replies.once(use, REQUEST, lambda _: Reply(200, {})) == Reply(200, {})
    web.accounts.end_logins(people.supervisor)
    assert web.tokens.use(token) is not None
    assert [entry.last_used_on for entry in owner.tokens.entries()] == [NOW.date()]


def test_the_page_takes_steps_of_programs(roles: Roles, people: People) -> None:
    """The page's role may change accounts, criteria and times in the transaction that stores the reply."""
    owner, web = stores(roles)
    otto, ben = Actor(people.operator), people.ben.user_id
    steps: tuple[tuple[str, Callable[[Store], object]], ...] = (
        ("otto", lambda store: store.criteria.add("told", SESSION, TOLD, otto)),
        ("otto", lambda store: store.accounts.change_teams(ben, add=["east"], by=otto)),
        ("otto", lambda store: store.accounts.disable(ben, otto)),
        ("otto", lambda store: store.accounts.remove(ben, otto)),
        ("mara", lambda store: store.digests.set_times(people.supervisor, hour=6)),
    )
    for name, act in steps:
        use = web.tokens.use(owner.tokens.create(name, set(Scope))[0])
        assert use is not None
        assert take(web, use, act) == Reply(200, {})
    assert [each.name for each in owner.criteria.entries()] == ["told"]
    assert "ben" not in {entry.username for entry in owner.accounts.entries()}
    assert owner.digests.preferences(people.supervisor).hour == 6


def test_each_person_has_their_own_rows_alone(roles: Roles, people: People) -> None:
    """On behalf of another person, or of nobody, the page's role sees no token and no reply of this one."""
    owner, web = stores(roles)
    use = web.tokens.use(owner.tokens.create("mara", set(Scope))[0])
    assert use is not None
    web.replies.once(use, REQUEST, lambda _: Reply(200, {}))
    for table in ("api_tokens", "api_replies"):
        assert seen(roles, people.supervisor.user_id, table) == 1
        for account in (None, people.ana.user_id, people.other_supervisor.user_id, people.operator.user_id):
            assert seen(roles, account, table) == 0, table


def test_an_export_reads_a_persons_own_tokens(roles: Roles, people: People) -> None:
    """The role of exports sees the tokens of the person on whose behalf it reads, and nobody else's."""
    stores(roles)[0].tokens.create("mara", set(Scope))
    for viewer, found in ((people.supervisor, 1), (people.ana, 0)):
        with transaction(roles.by_stage["digest"], viewer.user_id) as session:
            assert session.scalar(text("SELECT count(token_id) FROM api_tokens")) == found


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO api_tokens (token_id) VALUES (gen_random_uuid())",
        "UPDATE api_tokens SET scopes = '[]'",
        "UPDATE api_tokens SET expires_at = now()",
        "UPDATE api_tokens SET revoked_at = NULL",
        "DELETE FROM api_tokens",
        "UPDATE api_replies SET request_hash = ''",
        "UPDATE api_replies SET result = '{}'",
    ],
)
def test_the_page_makes_and_changes_no_token(roles: Roles, statement: str) -> None:
    """The page's role makes no token, widens or lengthens none, and revives none that was revoked."""
    assert roles.refuses("web", statement)


def test_other_roles_know_no_token(roles: Roles) -> None:
    """No other role reads replies, asks whose a token is, or reads tokens, but that of exports a person's own ones."""
    for stage in set(roles.by_stage) - {"web"}:
        assert roles.refuses(stage, "SELECT token_id FROM api_tokens") == (stage != "digest")
        for statement in (
            "SELECT secret_hash FROM api_tokens",
            "SELECT token_id FROM api_replies",
            "SELECT public.counterpoint_token_account('')",
        ):
            assert roles.refuses(stage, statement), (stage, statement)
