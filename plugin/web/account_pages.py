"""The pages on which an operator manages accounts. They show no session; every change stands on the audit trail."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.account_changes import Actor
from plugin.queue.accounts import MAX_NAME, AccountEntry, NewAccount, check_tenant, counsellor_pseudonym
from plugin.queue.passwords import MAX_PASSWORD
from plugin.web.dependencies import (
    CurrentOperator,
    Services,
    ServicesDep,
    ValidForm,
    require_operator,
)
from plugin.web.hashed_forms import Trouble, check_repeated, hashed
from plugin.web.render import page
from stream.contracts.errors import Misconfigured

router = APIRouter(prefix="/accounts", dependencies=[Depends(require_operator)])

Name = Annotated[str, Form(max_length=MAX_NAME)]
Password = Annotated[str, Form(max_length=MAX_PASSWORD)]


@router.get("")
def accounts(request: Request, services: ServicesDep) -> Response:
    """List the accounts, with a form for another one."""
    return _list(request, services)


@router.post("", dependencies=[ValidForm])
async def add(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    role: Annotated[AccountRole, Form()],
    username: Name = "",
    display_name: Name = "",
    teams: Name = "",
    tenant: Name = "",
    counsellor: Name = "",
    password: Password = "",
    repeated: Password = "",
) -> Response:
    """Add an account; the teams are separated by commas."""

    def change() -> None:
        check_repeated(password, repeated)
        if tenant and services.tenants:
            check_tenant(services.tenants, tenant)
        services.store.accounts.add(
            NewAccount(
                username,
                password,
                role,
                display_name or username,
                teams=[team for team in teams.split(",") if team.strip()],
                tenant=tenant or None,
                counsellor=counsellor_pseudonym(services.tenants, tenant or None, counsellor) if counsellor else None,
            ),
            _actor(request, viewer),
        )

    trouble = await hashed(request, services, change)
    return _list(request, services, trouble) if trouble else RedirectResponse("/accounts", 303)


@router.get("/{account_id}")
def account(request: Request, services: ServicesDep, viewer: CurrentOperator, account_id: UUID) -> Response:
    """Show one account with what can be changed about it."""
    return _one(request, services, viewer, account_id)


@router.post("/{account_id}/password", dependencies=[ValidForm])
async def set_password(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    account_id: UUID,
    password: Password = "",
    repeated: Password = "",
) -> Response:
    """Set another password, which ends the person's logins."""

    def change() -> None:
        _entry(services, account_id)
        check_repeated(password, repeated)
        services.store.accounts.set_password(account_id, password, _actor(request, viewer))

    trouble = await hashed(request, services, change)
    return _one(request, services, viewer, account_id, trouble) if trouble else _done(account_id)


@router.post("/{account_id}/disable", dependencies=[ValidForm])
def disable(request: Request, services: ServicesDep, viewer: CurrentOperator, account_id: UUID) -> Response:
    """End the person's logins, and let nobody log in with this account."""
    return _change(
        request,
        services,
        viewer,
        account_id,
        lambda: services.store.accounts.disable(account_id, _actor(request, viewer)),
    )


@router.post("/{account_id}/enable", dependencies=[ValidForm])
def enable(request: Request, services: ServicesDep, viewer: CurrentOperator, account_id: UUID) -> Response:
    """Let the person log in again."""
    return _change(
        request,
        services,
        viewer,
        account_id,
        lambda: services.store.accounts.enable(account_id, _actor(request, viewer)),
    )


@router.post("/{account_id}/teams", dependencies=[ValidForm])
def change_teams(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    account_id: UUID,
    add_to: Name = "",
    remove_from: Annotated[list[Name], Form()] = [],  # noqa: B006 - never changed
) -> Response:
    """Put the person into a team, or take them out of teams."""
    return _change(
        request,
        services,
        viewer,
        account_id,
        lambda: services.store.accounts.change_teams(
            account_id, add=[add_to] if add_to.strip() else [], remove=remove_from, by=_actor(request, viewer)
        ),
    )


@router.post("/{account_id}/remove", dependencies=[ValidForm])
def remove(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    account_id: UUID,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Remove the account for good, once the box is ticked."""

    def change() -> None:
        if not confirmed:
            raise Misconfigured("Nothing was removed. Tick the box first: a removed account does not come back.")
        services.store.accounts.remove(account_id, _actor(request, viewer))

    answer = _change(request, services, viewer, account_id, change)
    return RedirectResponse("/accounts", 303) if answer.status_code == 303 else answer  # noqa: PLR2004 - a redirect


def _change(
    request: Request, services: Services, viewer: Viewer, account_id: UUID, change: Callable[[], None]
) -> Response:
    _entry(services, account_id)
    try:
        change()
    except Misconfigured as error:
        return _one(request, services, viewer, account_id, Trouble(str(error)))
    return _done(account_id)


def _done(account_id: UUID) -> Response:
    return RedirectResponse(f"/accounts/{account_id}", 303)


def _list(request: Request, services: Services, trouble: Trouble | None = None) -> Response:
    entries = services.store.accounts.entries()
    return page(
        request,
        "accounts.html",
        status=trouble.status if trouble else 200,
        entries=entries,
        roles=list(AccountRole),
        tenants=sorted(services.tenants),
        trouble=trouble.sentence if trouble else None,
    )


def _one(
    request: Request, services: Services, viewer: Viewer, account_id: UUID, trouble: Trouble | None = None
) -> Response:
    entry = _entry(services, account_id)
    return page(
        request,
        "account.html",
        status=trouble.status if trouble else 200,
        entry=entry,
        is_own=entry.account_id == viewer.user_id,
        trouble=trouble.sentence if trouble else None,
    )


def _entry(services: Services, account_id: UUID) -> AccountEntry:
    entry = services.store.accounts.entry(account_id)
    if entry is None:
        raise HTTPException(404)
    return entry


def _actor(request: Request, viewer: Viewer) -> Actor:
    return Actor(viewer, request.state.request_id)
